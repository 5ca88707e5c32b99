/*
 * Handing on by SMTP and LMTP. The next hop is reached at the first recipient
 * that the CDB accepts, and asked for each; its refusal is the client's. The
 * text is passed on as it comes, and the answer to it is the next hop's: 250
 * is never said before the next hop has said it for every recipient.
 */
#include "deliver_relay.h"

#include "delivery.h"

static const struct reply cannot_relay = { 451, "4.4.1",
	"Next hop does not answer now" };
static const struct reply no_utf8_there = { 550, "5.6.7",
	"Next hop does not take SMTPUTF8" };
static const struct reply no_8bit_there = { 554, "5.6.3",
	"Next hop does not take 8BITMIME" };

static const char *
check(const char *target)
{
	struct relay_target parsed;

	return relay_target_parse(&parsed, target);
}

static void
start(struct delivery *d, const struct delivery_setup *setup,
    const char *target, bool lmtp)
{
	struct relay_delivery *r = &d->relay;

	relay_target_parse(&r->setup.target, target);
	r->setup.lmtp = lmtp;
	r->setup.hostname = setup->hostname;
	r->setup.timeout = setup->relay_timeout;
	r->setup.client = setup->xclient ? setup->peer : NULL;
}

static void
start_smtp(struct delivery *d, const struct delivery_setup *setup,
    const char *target)
{
	start(d, setup, target, false);
}

static void
start_lmtp(struct delivery *d, const struct delivery_setup *setup,
    const char *target)
{
	start(d, setup, target, true);
}

static void
forget(struct delivery *d)
{
	d->relay.open = false;
	d->relay.recipients = 0;
}

/* A transaction that was begun there is forgotten by hanging up. */
static void
reset(struct delivery *d)
{
	if (d->relay.open)
		nexthop_close(&d->relay.hop);
	forget(d);
}

/*
 * The client's answer: a refusal as it is, with 451 for what is not final. The
 * next hop's reasons for that are in the log.
 */
static const struct reply *
pass_on(struct delivery *d, enum nexthop_answer answer)
{
	const struct nexthop *hop = &d->relay.hop;

	switch (answer) {
	case NEXTHOP_YES:
		return NULL;
	case NEXTHOP_NO:
		return &hop->reply;
	case NEXTHOP_LATER:
		log_fault(d->log, hop->text, 0);
		return &cannot_relay;
	case NEXTHOP_GO_ON:
	case NEXTHOP_LOST:
		break;
	}
	nexthop_close(&d->relay.hop);
	log_fault(d->log, "the next hop does not answer", 0);
	return &cannot_relay;
}

static void
say(struct nexthop *hop, const char *before, const struct address *address)
{
	char buffer[ADDRESS_TEXT_MAX + 32];
	struct text line = TEXT_IN(buffer);

	text_put(&line, before);
	text_put_char(&line, '<');
	address_write(&line, address);
	text_put_char(&line, '>');
	nexthop_say(hop, text_span(&line));
}

static void
say_size(struct nexthop *hop, uint64_t size)
{
	char buffer[32];
	struct text text = TEXT_IN(buffer);

	text_put(&text, " SIZE=");
	text_put_number(&text, size);
	nexthop_say(hop, text_span(&text));
}

static void
say_mail(struct nexthop *hop, const struct envelope *e)
{
	say(hop, "MAIL FROM:", &e->sender);
	if (e->declared_size != 0 && (hop->extensions & NEXTHOP_SIZE) != 0)
		say_size(hop, e->declared_size);
	if ((hop->extensions & NEXTHOP_8BITMIME) != 0)
		nexthop_say(hop, span_of(" BODY=8BITMIME"));
	if (e->smtputf8)
		nexthop_say(hop, span_of(" SMTPUTF8"));
	nexthop_say(hop, span_of("\r\n"));
}

/* What the message needs and the next hop lacks (RFC 6531, 3.2; RFC 6152, 3). */
static const struct reply *
lack(const struct nexthop *hop, const struct envelope *e)
{
	if (e->smtputf8 && (hop->extensions & NEXTHOP_SMTPUTF8) == 0)
		return &no_utf8_there;
	if (e->eight_bit && (hop->extensions & NEXTHOP_8BITMIME) == 0)
		return &no_8bit_there;
	return NULL;
}

/* Begins the transaction there, over the connection of the last message if
 * that still stands. */
static const struct reply *
begin(struct delivery *d, const struct envelope *e)
{
	struct relay_delivery *r = &d->relay;
	const struct reply *objection;

	if (!nexthop_is_ready(&r->hop)) {
		objection = pass_on(d, nexthop_open(&r->hop, &r->setup));
		/* Nothing was said of this client's message yet. */
		if (objection != NULL)
			return &cannot_relay;
	}
	objection = lack(&r->hop, e);
	if (objection != NULL)
		return objection;
	say_mail(&r->hop, e);
	objection = pass_on(d, nexthop_listen(&r->hop));
	r->open = objection == NULL;
	return objection;
}

static const struct reply *
recipient(struct delivery *d, const struct envelope *e,
    const struct address *to)
{
	struct relay_delivery *r = &d->relay;
	const struct reply *objection;

	if (!r->open) {
		objection = begin(d, e);
		if (objection != NULL)
			return objection;
	}
	say(&r->hop, "RCPT TO:", to);
	nexthop_say(&r->hop, span_of("\r\n"));
	objection = pass_on(d, nexthop_listen(&r->hop));
	if (objection == NULL)
		r->recipients++;
	return objection;
}

static const struct reply *
open_message(struct delivery *d, const struct envelope *e)
{
	struct relay_delivery *r = &d->relay;
	enum nexthop_answer answer;

	if (r->recipients != e->recipients || !nexthop_is_ready(&r->hop))
		return pass_on(d, NEXTHOP_LOST);
	nexthop_say(&r->hop, span_of("DATA\r\n"));
	answer = nexthop_listen(&r->hop);
	r->at_line_start = true;
	if (answer == NEXTHOP_GO_ON)
		return NULL;
	return pass_on(d, answer == NEXTHOP_YES ? NEXTHOP_LOST : answer);
}

/* Each LF becomes CRLF, and a dot at the start of a line is doubled, so that no
 * line of the text can be the end (RFC 5321, 4.5.2). */
static void
write_text(struct delivery *d, struct span text)
{
	struct relay_delivery *r = &d->relay;

	while (text.length > 0) {
		const char *end = memchr(text.data, '\n', text.length);
		size_t length = end != NULL ? (size_t)(end - text.data)
					    : text.length;

		if (r->at_line_start && text.data[0] == '.')
			nexthop_say(&r->hop, span_of("."));
		nexthop_say(&r->hop, (struct span){ text.data, length });
		r->at_line_start = end != NULL;
		if (end != NULL)
			nexthop_say(&r->hop, span_of("\r\n"));
		text = span_from(text, length + (end != NULL ? 1 : 0));
	}
}

/* How a message fared with one recipient after the other. */
struct verdict {
	enum nexthop_answer worst;
	struct text failed; /* the recipients that were refused, and why */
};

/* RFC 2033, 4.2: one reply for each recipient, in their order. */
static void
hear_recipient(struct delivery *d, const struct address *to,
    struct verdict *verdict)
{
	struct relay_delivery *r = &d->relay;
	enum nexthop_answer answer = nexthop_listen(&r->hop);

	if (answer == NEXTHOP_YES)
		return;
	if (answer != NEXTHOP_NO) {
		if (answer == NEXTHOP_LATER)
			log_fault(d->log, r->hop.text, 0);
		verdict->worst = NEXTHOP_LATER;
		return;
	}
	if (verdict->worst == NEXTHOP_LATER)
		return;
	if (verdict->worst == NEXTHOP_YES) {
		r->reply = (struct reply){ r->hop.reply.code, r->status,
			r->text };
		memcpy(r->status, r->hop.status, sizeof(r->status));
	} else {
		text_put_char(&verdict->failed, '\n');
	}
	verdict->worst = NEXTHOP_NO;
	text_put_char(&verdict->failed, '<');
	address_write(&verdict->failed, to);
	text_put(&verdict->failed, "> ");
	text_put_span(&verdict->failed,
	    (struct span){ r->hop.text, strcspn(r->hop.text, "\n") });
}

/*
 * One SMTP reply stands for all recipients. If one may be tried again, all
 * are: a duplicate is better than a loss. Else, if one was refused, the sender
 * is told which.
 */
static const struct reply *
hear_recipients(struct delivery *d, const struct envelope *e)
{
	struct relay_delivery *r = &d->relay;
	struct verdict verdict = { NEXTHOP_YES, TEXT_IN(r->text) };
	struct address to;
	size_t at = 0;

	while (envelope_next(e, &at, &to))
		hear_recipient(d, &to, &verdict);
	switch (verdict.worst) {
	case NEXTHOP_YES:
		return NULL;
	case NEXTHOP_NO:
		return &r->reply;
	case NEXTHOP_LATER:
	case NEXTHOP_GO_ON:
	case NEXTHOP_LOST:
		break;
	}
	return &cannot_relay;
}

static const struct reply *
commit(struct delivery *d, const struct envelope *e)
{
	struct relay_delivery *r = &d->relay;
	const struct reply *reply;

	nexthop_say(&r->hop, span_of(r->at_line_start ? ".\r\n" : "\r\n.\r\n"));
	reply = r->setup.lmtp ? hear_recipients(d, e)
			      : pass_on(d, nexthop_listen(&r->hop));
	forget(d);
	return reply;
}

/* The final dot is never sent: the next hop forgets the message. */
static void
abort_message(struct delivery *d)
{
	nexthop_close(&d->relay.hop);
	forget(d);
}

/* Says goodbye, and does not wait for the answer (RFC 5321, 4.1.1.10). */
static void
close_relay(struct delivery *d)
{
	struct relay_delivery *r = &d->relay;

	if (!r->open && nexthop_is_ready(&r->hop))
		nexthop_say_goodbye(&r->hop);
	nexthop_close(&r->hop);
}

static void
use(const struct delivery *d, struct sandbox_needs *needs)
{
	needs->next_hop = &d->relay.setup.target.address.any;
}

const struct delivery_method deliver_smtp = {
	.scheme = "smtp:",
	.check = check,
	.start = start_smtp,
	.use = use,
	.recipient = recipient,
	.open = open_message,
	.write = write_text,
	.commit = commit,
	.abort = abort_message,
	.reset = reset,
	.close = close_relay,
};

const struct delivery_method deliver_lmtp = {
	.scheme = "lmtp:",
	.check = check,
	.start = start_lmtp,
	.use = use,
	.recipient = recipient,
	.open = open_message,
	.write = write_text,
	.commit = commit,
	.abort = abort_message,
	.reset = reset,
	.close = close_relay,
};
