/*
 * The handler's side of tarpit-tls(8), whose page has the protocol: the client's
 * socket goes to another process, and what the client says comes back from
 * there as plain text.
 */
#ifndef TLS_SERVICE_H
#define TLS_SERVICE_H

#include <stdbool.h>
#include <time.h>

#include "stream.h"
#include "tls_terms.h"

/* Makes a socket to connect later, when none can be made any more. -1 if there
 * is no service at the path. */
int tls_service_socket(const char *path);

/*
 * Connects it, without a wait for room in the queue, and waits until the service
 * is ready. False with errno if it is not by the deadline, or not at all; this
 * may then be tried again.
 */
bool tls_service_reach(int fd, const char *path, struct timespec deadline);

/* Passes the client, and waits for its handshake; the stream is moved to the
 * socket. If it fails, the terms say why. */
bool tls_service_start(const struct stream_ends *, struct stream *,
    struct tls_terms *, struct timespec deadline);

#endif
