#include "wait.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stddef.h>

#include "clock.h"

int
wait_for(struct pollfd *sockets, nfds_t count, const struct timespec *deadline)
{
	struct timespec left;
	int ready;

	do {
		if (deadline != NULL)
			left = clock_since(*deadline, clock_now());
		ready = ppoll(sockets, count, deadline == NULL ? NULL : &left,
		    NULL);
	} while (ready == -1 && errno == EINTR);
	return ready;
}

short
wait_event(int error)
{
	switch (error) {
	case SSL_ERROR_WANT_READ:
		return POLLIN;
	case SSL_ERROR_WANT_WRITE:
		return POLLOUT;
	default:
		return 0;
	}
}
