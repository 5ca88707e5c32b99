/* The trace header (RFC 5321, 4.4). */
#ifndef RECEIVED_H
#define RECEIVED_H

#include <stdbool.h>
#include <time.h>

#include "envelope.h"
#include "peer.h"
#include "span.h"
#include "text.h"
#include "tls_terms.h"

/* The longest possible: names, two addresses, folding. */
#define RECEIVED_MAX 2048

struct received {
	struct span hello; /* as the client gave it */
	const struct peer *peer;
	const char *hostname; /* ours */
	bool extended;	      /* EHLO, not HELO */
	bool authenticated;
	const struct tls_terms *tls; /* NULL: without */
	const struct envelope *envelope;
	struct timespec time; /* CLOCK_REALTIME */
};

/*
 * Appends "Received: ..." with LF line ends. The protocol keyword is by RFC
 * 3848 and, with SMTPUTF8, RFC 6531, 4.3. The recipient is named only where
 * there is just one. Nothing of the client's gets out of its comment or word.
 */
void received_write(struct text *, const struct received *);

#endif
