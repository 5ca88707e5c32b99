#include "auth.h"

#include "auth_dialogue.h"
#include "command.h"
#include "log.h"
#include "session.h"

static const struct reply authenticated = { 235, "2.7.0",
	"Authentication succeeded" };
static const struct reply cannot_tell = { 454, "4.7.0",
	"Temporary authentication failure" };
static const struct reply already_done = { 503, "5.5.1",
	"Authenticated already" };
static const struct reply wrong_credentials = { 535, "5.7.8",
	"Authentication credentials invalid" };
static const struct reply need_tls = { 538, "5.7.11", "Encryption required" };

static bool
is_configured(const struct session *s)
{
	return s->config->auth_socket[0] != '\0';
}

/* Whether the password would not be read on its way, or that is accepted. */
static bool
is_safe(const struct session *s)
{
	return s->tls.is_active || s->config->auth_plaintext;
}

bool
auth_is_offered(const struct session *s)
{
	return is_configured(s) && is_safe(s) && !s->auth.done;
}

void
auth_forget(struct session *s)
{
	s->auth.done = false;
	s->auth.user_length = 0;
	session_find_exempt(s);
}

static void
keep_user(struct auth *a, struct span name)
{
	memcpy(a->user, name.data, name.length);
	a->user_length = name.length;
}

static void
log_trouble(struct session *s)
{
	char buffer[128];
	struct text what = TEXT_IN(buffer);

	text_put(&what, "the authentication service ");
	text_put(&what, s->auth.service.trouble);
	log_fault(s->log, buffer, s->auth.service.error);
}

/* The connection to the service is kept for another try. One that was opened
 * without TLS may be needed once more, behind STARTTLS. */
static void
accept_user(struct session *s)
{
	struct auth *a = &s->auth;
	const struct auth_line *answer = &a->service.heard;

	if (answer->user_length > 0)
		keep_user(a,
		    (struct span){ answer->user, answer->user_length });
	if (s->tls.is_active)
		auth_service_close(&a->service);
	a->done = true;
	session_find_exempt(s);
}

static const struct reply *
verify(struct session *s)
{
	struct auth *a = &s->auth;
	struct auth_request request = {
		.message = { a->message, a->message_length },
		.secured = s->tls.is_active,
		.client = s->peer,
	};
	struct span user;

	if (!auth_find_user(request.message, &user))
		return &wrong_credentials;
	keep_user(a, user);
	/* What is owed must not wait with us. */
	stream_flush(s->stream, session_wait_deadline(s));
	switch (
	    auth_service_ask(&a->service, request, s->stream, s->deadline)) {
	case AUTH_RIGHT:
		accept_user(s);
		return &authenticated;
	case AUTH_WRONG:
		a->wrong = true;
		return &wrong_credentials;
	case AUTH_NOBODY_WAITS:
		session_interrupt(s, STREAM_EOF);
		return NULL;
	case AUTH_CANNOT_TELL:
		break;
	}
	log_trouble(s);
	return &cannot_tell;
}

/* Why AUTH cannot be used now, or NULL. */
static const struct reply *
object(const struct session *s, struct span argument)
{
	if (!is_configured(s))
		return &reply_not_implemented;
	if (!is_safe(s))
		return &need_tls;
	if (!s->extended)
		return &reply_need_hello;
	if (s->auth.done)
		return &already_done;
	if (s->open)
		return &reply_nested_mail;
	return argument.length == 0 ? &reply_need_argument : NULL;
}

const struct reply *
auth_run(struct session *s, struct span argument)
{
	struct auth *a = &s->auth;
	const struct reply *reply = object(s, argument);

	if (reply != NULL)
		return reply;
	reply = auth_converse(s, argument);
	if (reply == NULL && s->end == SESSION_GOES_ON)
		reply = verify(s);
	explicit_bzero(a->message, a->message_length);
	return reply;
}

static bool
begins_with_auth(struct span text)
{
	static const struct span verb = { "AUTH", 4 };

	return text.length >= verb.length &&
	    span_equal_nocase((struct span){ text.data, verb.length }, verb);
}

static bool
has_auth(struct span text)
{
	while (text.length > 0 && !begins_with_auth(text))
		text = span_from(text, 1);
	return text.length > 0;
}

bool
auth_hide(struct session *s, bool is_good, struct span *line)
{
	if (is_good && command_is_known(*line) && !begins_with_auth(*line))
		return false;
	if (has_auth(*line)) {
		s->auth.tried = true;
		*line = span_of("AUTH");
		return true;
	}
	/* It may be what would have been the answer to a prompt. */
	if (!s->auth.tried)
		return false;
	*line = span_of("");
	return true;
}
