/*
 * Connections through proxies that speak the PROXY protocol (SMTPD_PROXY). Who
 * is no proxy, or sends no good header, is turned away without a word, which
 * would be for the proxy's client, and leaves a record. Who connects and hangs
 * up, as many health checks do, leaves none.
 */
#ifndef PROXY_H
#define PROXY_H

#include <stdbool.h>
#include <time.h>

#include "log.h"
#include "peer.h"
#include "ranges.h"
#include "stream.h"

/* Seconds in which the header must come. A proxy sends it first of all; this is
 * for a segment that is lost more than once. */
#define PROXY_WAIT 10

/* Whether the peer is a proxy that may connect. */
bool proxy_is_allowed(const struct ranges *, const struct peer *,
    const struct stream *, struct log *);

/*
 * Reads the header, and no octet behind it, by PROXY_WAIT, or by the client's
 * timeout if that is shorter. Then the peer is the client that the header
 * names, if it names one (proxies do not in their health checks).
 * Returns false if the connection is to be closed.
 */
bool proxy_receive(struct peer *, struct stream *, struct timespec timeout,
    struct log *);

#endif
