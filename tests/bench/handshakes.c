/*
 * How many sessions with STARTTLS a second a server takes: EHLO, STARTTLS, EHLO,
 * QUIT. Some clients have them one after the other for some seconds. All
 * servers are asked for the same: TLS 1.3, one key exchange, one cipher, and
 * nothing that an earlier session left.
 *
 * Usage: handshakes PORT CLIENTS SECONDS
 * Prints sessions a second.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "clients.h"
#include <netinet/tcp.h>

#define HELLO "EHLO client.test\r\n"

static SSL_CTX *context;

static void
tls_fails(const char *what)
{
	ERR_print_errors_fp(stderr);
	errx(1, "TLS: %s", what);
}

/* The certificate is nobody's; its signature is checked all the same. */
static void
make_context(void)
{
	context = SSL_CTX_new(TLS_client_method());
	if (context == NULL ||
	    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 ||
	    SSL_CTX_set1_groups_list(context, "X25519") != 1)
		tls_fails("context");
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

/* Neither side is to wait for an acknowledgement that the other delays: which
 * one would depends on whether the server sends tickets, and it would be 40 ms
 * of nothing. */
static void
hurry(const struct connection *c)
{
	int yes = 1;

	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof(yes));
}

static SSL *
shake_hands(const struct connection *c)
{
	SSL *tls = SSL_new(context);

	if (tls == NULL || SSL_set_fd(tls, c->fd) != 1 || SSL_connect(tls) != 1)
		tls_fails("handshake");
	return tls;
}

static void
say(SSL *tls, const struct connection *c, const char *command)
{
	hurry(c);
	if (SSL_write(tls, command, (int)strlen(command)) <= 0)
		tls_fails("write");
	hurry(c);
}

static void
expect(SSL *tls, struct connection *c, const char *code)
{
	size_t got;

	while (!connection_take_reply(c, code)) {
		if (SSL_read_ex(tls, c->input + c->length,
			sizeof(c->input) - c->length, &got) != 1)
			tls_fails("read");
		c->length += got;
	}
}

/* Another address each time: a source has its share of connections, and under
 * systemd one that ended counts until it is cleared away. */
static in_addr_t
source(unsigned long number)
{
	return 0x7f000001 + (in_addr_t)(number % 7 + 1) * 256 +
	    (in_addr_t)(number % 200);
}

static void
play(unsigned short port, unsigned long number, char **script)
{
	struct connection c;
	SSL *tls;

	(void)script;
	connection_open_bound(&c, port, source(number));
	connection_expect(&c, "220");
	connection_say(&c, HELLO);
	connection_expect(&c, "250");
	connection_say(&c, "STARTTLS\r\n");
	connection_expect(&c, "220");
	tls = shake_hands(&c);
	say(tls, &c, HELLO);
	expect(tls, &c, "250");
	say(tls, &c, "QUIT\r\n");
	expect(tls, &c, "221");
	SSL_shutdown(tls);
	SSL_free(tls);
	connection_close(&c);
}

int
main(int argc, char **argv)
{
	if (argc != 4)
		errx(2, "usage: handshakes PORT CLIENTS SECONDS");
	make_context();
	clients_run(play, (unsigned short)atoi(argv[1]), atoi(argv[2]),
	    atof(argv[3]), NULL);
	return 0;
}
