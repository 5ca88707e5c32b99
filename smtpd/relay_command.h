/*
 * What a relay says to its next hop of a transaction: MAIL and RCPT, in terms
 * of the extensions that it offers, and the text. The answers are the caller's
 * business.
 */
#ifndef RELAY_COMMAND_H
#define RELAY_COMMAND_H

#include <stdbool.h>

#include "address.h"
#include "envelope.h"
#include "nexthop.h"
#include "reply.h"
#include "span.h"

/* NULL, or the refusal of a message that needs what the next hop does not
 * offer (RFC 6531, 3.2; RFC 6152, 3). */
const struct reply *relay_lack(const struct nexthop *, const struct envelope *);

void relay_say_mail(struct nexthop *, const struct envelope *);
void relay_say_rcpt(struct nexthop *, const struct address *);

/* Part of the text, with LF as line end. *at_line_start is true before the
 * first part, and tells the next call, and the end, how this one ended. */
void relay_say_text(struct nexthop *, struct span, bool *at_line_start);
void relay_say_end(struct nexthop *, bool at_line_start);

#endif
