#include "session.h"

#include "clock.h"
#include "command.h"
#include "session_log.h"
#include "signals.h"
#include "starttls.h"

struct timespec
session_wait_deadline(const struct session *s)
{
	struct timespec deadline = clock_add(clock_now(), s->config->timeout);

	return clock_before(deadline, s->deadline) ? deadline : s->deadline;
}

void
session_find_exempt(struct session *s)
{
	s->tarpit.exempt = s->auth.done || s->config->relay_client != NULL ||
	    ranges_hold(&s->config->exempt, &s->peer->address);
}

void
session_reset_transaction(struct session *s)
{
	s->open = false;
	s->finished = false;
	s->refused = 0;
	s->deferred = 0;
	envelope_reset(&s->envelope);
	delivery_reset(s->delivery);
}

void
session_send(struct session *s, const struct reply *r)
{
	char buffer[REPLY_MAX];
	struct text text = TEXT_IN(buffer);

	reply_write(&text, r);
	stream_write(s->stream, text_span(&text), session_wait_deadline(s));
}

void
session_send_owed(struct session *s)
{
	if (delivery_asks_others(s->delivery))
		stream_flush(s->stream, session_wait_deadline(s));
}

void
session_interrupt(struct session *s, enum stream_result why)
{
	switch (why) {
	case STREAM_TIMEOUT:
		s->end = SESSION_TIMED_OUT;
		session_send(s, &reply_timeout);
		break;
	case STREAM_TERMINATED:
		s->end = SESSION_TERMINATED;
		session_send(s, &reply_terminated);
		break;
	case STREAM_ENDLESS:
		s->end = SESSION_ENDLESS_LINE;
		session_send(s, &reply_endless_line);
		break;
	case STREAM_OK:
	case STREAM_BAD_LINE:
	case STREAM_TOO_LONG:
	case STREAM_EOF:
	case STREAM_ERROR:
		s->end = SESSION_HUNG_UP;
		break;
	}
}

/* A refusal waits in the tar pit; if that is where the session ends, it is
 * not said any more. */
static void
refuse(struct session *s, const struct reply *r)
{
	switch (tarpit_delay(&s->tarpit, s->stream, session_wait_deadline(s),
	    s->deadline)) {
	case TARPIT_DONE:
		session_send(s, r);
		break;
	case TARPIT_PEER_GONE:
		session_interrupt(s, STREAM_EOF);
		break;
	case TARPIT_TIMEOUT:
		session_interrupt(s, STREAM_TIMEOUT);
		break;
	case TARPIT_TERMINATED:
		session_interrupt(s, STREAM_TERMINATED);
		break;
	}
}

static void
answer(struct session *s, const struct reply *r)
{
	if (reply_is_refusal(r) && s->refusals++ >= s->config->max_errors) {
		r = &reply_too_many_errors;
		s->end = SESSION_TOO_MANY_ERRORS;
	}
	if (r->code >= 400)
		session_log_refusal(s, r);
	if (reply_is_refusal(r))
		refuse(s, r);
	else
		session_send(s, r);
}

static void
greet(struct session *s)
{
	struct text text = TEXT_IN(s->made_text);

	text_put(&text, s->config->hostname);
	text_put(&text, " ESMTP");
	s->made = (struct reply){ 220, "", s->made_text };
	session_send(s, &s->made);
}

/* Lines that came together are read without a wait, but the hand-off may take
 * its time over each. */
static enum stream_result
read_command(struct session *s)
{
	s->line = span_of("");
	s->recipient_known = false;
	s->trapped = false;
	s->auth.wrong = false;
	if (!clock_before(clock_now(), s->deadline))
		return STREAM_TIMEOUT;
	if (signals_terminated())
		return STREAM_TERMINATED;
	return stream_read_line(s->stream, session_wait_deadline(s), &s->line);
}

/* The answer, or NULL if the session has ended. */
static const struct reply *
respond(struct session *s, enum stream_result result, struct span line)
{
	switch (result) {
	case STREAM_OK:
		return command_run(s, line);
	case STREAM_BAD_LINE:
		return &reply_bad_line;
	case STREAM_TOO_LONG:
		s->line = span_of("");
		return &reply_line_too_long;
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

static void
serve_one_line(struct session *s)
{
	enum stream_result result = read_command(s);
	struct span line = s->line;
	bool hidden = auth_hide(s, result == STREAM_OK, &s->line);
	const struct reply *reply = respond(s, result, line);

	if (hidden || result == STREAM_TOO_LONG)
		stream_forget(s->stream);
	if (reply != NULL)
		answer(s, reply);
	if (s->finished)
		session_reset_transaction(s);
}

void
session_run(struct session *s)
{
	struct timespec begin = clock_now();

	s->deadline = clock_add(begin, s->config->session_timeout);
	s->tarpit.delay = s->config->tarpit_delay;
	s->tarpit.free_refusals = s->config->tarpit_count;
	session_find_exempt(s);
	session_reset_transaction(s);
	if (s->tls.at_once)
		starttls_at_once(s);
	if (s->end == SESSION_GOES_ON)
		greet(s);
	while (s->end == SESSION_GOES_ON)
		serve_one_line(s);
	stream_flush(s->stream, session_wait_deadline(s));
	delivery_close(s->delivery);
	session_log_summary(s, begin);
	/* A client that did not ask for it may still be talking. */
	if (s->end != SESSION_QUIT && s->end != SESSION_HUNG_UP)
		stream_end(s->stream);
}
