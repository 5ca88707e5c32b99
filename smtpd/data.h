/* The DATA command's second part: the text of the message. */
#ifndef DATA_H
#define DATA_H

#include "reply.h"
#include "session.h"

/*
 * Sends 354, reads the text to its true end whatever is wrong with it, and
 * hands it on. Only then is 250 said (RFC 5321, 4.2.5).
 * Returns the answer to the end of the text, with which the transaction is
 * finished, or NULL if the session ended before it; nothing is left behind
 * then.
 */
const struct reply *data_receive(struct session *);

#endif
