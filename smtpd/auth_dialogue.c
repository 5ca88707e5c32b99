#include "auth_dialogue.h"

#include "auth.h"
#include "base64.h"

static const struct reply ask_message = { 334, "", "" };
/* "Username:" and "Password:" */
static const struct reply ask_user = { 334, "", "VXNlcm5hbWU6" };
static const struct reply ask_password = { 334, "", "UGFzc3dvcmQ6" };
static const struct reply response_too_long = { 500, "5.5.6",
	"Response too long" };
static const struct reply bad_base64 = { 501, "5.5.2", "Not base 64" };
static const struct reply cancelled = { 501, "5.7.0",
	"Authentication cancelled" };
static const struct reply unknown_mechanism = { 504, "5.5.4",
	"Unknown mechanism" };

/* NULL is no objection here, and also the end of the session. */
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
	case STREAM_ENDLESS:
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

static const struct mechanism {
	const char *name;
	const char *command; /* for the log */
	const struct reply *(*converse)(struct session *, struct span initial);
} mechanisms[] = {
	{ "PLAIN", "AUTH PLAIN", converse_plain },
	{ "LOGIN", "AUTH LOGIN", converse_login },
};

const struct reply *
auth_converse(struct session *s, struct span argument)
{
	const char *space = memchr(argument.data, ' ', argument.length);
	struct span name = argument, initial;

	if (space != NULL)
		name.length = (size_t)(space - argument.data);
	initial = span_trim(span_from(argument, name.length));
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]);
	     i++) {
		const struct mechanism *m = &mechanisms[i];

		if (span_equal_nocase(name, span_of(m->name))) {
			s->line = span_of(m->command);
			s->auth.message_length = 0;
			return m->converse(s, initial);
		}
	}
	return &unknown_mechanism;
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

/* Who to act as, which may be empty, who it is, and the password, with a NUL
 * before each of the last two and no other. */
bool
auth_find_user(struct span message, struct span *user)
{
	struct span acts_as, more;

	return message.length <= AUTH_MESSAGE_MAX &&
	    take_part(&message, &acts_as) && take_part(&message, user) &&
	    user->length > 0 && user->length <= AUTH_NAME_MAX &&
	    message.length > 0 && !take_part(&message, &more);
}
