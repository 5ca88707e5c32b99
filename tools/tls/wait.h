/* Waiting for sockets, until some point in time. */
#ifndef WAIT_H
#define WAIT_H

#include <poll.h>
#include <time.h>

/* poll(2) with a deadline, NULL for none: 0 is that it has passed. A signal
 * does not end it. */
int wait_for(struct pollfd *, nfds_t, const struct timespec *deadline);

/* What SSL_get_error() asks for, as an event of the socket; 0 if it is another
 * error. */
short wait_event(int error);

#endif
