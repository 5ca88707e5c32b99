/*
 * Handing on by SMTP and LMTP. The next hop is reached at the first recipient
 * that the CDB accepts, and asked for each; its refusal is the client's. The
 * text is passed on as it comes, and the answer to it is the next hop's: 250
 * is never said before the next hop has said it for every recipient.
 */
#include "deliver_relay.h"

#include "delivery.h"
#include "relay_answer.h"
#include "relay_command.h"

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
	nexthop_init(&r->hop, &r->setup);
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
	d->relay.begun = false;
	d->relay.open = false;
	d->relay.reached = NEXTHOP_YES;
	d->relay.recipients = 0;
}

/* Says goodbye, and does not wait for the answer (RFC 5321, 4.1.1.10). */
static void
leave(struct nexthop *hop)
{
	if (nexthop_is_ready(hop))
		nexthop_say_goodbye(hop);
	nexthop_close(hop);
}

/* A transaction that was begun there is forgotten by leaving; so is MAIL that was
 * refused, of which Postfix keeps the size. */
static void
reset(struct delivery *d)
{
	if (d->relay.begun)
		leave(&d->relay.hop);
	forget(d);
}

/* Whether a next hop wants no more of this connection. */
static bool
has_left(const struct nexthop *hop, enum nexthop_answer answer)
{
	return answer == NEXTHOP_LOST ||
	    (answer == NEXTHOP_LATER && hop->answer.reply.code == 421);
}

/* Begins the transaction there. The connection of the last message is used
 * again; if the next hop has meanwhile closed it, a new one is. */
static const struct reply *
begin(struct delivery *d, const struct envelope *e)
{
	struct relay_delivery *r = &d->relay;
	const struct reply *objection;
	enum nexthop_answer answer;
	bool used_before;

	/* Each recipient would wait as long as the first one. */
	if (r->reached != NEXTHOP_YES)
		return relay_put_off(d, r->reached);
	do {
		used_before = nexthop_is_ready(&r->hop);
		if (!used_before)
			r->reached = nexthop_open(&r->hop);
		/* Nothing was said of this message: nothing is final. */
		if (r->reached != NEXTHOP_YES)
			return relay_put_off(d, r->reached);
		objection = relay_lack(&r->hop, e);
		if (objection != NULL)
			return objection;
		r->begun = true;
		relay_say_mail(&r->hop, e);
		answer = nexthop_listen(&r->hop);
		if (has_left(&r->hop, answer))
			nexthop_close(&r->hop);
	} while (used_before && !r->hop.connected);
	objection = relay_pass_on(d, answer);
	r->open = objection == NULL;
	return objection;
}

/* RFC 5321, 4.5.3.1.10: an older code for 452, too many recipients. */
static bool
means_too_many(const struct relay_delivery *r)
{
	const struct reply *reply = &r->hop.answer.reply;

	return reply->code == 552 && r->recipients > 0 &&
	    (strcmp(reply->status, "5.5.3") == 0 ||
		strcmp(reply->status, "5.0.0") == 0);
}

static const struct reply *
recipient(struct delivery *d, const struct envelope *e,
    const struct address *to)
{
	struct relay_delivery *r = &d->relay;
	const struct reply *objection = NULL;
	enum nexthop_answer answer;

	nexthop_start_clock(&r->hop);
	if (!r->open)
		objection = begin(d, e);
	if (objection != NULL)
		return objection;
	relay_say_rcpt(&r->hop, to);
	answer = nexthop_listen(&r->hop);
	if (answer == NEXTHOP_NO && means_too_many(r))
		return &reply_too_many_recipients;
	objection = relay_pass_on(d, answer);
	if (objection == NULL)
		r->recipients++;
	return objection;
}

static const struct reply *
open_message(struct delivery *d, const struct envelope *e)
{
	struct relay_delivery *r = &d->relay;
	enum nexthop_answer answer;

	/* Every recipient of the envelope was accepted there. */
	if (r->recipients != e->recipients)
		return relay_give_up(d);
	nexthop_start_clock(&r->hop);
	nexthop_say(&r->hop, span_of("DATA\r\n"));
	answer = nexthop_listen(&r->hop);
	r->at_line_start = true;
	switch (answer) {
	case NEXTHOP_GO_ON:
		return NULL;
	case NEXTHOP_YES:
		return relay_give_up(d);
	case NEXTHOP_NO:
	case NEXTHOP_LATER:
	case NEXTHOP_LOST:
		break;
	}
	return relay_pass_on(d, answer);
}

static void
write_text(struct delivery *d, struct span text)
{
	struct relay_delivery *r = &d->relay;

	nexthop_start_clock(&r->hop);
	relay_say_text(&r->hop, text, &r->at_line_start);
}

/* What the next hop said before the end of the text is no answer to it. */
static const struct reply *
commit(struct delivery *d, const struct envelope *e)
{
	struct relay_delivery *r = &d->relay;
	const struct reply *reply;

	nexthop_start_clock(&r->hop);
	if (nexthop_require_ready(&r->hop))
		relay_say_end(&r->hop, r->at_line_start);
	reply = relay_hear_verdict(d, e);
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

static void
close_relay(struct delivery *d)
{
	leave(&d->relay.hop);
}

static const char *
receipt(const struct delivery *d)
{
	return d->relay.receipt;
}

static void
use(const struct delivery *d, struct sandbox_needs *needs)
{
	const struct sockaddr *address = &d->relay.setup.target.address.any;

	needs->next_hop = address;
	needs->calls.next_hop_family = address->sa_family;
}

const struct delivery_method deliver_smtp = {
	.scheme = "smtp:",
	.asks_others = true,
	.is_relay = true,
	.check = check,
	.start = start_smtp,
	.use = use,
	.recipient = recipient,
	.open = open_message,
	.write = write_text,
	.commit = commit,
	.receipt = receipt,
	.abort = abort_message,
	.reset = reset,
	.close = close_relay,
};

const struct delivery_method deliver_lmtp = {
	.scheme = "lmtp:",
	.asks_others = true,
	.is_relay = true,
	.check = check,
	.start = start_lmtp,
	.use = use,
	.recipient = recipient,
	.open = open_message,
	.write = write_text,
	.commit = commit,
	.receipt = receipt,
	.abort = abort_message,
	.reset = reset,
	.close = close_relay,
};
