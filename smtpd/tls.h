/*
 * TLS, which another process does: this one never holds a key. Either
 * tarpit-tls, which gets the client's socket over a local one; or the starter,
 * by the environment of UCSPI-TLS, which goes first where it is set. From then
 * on the session goes over what the other process gives for it.
 */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <time.h>

#include "config.h"
#include "sandbox.h"
#include "stream.h"
#include "tls_terms.h"

enum tls_provider {
	TLS_NOBODY,
	TLS_SERVICE, /* tarpit-tls */
	TLS_STARTER, /* UCSPI-TLS */
};

struct tls {
	enum tls_provider provider;
	bool at_once;	/* the handshake comes before the greeting */
	bool is_active; /* it is done */
	struct tls_terms terms;
	const char *path; /* of tarpit-tls's socket */
	int control_fd;	  /* of the starter */
	struct stream_ends ends;
};

/*
 * Finds out whether there is TLS for the connection, and opens what it takes.
 * Comes before the sandbox. Only a socket can have TLS.
 */
void tls_prepare(struct tls *, const struct config *, const struct stream *);

/* Tells the sandbox what is needed after it was entered. */
void tls_use(const struct tls *, struct sandbox_needs *);

/* Whether TLS can be started: somebody does it, and has not yet. */
bool tls_is_offered(const struct tls *);

/* Waits until the other process stands ready. False with errno if it does not:
 * there is no TLS now, and the session goes on. */
bool tls_reach(struct tls *, struct timespec deadline);

/*
 * Hands the client over, waits for the handshake, and puts the stream on the
 * new way. What is owed must be flushed, and nothing unread. Comes after
 * tls_reach. If it fails, terms.error says why, and the stream is broken.
 */
bool tls_start(struct tls *, struct stream *, struct timespec deadline);

#endif
