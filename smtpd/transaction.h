/* MAIL and RCPT: the envelope of a message (RFC 5321, 3.3). */
#ifndef TRANSACTION_H
#define TRANSACTION_H

#include "reply.h"
#include "session.h"
#include "span.h"

/* "MAIL FROM:<path> parameters": opens a transaction. */
const struct reply *transaction_mail(struct session *, struct span argument);

/* "RCPT TO:<path>": adds a recipient that is ours and that the hand-off takes,
 * and counts those that were refused. */
const struct reply *transaction_rcpt(struct session *, struct span argument);

#endif
