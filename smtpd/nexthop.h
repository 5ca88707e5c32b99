/*
 * The client's side of SMTP (RFC 5321) and LMTP (RFC 2033): one connection to
 * the next hop, what it offers, and its replies made safe to pass on.
 */
#ifndef NEXTHOP_H
#define NEXTHOP_H

#include <stdbool.h>
#include <time.h>

#include "peer.h"
#include "relay_target.h"
#include "reply.h"
#include "span.h"
#include "stream.h"

/* Octets of a reply's text that are passed on; RFC 5321, 4.5.3.1.5 has 512 a
 * line. */
#define NEXTHOP_TEXT_MAX 1024
/* "5.255.255" */
#define NEXTHOP_STATUS_MAX 12

enum nexthop_extension {
	NEXTHOP_SIZE = 1 << 0,	       /* RFC 1870 */
	NEXTHOP_8BITMIME = 1 << 1,     /* RFC 6152 */
	NEXTHOP_SMTPUTF8 = 1 << 2,     /* RFC 6531 */
	NEXTHOP_XCLIENT_ADDR = 1 << 3, /* of Postfix */
	NEXTHOP_XCLIENT_PORT = 1 << 4,
};

enum nexthop_answer {
	NEXTHOP_YES,   /* 2yz */
	NEXTHOP_GO_ON, /* 3yz */
	NEXTHOP_LATER, /* 4yz */
	NEXTHOP_NO,    /* 5yz */
	NEXTHOP_LOST,  /* no answer that can be understood, in time */
};

/* How to reach it, and who we are. */
struct nexthop_setup {
	struct relay_target target;
	bool lmtp;
	const char *hostname;	   /* for EHLO or LHLO */
	struct timespec timeout;   /* for each answer */
	const struct peer *client; /* for XCLIENT; NULL: do not use it */
};

struct nexthop {
	const struct nexthop_setup *setup;
	bool connected;
	unsigned extensions; /* a set of nexthop_extension */
	struct stream stream;

	/* The last answer, for the client to see. */
	struct reply reply;
	char status[NEXTHOP_STATUS_MAX];
	char text[NEXTHOP_TEXT_MAX];
};

/* Connects, waits for the greeting and says EHLO or LHLO; with XCLIENT, once
 * more. Anything but NEXTHOP_YES leaves it closed. */
enum nexthop_answer nexthop_open(struct nexthop *,
    const struct nexthop_setup *);

/* Appends to what is to be sent. */
void nexthop_say(struct nexthop *, struct span octets);

/*
 * Sends what was said and reads one reply, which is then in n->reply: its
 * text as printable ASCII, its status that of RFC 3463 if the next hop gave
 * one that fits, else the general one. On NEXTHOP_LOST the connection is
 * closed and there is no reply.
 */
enum nexthop_answer nexthop_listen(struct nexthop *);

/* Whether it can be asked something new: connected, and with nothing to say
 * that we did not ask for. */
bool nexthop_is_ready(const struct nexthop *);

/* Sends QUIT and does not wait for the answer. */
void nexthop_say_goodbye(struct nexthop *);

/* Closes without a word, so that an unfinished message is forgotten. */
void nexthop_close(struct nexthop *);

#endif
