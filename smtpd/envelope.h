/* Who sent the message that is under way, and for whom it is. */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"

/* Holds 100 recipients whatever their length (RFC 5321, 4.5.3.1.8), and far
 * more of ordinary length. */
#define ENVELOPE_OCTETS_MAX 65536

struct envelope {
	struct address sender;
	uint64_t declared_size; /* SIZE= of MAIL; 0 is not declared */
	bool eight_bit;		/* BODY=8BITMIME */
	bool smtputf8;
	size_t recipients;
	size_t used;
	char octets[ENVELOPE_OCTETS_MAX];
};

/* Empty, with a null sender. */
void envelope_reset(struct envelope *);

/* Whether one more recipient fits in. */
bool envelope_has_room(const struct envelope *, const struct address *);

/* Adds a recipient that fits in: a mailbox with a domain. */
void envelope_add(struct envelope *, const struct address *);

/* Goes through the recipients: *at starts as 0 and is moved on; false behind
 * the last. */
bool envelope_next(const struct envelope *, size_t *at, struct address *);

#endif
