/* How a session comes to TLS: by its command, or before everything else. */
#ifndef STARTTLS_H
#define STARTTLS_H

#include "session.h"

/*
 * STARTTLS (RFC 3207). What came behind it in plain text is never read, and
 * ends the session. After the handshake, what was known of the client before is
 * forgotten, but its faults, delays and deadlines stay.
 */
const struct reply *starttls_run(struct session *, struct span argument);

/* Implicit TLS (RFC 8314, 3). If it fails, the session ends without a word, as
 * a client there understands no plain text. */
void starttls_at_once(struct session *);

#endif
