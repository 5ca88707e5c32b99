#include "relay_answer.h"

#include "delivery.h"

static const struct reply cannot_relay = { 451, "4.4.1",
	"Next hop does not answer now" };

static void
put_answer(struct text *text, const struct nexthop *hop)
{
	text_put_number(text, hop->answer.reply.code);
	text_put_char(text, ' ');
	text_put(text, hop->answer.status);
	text_put_char(text, ' ');
	text_put(text, hop->answer.text);
}

/* What a next hop said instead of "yes", or did. */
static void
log_trouble(struct delivery *d, enum nexthop_answer answer)
{
	const struct nexthop *hop = &d->relay.hop;
	char buffer[REPLY_MAX];
	struct text text = TEXT_IN(buffer);
	struct log_record record;

	if (answer == NEXTHOP_LOST) {
		text_put(&text, "the next hop ");
		text_put(&text, hop->trouble);
		log_fault(d->log, buffer, hop->error);
		return;
	}
	put_answer(&text, hop);
	log_begin(&record, LOG_FAULT, "the next hop is not ready");
	log_put(&record, "NEXT_HOP_REPLY", text_span(&text));
	log_send(d->log, &record);
}

const struct reply *
relay_put_off(struct delivery *d, enum nexthop_answer answer)
{
	log_trouble(d, answer);
	/* After 421 it closes (RFC 5321, 3.8). */
	if (answer == NEXTHOP_LATER && d->relay.hop.answer.reply.code == 421)
		nexthop_close(&d->relay.hop);
	return &cannot_relay;
}

const struct reply *
relay_give_up(struct delivery *d)
{
	nexthop_close(&d->relay.hop);
	d->relay.hop.trouble = "says what does not fit";
	return relay_put_off(d, NEXTHOP_LOST);
}

const struct reply *
relay_pass_on(struct delivery *d, enum nexthop_answer answer)
{
	switch (answer) {
	case NEXTHOP_YES:
		return NULL;
	case NEXTHOP_NO:
		return &d->relay.hop.answer.reply;
	case NEXTHOP_LATER:
	case NEXTHOP_LOST:
		return relay_put_off(d, answer);
	case NEXTHOP_GO_ON:
		break;
	}
	return relay_give_up(d);
}

static void
keep_receipt(struct relay_delivery *r)
{
	struct text receipt = TEXT_IN(r->receipt);

	put_answer(&receipt, &r->hop);
}

/* The answer to the text: the next hop's own. */
static const struct reply *
hear(struct delivery *d)
{
	struct relay_delivery *r = &d->relay;
	enum nexthop_answer answer = nexthop_listen(&r->hop);

	if (answer == NEXTHOP_YES)
		keep_receipt(r);
	if (answer == NEXTHOP_LATER && r->hop.answer.reply.code != 421)
		return &r->hop.answer.reply;
	return relay_pass_on(d, answer);
}

/* Whether there are more answers than recipients: then nobody knows which was
 * for whom. A next hop that has only hung up has said all that it had to. */
static bool
has_said_more(const struct nexthop *hop)
{
	return hop->connected && stream_has_input(&hop->stream);
}

/* RFC 2033, 4.2: one reply for each recipient, in their order. */
static const struct reply *
hear_each(struct delivery *d, const struct envelope *e)
{
	struct relay_delivery *r = &d->relay;
	struct address to;
	size_t at = 0;

	relay_verdict_start(&r->verdict);
	while (envelope_next(e, &at, &to)) {
		enum nexthop_answer answer = nexthop_listen(&r->hop);

		if (answer == NEXTHOP_GO_ON)
			nexthop_close(&r->hop);
		relay_verdict_add(&r->verdict, answer, &to,
		    &r->hop.answer.reply);
	}
	if (has_said_more(&r->hop))
		return relay_give_up(d);
	switch (r->verdict.worst) {
	case NEXTHOP_YES:
		keep_receipt(r);
		return NULL;
	case NEXTHOP_NO:
	case NEXTHOP_LATER:
		return relay_verdict_reply(&r->verdict);
	case NEXTHOP_GO_ON:
	case NEXTHOP_LOST:
		break;
	}
	return relay_put_off(d, NEXTHOP_LOST);
}

const struct reply *
relay_hear_verdict(struct delivery *d, const struct envelope *e)
{
	return d->relay.setup.lmtp && e->recipients > 1 ? hear_each(d, e)
							: hear(d);
}
