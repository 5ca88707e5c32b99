/* Reaching what a relay hands mail on to. */
#ifndef RELAY_CONNECT_H
#define RELAY_CONNECT_H

#include <time.h>

#include "relay_target.h"

/*
 * Connects by an absolute time on CLOCK_MONOTONIC. One that is busy is waited
 * for, one that refuses is not. A signal does not end it: the client waits for
 * an answer, which comes in time.
 * Returns a socket that does not block, or -1 with errno.
 */
int relay_connect(const struct relay_target *, struct timespec until);

#endif
