#include "relay_connect.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "signals.h"

static const struct timespec retry_interval = { .tv_nsec = 20000000 };

/* Waits for a connection that is under way. */
static int
finish(int fd, struct timespec until)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };
	socklen_t length = sizeof(int);
	int error, ready;

	do {
		ready = signals_poll(&writable, 1, until);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0)
		errno = ETIMEDOUT;
	if (ready <= 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
		return -1;
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Returns false, and leaves errno alone, if it would be too late then. */
static bool
pause_before_retry(struct timespec until)
{
	struct timespec next = clock_add(clock_now(), retry_interval);

	if (!clock_before(next, until))
		return false;
	signals_poll(NULL, 0, next);
	return true;
}

/* With TCP, the kernel tries again when the other side's queue is full. A local
 * socket then says EAGAIN, and nothing tells when there is room. */
static int
try(int fd, const struct relay_target *target, struct timespec until)
{
	while (connect(fd, &target->address.any, target->length) != 0) {
		if (errno == EINPROGRESS)
			return finish(fd, until);
		if (errno != EAGAIN || !pause_before_retry(until))
			return -1;
	}
	return 0;
}

int
relay_connect(const struct relay_target *target, struct timespec until)
{
	int fd = socket(target->address.any.sa_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return -1;
	if (try(fd, target, until) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}
