#include "session.h"

#include "clock.h"
#include "command.h"

static const char *
end_name(enum session_end end)
{
	switch (end) {
	case SESSION_GOES_ON:
		break;
	case SESSION_QUIT:
		return "quit";
	case SESSION_HUNG_UP:
		return "hang-up";
	case SESSION_TIMED_OUT:
		return "timeout";
	case SESSION_TERMINATED:
		return "terminated";
	case SESSION_TOO_MANY_ERRORS:
		return "too many errors";
	case SESSION_TOO_MANY_MESSAGES:
		return "too many messages";
	}
	return "";
}

struct timespec
session_wait_deadline(const struct session *s)
{
	struct timespec deadline = clock_add(clock_now(), s->config->timeout);

	return clock_before(deadline, s->deadline) ? deadline : s->deadline;
}

void
session_reset_transaction(struct session *s)
{
	s->open = false;
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
	case STREAM_OK:
	case STREAM_BAD_LINE:
	case STREAM_TOO_LONG:
	case STREAM_EOF:
	case STREAM_ERROR:
		s->end = SESSION_HUNG_UP;
		break;
	}
}

static void
put_reply(struct log_record *record, const struct reply *r)
{
	char buffer[REPLY_MAX];
	struct text text = TEXT_IN(buffer);

	text_put_number(&text, r->code);
	text_put_char(&text, ' ');
	text_put(&text, r->status);
	text_put_char(&text, ' ');
	text_put(&text, r->text);
	log_put(record, "SMTP_REPLY", text_span(&text));
}

static void
put_address(struct log_record *record, const char *name,
    const struct address *address)
{
	char buffer[ADDRESS_TEXT_MAX + 1];
	struct text text = TEXT_IN(buffer);

	address_write(&text, address);
	log_put(record, name, text_span(&text));
}

static bool
is_delayed(const struct session *s, const struct reply *r)
{
	return reply_is_refusal(r) && !s->tarpit.exempt &&
	    s->tarpit.free_refusals == 0;
}

static void
log_refusal(struct session *s, const struct reply *r)
{
	struct log_record record;

	log_begin(&record, LOG_REFUSED, "refused");
	put_reply(&record, r);
	log_put(&record, "SMTP_COMMAND", s->line);
	if (s->recipient_known)
		put_address(&record, "SMTP_RECIPIENT", &s->recipient);
	if (s->trapped)
		log_put(&record, "TARPIT_TRAP", span_of("yes"));
	if (s->open)
		put_address(&record, "SMTP_SENDER", &s->envelope.sender);
	log_put(&record, "SMTP_HELO",
	    (struct span){ s->hello, s->hello_length });
	log_put_number(&record, "TARPIT_DELAY_USEC",
	    is_delayed(s, r) ? clock_microseconds(s->tarpit.delay) : 0);
	log_send(s->log, &record);
}

void
session_log_accepted(struct session *s, uint64_t size)
{
	struct log_record record;
	const char *receipt = delivery_receipt(s->delivery);

	log_begin(&record, LOG_ACCEPTED, "accepted");
	put_address(&record, "SMTP_SENDER", &s->envelope.sender);
	if (s->envelope.recipients == 1) {
		struct address to;
		size_t at = 0;

		envelope_next(&s->envelope, &at, &to);
		put_address(&record, "SMTP_RECIPIENT", &to);
	}
	log_put_number(&record, "SMTP_RECIPIENTS", s->envelope.recipients);
	log_put_number(&record, "SMTP_SIZE", size);
	if (receipt[0] != '\0')
		log_put(&record, "NEXT_HOP_REPLY", span_of(receipt));
	log_put(&record, "SMTP_HELO",
	    (struct span){ s->hello, s->hello_length });
	log_send(s->log, &record);
}

static void
log_summary(struct session *s, struct timespec begin)
{
	struct log_record record;

	log_begin(&record, LOG_SESSION, "session");
	log_put(&record, "SMTP_HELO",
	    (struct span){ s->hello, s->hello_length });
	log_put(&record, "SMTP_END", span_of(end_name(s->end)));
	log_put_number(&record, "SMTP_RECIPIENTS_ACCEPTED",
	    s->recipients_accepted);
	log_put_number(&record, "SMTP_RECIPIENTS_REFUSED",
	    s->recipients_refused);
	log_put_number(&record, "SMTP_REFUSALS", s->refusals);
	log_put_number(&record, "SMTP_MESSAGES", s->messages);
	log_put_number(&record, "SMTP_BYTES", s->stream->received);
	log_put_number(&record, "TARPIT_DELAY_USEC",
	    clock_microseconds(s->tarpit.delayed));
	log_put_number(&record, "SESSION_USEC",
	    clock_microseconds(clock_since(clock_now(), begin)));
	if (s->log->records > LOG_RECORDS_MAX)
		log_put_number(&record, "LOG_SUPPRESSED",
		    s->log->records - LOG_RECORDS_MAX);
	log_send(s->log, &record);
}

/* A refusal waits in the tar pit; if that is where the session ends, it is
 * not said any more. */
static void
refuse(struct session *s, const struct reply *r)
{
	switch (tarpit_delay(&s->tarpit, s->stream, s->deadline)) {
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
		log_refusal(s, r);
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

static void
serve_one_line(struct session *s)
{
	enum stream_result result = stream_read_line(s->stream,
	    session_wait_deadline(s), &s->line);
	const struct reply *reply;

	s->recipient_known = false;
	s->trapped = false;
	switch (result) {
	case STREAM_OK:
		reply = command_run(s, s->line);
		if (reply != NULL)
			answer(s, reply);
		break;
	case STREAM_BAD_LINE:
		answer(s, &reply_bad_line);
		break;
	case STREAM_TOO_LONG:
		s->line.length = 0;
		answer(s, &reply_line_too_long);
		break;
	case STREAM_EOF:
	case STREAM_TIMEOUT:
	case STREAM_TERMINATED:
	case STREAM_ERROR:
		session_interrupt(s, result);
		break;
	}
}

void
session_run(struct session *s)
{
	struct timespec begin = clock_now();

	s->deadline = clock_add(begin, s->config->session_timeout);
	s->tarpit.delay = s->config->tarpit_delay;
	s->tarpit.free_refusals = s->config->tarpit_count;
	s->tarpit.exempt = s->config->relay_client != NULL ||
	    peer_in_ranges(&s->peer->address, s->config->exempt);
	session_reset_transaction(s);
	greet(s);
	while (s->end == SESSION_GOES_ON)
		serve_one_line(s);
	stream_flush(s->stream, session_wait_deadline(s));
	delivery_close(s->delivery);
	log_summary(s, begin);
}
