/* Plain text on the one side, TLS on the other. */
#ifndef CARRY_H
#define CARRY_H

#include <openssl/types.h>

/*
 * Carries octets both ways between two non-blocking sockets until one side has
 * ended, and tells the other:
 *
 * The handler ends: what it wrote goes to the client for some seconds at most,
 * then close_notify. What the client still says is thrown away, for a second,
 * so that the last reply is not lost to a reset (RFC 1122, 4.2.2.13).
 *
 * The client ends, or says that it does: what it wrote goes to the handler, and
 * behind it end-of-file. If the handler takes none of it, as in a delay, that
 * comes at once.
 */
void carry(SSL *, int client, int handler);

#endif
