/*
 * What the client is told of the answers of a next hop. NULL is "no objection";
 * why something is put off is in the log.
 */
#ifndef RELAY_ANSWER_H
#define RELAY_ANSWER_H

#include "envelope.h"
#include "nexthop.h"
#include "reply.h"

struct delivery;

/* To a command before the text: a refusal as it is, and 451 for all that is not
 * final. */
const struct reply *relay_pass_on(struct delivery *, enum nexthop_answer);

/* 451 to an answer that is not NEXTHOP_YES, even if it is final. */
const struct reply *relay_put_off(struct delivery *, enum nexthop_answer);

/* 451, as nothing can be made of what it has answered. It is closed. */
const struct reply *relay_give_up(struct delivery *);

/* Reads its answers to the text, with LMTP one for each recipient of the
 * envelope, and makes one of them. */
const struct reply *relay_hear_verdict(struct delivery *,
    const struct envelope *);

#endif
