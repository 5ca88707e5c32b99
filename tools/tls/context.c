#include "context.h"

#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "problem.h"

/* Those of TLS 1.3 are all of this kind. Finite-field Diffie-Hellman is left
 * out: it costs the server most, and the client can choose how much. */
#define TLS_1_2_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS "X25519:P-256:P-384"
/* As strong as 112 bits; RSA from 2,048. */
#define SECURITY_LEVEL 2

/* Nobody is there to be asked. */
static int
no_passphrase(char *buffer, int size, int writing, void *error)
{
	(void)buffer;
	(void)size;
	(void)writing;
	((struct context_error *)error)->text = "it has a passphrase";
	return -1;
}

/* The client may prefer one cipher to another: it knows its own hardware, and
 * all of them are good. */
static bool
set_protocol(SSL_CTX *context)
{
	SSL_CTX_set_security_level(context, SECURITY_LEVEL);
	/* SMTP itself tells whether something was cut off: an end without
	 * close_notify is one. What was read may be a password, of which the
	 * library is to keep no copy. */
	SSL_CTX_set_options(context,
	    SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
		SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_num_tickets(context, 0) == 1 &&
	    SSL_CTX_set_cipher_list(context, TLS_1_2_CIPHERS) == 1 &&
	    SSL_CTX_set1_groups_list(context, GROUPS) == 1;
}

static bool
set_key_pair(SSL_CTX *context, const struct key_pair *files,
    struct context_error *error)
{
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(context, error);
	error->file = files->certificate;
	if (SSL_CTX_use_certificate_chain_file(context, files->certificate) !=
	    1)
		return false;
	error->file = files->key;
	if (SSL_CTX_use_PrivateKey_file(context, files->key,
		SSL_FILETYPE_PEM) != 1)
		return false;
	if (SSL_CTX_check_private_key(context) == 1)
		return true;
	error->text = "the certificate is for another kind of key";
	return false;
}

/* How it is called, which nobody sees from outside. */
static void
set_modes(SSL_CTX *context)
{
	/* Two buffers of 17 KiB less in a session that waits. */
	SSL_CTX_set_mode(context,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* SSL_read() is not to go on for as long as a client sends it key
	 * updates. */
	SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
}

/* The first random octets open what the later ones come from. */
static bool
start_random(void)
{
	unsigned char octet;

	return RAND_bytes(&octet, 1) == 1 && RAND_priv_bytes(&octet, 1) == 1;
}

SSL_CTX *
context_new(const struct key_pair *files, struct context_error *error)
{
	SSL_CTX *context = NULL;

	*error = (struct context_error){ 0 };
	/* openssl.cnf could weaken what is set here, and load anything. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
		    OPENSSL_INIT_NO_ATEXIT,
		NULL) == 1)
		context = SSL_CTX_new(TLS_server_method());
	if (context != NULL && set_protocol(context) && start_random() &&
	    set_key_pair(context, files, error)) {
		set_modes(context);
		return context;
	}
	if (error->text == NULL)
		error->text = problem_text("out of memory");
	SSL_CTX_free(context);
	return NULL;
}

const char *
context_out_of_date(const SSL_CTX *context)
{
	const X509 *certificate = SSL_CTX_get0_certificate(context);

	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		return "it has expired";
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		return "it is not valid yet";
	return NULL;
}
