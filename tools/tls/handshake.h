/* TLS begins. */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <openssl/types.h>

enum handshake { HANDSHAKE_DONE, HANDSHAKE_FAILED, HANDSHAKE_UNWANTED };

/*
 * Shakes hands with the client on its non-blocking socket, for a minute at
 * most. Returns HANDSHAKE_FAILED and the reason in words, or HANDSHAKE_UNWANTED
 * as soon as the handler hangs up.
 */
enum handshake handshake_do(SSL *, int client, int handler,
    const char **reason);

#endif
