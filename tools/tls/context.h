/* The certificate, its key, and which TLS is spoken with them. */
#ifndef CONTEXT_H
#define CONTEXT_H

#include <openssl/types.h>

struct key_pair {
	const char *certificate; /* the file, PEM, with the chain behind it */
	const char *key;	 /* PEM, without a passphrase */
};

/* What is wrong, and with which file. */
struct context_error {
	const char *file; /* NULL: with none */
	const char *text;
};

/*
 * TLS 1.2 and 1.3 with forward secrecy and authenticated encryption (RFC 9325,
 * 4.2). Whatever a later connection could resume is left out, as that would be
 * another process. Everything that a handshake needs is loaded: it opens no
 * file.
 * Returns NULL and the error if the key pair cannot be used.
 */
SSL_CTX *context_new(const struct key_pair *, struct context_error *);

/* Why a client that looks at the certificate's dates would not take it now, or
 * NULL. A handshake is not hindered by it. */
const char *context_out_of_date(const SSL_CTX *);

#endif
