#include "auth.h"

#include "base64.h"
#include "command.h"
#include "grammar.h"
#include "log.h"
#include "session.h"

static const struct reply authenticated = { 235, "2.7.0",
	"Authentication succeeded" };
static const struct reply ask_message = { 334, "", "" };
/* "Username:" and "Password:" */
static const struct reply ask_user = { 334, "", "VXNlcm5hbWU6" };
static const struct reply ask_password = { 334, "", "UGFzc3dvcmQ6" };
static const struct reply cannot_tell = { 454, "4.7.0",
	"Temporary authentication failure" };
static const struct reply response_too_long = { 500, "5.5.6",
	"Response too long" };
static const struct reply bad_base64 = { 501, "5.5.2", "Not base 64" };
static const struct reply cancelled = { 501, "5.7.0",
	"Authentication cancelled" };
static const struct reply already_done = { 503, "5.5.1",
	"Authenticated already" };
static const struct reply unknown_mechanism = { 504, "5.5.4",
	"Unknown mechanism" };
static const struct reply wrong_credentials = { 535, "5.7.8",
	"Authentication credentials invalid" };
static const struct reply need_tls = { 538, "5.7.11",
	"Encryption required; say STARTTLS first" };

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

/* The dialogue's functions return NULL for no objection, and also when the
 * session has ended meanwhile. */
static const struct reply *
ask(struct session *s, const struct reply *prompt, struct span *response)
{
	enum stream_result result;

	session_send(s, prompt);
	*response = span_of("");
	result = stream_read_until(s->stream, session_wait_deadline(s), "\r\n",
	    AUTH_RESPONSE_MAX + 2, response);
	switch (result) {
	case STREAM_OK:
		return span_equal(*response, span_of("*")) ? &cancelled : NULL;
	case STREAM_BAD_LINE:
		return &bad_base64;
	case STREAM_TOO_LONG:
		return &response_too_long;
	case STREAM_EOF:
	case STREAM_TIMEOUT:
	case STREAM_TERMINATED:
	case STREAM_ERROR:
		session_interrupt(s, result);
		break;
	}
	return NULL;
}

/* Appends a response to the message. There is room for two of the longest. */
static const struct reply *
take(struct auth *a, struct span response)
{
	size_t length;

	if (!base64_decode(response, a->message + a->message_length,
		AUTH_RESPONSE_OCTETS, &length)) {
		/* Some of it may have been decoded. */
		a->message_length += response.length / 4 * 3;
		return &bad_base64;
	}
	a->message_length += length;
	return NULL;
}

/* The response that came with the command, "=" for an empty one, or that to a
 * prompt (RFC 4954, 4). */
static const struct reply *
take_first(struct session *s, struct span initial, const struct reply *prompt)
{
	const struct reply *objection = NULL;

	if (initial.length == 0)
		objection = ask(s, prompt, &initial);
	else if (span_equal(initial, span_of("=")))
		initial.length = 0;
	return objection != NULL ? objection : take(&s->auth, initial);
}

static const struct reply *
converse_plain(struct session *s, struct span initial)
{
	return take_first(s, initial, &ask_message);
}

/* Makes the message of PLAIN from two responses. */
static const struct reply *
converse_login(struct session *s, struct span initial)
{
	struct auth *a = &s->auth;
	struct span response;
	const struct reply *objection;

	a->message[a->message_length++] = '\0';
	objection = take_first(s, initial, &ask_user);
	if (objection != NULL || s->end != SESSION_GOES_ON)
		return objection;
	a->message[a->message_length++] = '\0';
	objection = ask(s, &ask_password, &response);
	return objection != NULL ? objection : take(a, response);
}

static void
keep_user(struct auth *a, struct span name)
{
	memcpy(a->user, name.data, name.length);
	a->user_length = name.length;
}

/* Takes what stands before the next NUL off the front. */
static bool
take_part(struct span *message, struct span *part)
{
	const char *nul = memchr(message->data, '\0', message->length);

	if (nul == NULL)
		return false;
	*part = (struct span){ message->data, (size_t)(nul - message->data) };
	*message = span_from(*message, part->length + 1);
	return true;
}

/* RFC 4616, 2: who to act as, which may be empty, who it is, and the password,
 * with a NUL before each of the last two and no other. */
static bool
find_user(struct span message, struct span *user)
{
	struct span acts_as, more;

	return message.length <= AUTH_MESSAGE_MAX &&
	    take_part(&message, &acts_as) && take_part(&message, user) &&
	    user->length > 0 && user->length <= AUTH_NAME_MAX &&
	    message.length > 0 && !take_part(&message, &more);
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

	if (!find_user(request.message, &user))
		return &wrong_credentials;
	keep_user(a, user);
	/* What is owed must not wait with us. */
	stream_flush(s->stream, session_wait_deadline(s));
	switch (auth_service_ask(&a->service, request, s->deadline)) {
	case AUTH_RIGHT:
		accept_user(s);
		return &authenticated;
	case AUTH_WRONG:
		a->wrong = true;
		return &wrong_credentials;
	case AUTH_CANNOT_TELL:
		break;
	}
	log_trouble(s);
	return &cannot_tell;
}

static const struct mechanism {
	const char *name;
	const char *command; /* for the log */
	const struct reply *(*converse)(struct session *, struct span initial);
} mechanisms[] = {
	{ "PLAIN", "AUTH PLAIN", converse_plain },
	{ "LOGIN", "AUTH LOGIN", converse_login },
};

static const struct reply *
run_mechanism(struct session *s, struct span argument)
{
	const char *space = memchr(argument.data, ' ', argument.length);
	struct span name = argument, initial;

	if (space != NULL)
		name.length = (size_t)(space - argument.data);
	initial = span_trim(span_from(argument, name.length));
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]);
	     i++) {
		const struct mechanism *m = &mechanisms[i];
		const struct reply *objection;

		if (!span_equal_nocase(name, span_of(m->name)))
			continue;
		s->line = span_of(m->command);
		s->auth.message_length = 0;
		objection = m->converse(s, initial);
		if (objection != NULL || s->end != SESSION_GOES_ON)
			return objection;
		return verify(s);
	}
	return &unknown_mechanism;
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
	reply = run_mechanism(s, argument);
	explicit_bzero(a->message, a->message_length);
	return reply;
}

bool
auth_hide(struct session *s, struct span *line)
{
	struct span word = span_trim(*line);

	if (word.length > 4 && !grammar_is_alphanumeric(word.data[4]))
		word.length = 4;
	if (span_equal_nocase(word, span_of("AUTH"))) {
		s->auth.tried = true;
		*line = span_of("AUTH");
		return true;
	}
	if (!s->auth.tried || command_is_known(*line))
		return false;
	*line = span_of("");
	return true;
}
