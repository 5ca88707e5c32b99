/* The end of a session that the handler ended. */
#ifndef FAREWELL_H
#define FAREWELL_H

#include <openssl/types.h>
#include <time.h>

/* Sends close_notify and end-of-file; until the deadline if the client does not
 * take it. Then throws away what the client sends, until it ends, too, or for a
 * second. */
void farewell(SSL *, int client, const struct timespec *deadline);

#endif
