/*
 * The client's side of SMTP (RFC 5321) and LMTP (RFC 2033): one connection to
 * the next hop, and what it offers.
 */
#ifndef NEXTHOP_H
#define NEXTHOP_H

#include <stdbool.h>
#include <time.h>

#include "nexthop_reply.h"
#include "peer.h"
#include "relay_target.h"
#include "span.h"
#include "stream.h"

enum nexthop_answer {
	NEXTHOP_YES,   /* 2yz */
	NEXTHOP_GO_ON, /* 3yz */
	NEXTHOP_NO,    /* 5yz */
	NEXTHOP_LATER, /* 4yz */
	NEXTHOP_LOST,  /* no answer that can be understood, in time */
};

/* How to reach it, and who we are. */
struct nexthop_setup {
	struct relay_target target;
	bool lmtp;
	const char *hostname;	   /* for EHLO or LHLO */
	struct timespec timeout;   /* see nexthop_start_clock */
	const struct peer *client; /* for XCLIENT; NULL: do not use it */
};

struct nexthop {
	const struct nexthop_setup *setup;
	bool connected;
	unsigned extensions; /* a set of nexthop_extension */
	struct timespec deadline;
	struct stream stream;
	struct nexthop_reply answer; /* the last one */

	/* Why it was lost: what it did, and an errno or 0. */
	const char *trouble;
	int error;
};

/* The setup must outlive it. */
void nexthop_init(struct nexthop *, const struct nexthop_setup *);

/* All that follows, up to the next call, must be done within the time of the
 * setup, however many octets and answers it takes. */
void nexthop_start_clock(struct nexthop *);

/* Connects, waits for the greeting and says EHLO or LHLO; with XCLIENT, once
 * more. Anything but NEXTHOP_YES leaves it closed. */
enum nexthop_answer nexthop_open(struct nexthop *);

/* Appends to what is to be sent. */
void nexthop_say(struct nexthop *, struct span octets);

/* Sends what was said and reads one reply, into n->answer. If the next hop has
 * spoken out of turn before, what it said is no answer to this: then, too, it
 * is NEXTHOP_LOST, the connection is closed, and there is no reply. */
enum nexthop_answer nexthop_listen(struct nexthop *);

/* Whether it can be asked something new: connected, and with nothing to say
 * that we did not ask for. */
bool nexthop_is_ready(const struct nexthop *);

/* As above; if not, it is lost. */
bool nexthop_require_ready(struct nexthop *);

/* Sends QUIT and does not wait for the answer. */
void nexthop_say_goodbye(struct nexthop *);

/* Closes without a word, so that an unfinished message is forgotten. */
void nexthop_close(struct nexthop *);

#endif
