/*
 * The least that a server with STARTTLS can do: it takes each command for the
 * one that must come, and the library is in the process that serves.
 *
 * Usage: minimal-tls CERTIFICATE KEY [PORT]
 * Serves the connection that is its stdin; or listens, and forks for each
 * connection with everything loaded, which is the limit for servers with a
 * process for each.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "connection.h"
#include <netinet/tcp.h>
#include <signal.h>

static SSL_CTX *
load(const char *certificate, const char *key)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL || SSL_CTX_set_num_tickets(context, 0) != 1 ||
	    SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
		ERR_print_errors_fp(stderr);
		errx(1, "certificate and key");
	}
	return context;
}

static bool
answer(int fd, const char *reply)
{
	char command[512];

	return read(fd, command, sizeof(command)) > 0 &&
	    write(fd, reply, strlen(reply)) != -1;
}

static bool
answer_secretly(SSL *tls, const char *reply)
{
	char command[512];

	return SSL_read(tls, command, sizeof(command)) > 0 &&
	    SSL_write(tls, reply, (int)strlen(reply)) > 0;
}

static void
serve(SSL_CTX *context, int fd)
{
	SSL *tls = SSL_new(context);
	int yes = 1;

	/* The last reply and the end are two writes. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (tls != NULL && SSL_set_fd(tls, fd) == 1 &&
	    write(fd, "220 mx.bench.test ESMTP\r\n", 25) == 25 &&
	    answer(fd, "250-mx.bench.test\r\n250 STARTTLS\r\n") &&
	    answer(fd, "220 2.0.0 Go on\r\n") && SSL_accept(tls) == 1 &&
	    answer_secretly(tls, "250 mx.bench.test\r\n") &&
	    answer_secretly(tls, "221 2.0.0 Goodbye\r\n"))
		SSL_shutdown(tls);
}

static void
serve_all(SSL_CTX *context, unsigned short port)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd, listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (const struct sockaddr *)&name, sizeof(name)) ==
		-1 ||
	    listen(listener, SOMAXCONN) == -1)
		err(1, "port %u", port);
	signal(SIGCHLD, SIG_IGN);
	while ((fd = accept(listener, NULL, NULL)) != -1) {
		if (fork() == 0) {
			serve(context, fd);
			_exit(0);
		}
		close(fd);
	}
	err(1, "accept");
}

int
main(int argc, char **argv)
{
	SSL_CTX *context;

	if (argc != 3 && argc != 4)
		errx(2, "usage: minimal-tls CERTIFICATE KEY [PORT]");
	context = load(argv[1], argv[2]);
	if (argc == 4)
		serve_all(context, (unsigned short)atoi(argv[3]));
	serve(context, STDIN_FILENO);
	return 0;
}
