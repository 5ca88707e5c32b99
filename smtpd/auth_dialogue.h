/*
 * What a client says behind AUTH: the mechanisms PLAIN (RFC 4616) and LOGIN. Both
 * end up as a message of PLAIN.
 */
#ifndef AUTH_DIALOGUE_H
#define AUTH_DIALOGUE_H

#include <stdbool.h>

#include "reply.h"
#include "session.h"
#include "span.h"

/*
 * Takes the argument of AUTH, and asks the client for what is missing. What it
 * says is in s->auth.message then, whatever comes of it, and is the caller's to
 * wipe.
 * Returns NULL if that is all, or if the session has ended; else the refusal.
 */
const struct reply *auth_converse(struct session *, struct span argument);

/* Finds the user's name in a message of PLAIN (RFC 4616, 2). False if it is
 * none, or one that is longer than anybody's. */
bool auth_find_user(struct span message, struct span *user);

#endif
