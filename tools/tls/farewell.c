#include "farewell.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "wait.h"

#define DISCARD_SECONDS 1

/* RFC 8446, 6.1. The client need not answer it. */
static bool
close_notify(SSL *tls, int client, const struct timespec *deadline)
{
	struct pollfd socket = { .fd = client };
	int result;

	while ((result = SSL_shutdown(tls)) < 0) {
		socket.events = wait_event(SSL_get_error(tls, result));
		if (socket.events == 0 || wait_for(&socket, 1, deadline) <= 0)
			return false;
	}
	return true;
}

static void
discard(int client)
{
	struct timespec deadline = clock_add(clock_now(),
	    (struct timespec){ .tv_sec = DISCARD_SECONDS });
	struct pollfd socket = { .fd = client, .events = POLLIN };
	char octets[4096];
	ssize_t length;

	while (wait_for(&socket, 1, &deadline) > 0) {
		length = read(client, octets, sizeof(octets));
		if (length == 0 || (length == -1 && errno != EAGAIN))
			return;
	}
}

void
farewell(SSL *tls, int client, const struct timespec *deadline)
{
	if (close_notify(tls, client, deadline) &&
	    shutdown(client, SHUT_WR) == 0)
		discard(client);
}
