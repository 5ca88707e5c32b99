#include "session_log.h"

#include <string.h>

#include "clock.h"

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
	case SESSION_ENDLESS_LINE:
		return "line without end";
	case SESSION_TEXT_BEHIND_STARTTLS:
		return "text behind STARTTLS";
	case SESSION_TLS_FAILED:
		return "TLS failed";
	}
	return "";
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

/* Who the client is, or said that it is where its password was wrong. */
static void
put_user(struct log_record *record, const struct session *s)
{
	if (s->auth.done || s->auth.wrong)
		log_put(record, "SMTP_USER",
		    (struct span){ s->auth.user, s->auth.user_length });
}

static void
put_tls(struct log_record *record, const struct tls *tls)
{
	if (tls->is_active) {
		log_put(record, "TLS_VERSION", span_of(tls->terms.version));
		log_put(record, "TLS_CIPHER", span_of(tls->terms.cipher));
	}
	if (tls->terms.error[0] != '\0')
		log_put(record, "TLS_ERROR", span_of(tls->terms.error));
}

void
session_log_refusal(struct session *s, const struct reply *r)
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
	put_user(&record, s);
	log_put_number(&record, "TARPIT_DELAY_USEC",
	    reply_is_refusal(r) && tarpit_is_due(&s->tarpit)
		? clock_microseconds(s->tarpit.delay)
		: 0);
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
	put_user(&record, s);
	put_tls(&record, &s->tls);
	log_send(s->log, &record);
}

void
session_log_no_lookup(struct session *s)
{
	bool damaged = s->recipients->error == CDBFILE_DAMAGED;
	struct log_record record;

	log_begin(&record, LOG_FAULT,
	    damaged ? "the recipient CDB is damaged"
		    : "cannot read the recipient CDB");
	if (!damaged)
		log_put(&record, "ERROR",
		    span_of(strerror(s->recipients->error)));
	log_put(&record, "SETTING", span_of("SMTPD_RECIPIENTS"));
	log_put(&record, "VALUE", span_of(s->config->recipients));
	log_send(s->log, &record);
}

void
session_log_summary(struct session *s, struct timespec begin)
{
	struct log_record record;

	log_begin(&record, LOG_SESSION, "session");
	log_put(&record, "SMTP_HELO",
	    (struct span){ s->hello, s->hello_length });
	put_user(&record, s);
	log_put(&record, "SMTP_END", span_of(end_name(s->end)));
	put_tls(&record, &s->tls);
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
