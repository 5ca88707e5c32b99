#include "handshake.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "problem.h"
#include "wait.h"

#define SECONDS_MAX 60
#define DISCARD_MAX 16 /* times */

static const char *
failure(int error, int cause)
{
	switch (error) {
	case SSL_ERROR_ZERO_RETURN:
		return "hung up";
	case SSL_ERROR_SYSCALL:
		return cause == 0 ? "hung up" : strerror(cause);
	default:
		return problem_text("protocol error");
	}
}

/* With octets unread, the kernel would tell the client of nothing but a reset,
 * and the alert would be lost. */
static void
discard_input(int client)
{
	char octets[1024];
	int times = 0;

	shutdown(client, SHUT_WR);
	while (read(client, octets, sizeof(octets)) > 0)
		if (++times == DISCARD_MAX)
			break;
}

/* The client's last message gets no answer, as there are no tickets, so the
 * kernel puts off its acknowledgement for 40 ms. A client with Nagle's algorithm
 * keeps its first command back until it has that. It need not be TCP. */
static void
acknowledge(int client)
{
	int on = 1;

	(void)setsockopt(client, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

enum handshake
handshake_do(SSL *tls, int client, int handler, const char **reason)
{
	struct pollfd sockets[] = { { .fd = client },
		{ .fd = handler, .events = POLLRDHUP } };
	struct timespec deadline = clock_add(clock_now(),
	    (struct timespec){ .tv_sec = SECONDS_MAX });

	for (;;) {
		int result, error, cause;

		ERR_clear_error();
		errno = 0;
		result = SSL_accept(tls);
		cause = errno;
		if (result == 1) {
			acknowledge(client);
			return HANDSHAKE_DONE;
		}
		error = SSL_get_error(tls, result);
		sockets[0].events = wait_event(error);
		if (sockets[0].events == 0) {
			*reason = failure(error, cause);
			break;
		}
		if (wait_for(sockets, 2, &deadline) <= 0) {
			*reason = "timeout";
			break;
		}
		if (sockets[1].revents != 0)
			return HANDSHAKE_UNWANTED;
	}
	discard_input(client);
	return HANDSHAKE_FAILED;
}
