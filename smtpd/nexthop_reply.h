/*
 * What a next hop answers, line by line (RFC 5321, 4.2), made safe to pass on.
 * Pure.
 */
#ifndef NEXTHOP_REPLY_H
#define NEXTHOP_REPLY_H

#include <stdbool.h>

#include "reply.h"
#include "span.h"

/* Octets and lines of a text that are kept. With a code and a status before
 * each line they are less than REPLY_MAX. */
#define NEXTHOP_TEXT_MAX 1024
#define NEXTHOP_TEXT_LINES_MAX 16
/* "5.255.255" and more, and its end. */
#define NEXTHOP_STATUS_SIZE 12

enum nexthop_extension {
	NEXTHOP_SIZE = 1 << 0,	       /* RFC 1870 */
	NEXTHOP_8BITMIME = 1 << 1,     /* RFC 6152 */
	NEXTHOP_SMTPUTF8 = 1 << 2,     /* RFC 6531 */
	NEXTHOP_XCLIENT_ADDR = 1 << 3, /* of Postfix */
	NEXTHOP_XCLIENT_PORT = 1 << 4,
	NEXTHOP_XCLIENT_NAME = 1 << 5,
};

struct nexthop_reply {
	struct reply reply; /* points into this structure */
	unsigned lines;
	struct text kept;
	char status[NEXTHOP_STATUS_SIZE];
	char text[NEXTHOP_TEXT_MAX];
};

void nexthop_reply_start(struct nexthop_reply *);

/*
 * Takes one line, without CRLF. The text is kept as printable ASCII, cut where
 * it is too long; the status is the next hop's if that is one of RFC 3463 that
 * fits the code, else the general one. *last tells whether the reply is
 * complete. Returns false if this is no line of the reply.
 */
bool nexthop_reply_take(struct nexthop_reply *, struct span line, bool *last);

/* The set of nexthop_extension that one line of the answer to EHLO offers. */
unsigned nexthop_reply_extension(struct span line);

#endif
