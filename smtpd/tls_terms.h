/* What was agreed in a TLS handshake, as the process that did it tells. Pure;
 * bounded and checked, as it goes into headers and the log. */
#ifndef TLS_TERMS_H
#define TLS_TERMS_H

#include <stdbool.h>

#include "span.h"

#define TLS_WORD_MAX 63
#define TLS_ERROR_MAX 200

struct tls_terms {
	char version[TLS_WORD_MAX + 1]; /* such as TLSv1.3; "" if unknown */
	char cipher[TLS_WORD_MAX + 1];	/* such as TLS_AES_256_GCM_SHA384 */
	char error[TLS_ERROR_MAX + 1];	/* why it failed; "" if it did not */
};

/* Reads what tarpit-tls says of the handshake: "tls VERSION CIPHER" or "failed
 * REASON". False if it failed, for whatever reason; error is set then. */
bool tls_terms_parse(struct tls_terms *, struct span line);

/* Takes a variable of the environment that UCSPI-TLS gives: SSL_PROTOCOL and
 * SSL_CIPHER count, if they are words. */
void tls_terms_take(struct tls_terms *, struct span variable);

/* The handshake failed. A reason that is longer is cut. */
void tls_terms_fail(struct tls_terms *, struct span reason);

#endif
