/*
 * One answer for all recipients of a message, made from those that LMTP gives
 * for each (RFC 2033, 4.2). If one may be tried again, all are: a duplicate is
 * better than a loss. Else, if one was refused, the sender is told which. Pure.
 */
#ifndef RELAY_VERDICT_H
#define RELAY_VERDICT_H

#include <stddef.h>

#include "address.h"
#include "nexthop.h"

/* Recipients that are named; of more, only the number is told. */
#define RELAY_VERDICT_NAMED_MAX 10

struct relay_verdict {
	enum nexthop_answer worst;
	size_t count; /* of recipients that have the worst */
	size_t named;
	struct reply reply; /* points into this structure */
	struct text list;
	char status[NEXTHOP_STATUS_SIZE];
	char text[NEXTHOP_TEXT_MAX];
};

void relay_verdict_start(struct relay_verdict *);

/* One recipient's answer. With NEXTHOP_LOST there is no reply. */
void relay_verdict_add(struct relay_verdict *, enum nexthop_answer,
    const struct address *, const struct reply *);

/* The reply, if the worst is NEXTHOP_NO or NEXTHOP_LATER. */
const struct reply *relay_verdict_reply(struct relay_verdict *);

#endif
