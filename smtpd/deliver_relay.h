/* What a relay keeps of its next hop and of the transaction there. */
#ifndef DELIVER_RELAY_H
#define DELIVER_RELAY_H

#include <stdbool.h>
#include <stddef.h>

#include "nexthop.h"
#include "relay_verdict.h"

struct relay_delivery {
	struct nexthop_setup setup;
	struct nexthop hop;
	bool begun;		     /* MAIL was said there */
	bool open;		     /* and was accepted */
	enum nexthop_answer reached; /* for this transaction */
	bool at_line_start;	     /* of the text sent so far */
	size_t recipients;	     /* accepted there */
	struct relay_verdict verdict;
	char receipt[NEXTHOP_TEXT_MAX]; /* what it said of an accepted one */
};

#endif
