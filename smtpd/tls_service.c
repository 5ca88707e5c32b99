#include "tls_service.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "signals.h"

static bool
is_socket_path(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

int
tls_service_socket(const char *path)
{
	if (!is_socket_path(path))
		return -1;
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static bool
read_exactly(int fd, char *octets, size_t length, struct timespec deadline)
{
	while (length > 0) {
		ssize_t got = signals_read(fd, octets, length, deadline);

		if (got <= 0)
			return false;
		octets += got;
		length -= (size_t)got;
	}
	return true;
}

/* It is connected already if there was no answer before. */
bool
tls_service_reach(int fd, const char *path, struct timespec deadline)
{
	static const char ready[] = "ready\r\n";
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char said[sizeof(ready) - 1];

	/* config.c has seen to it that there is room. */
	memcpy(name.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) == -1 &&
	    errno != EISCONN)
		return false;
	if (!read_exactly(fd, said, sizeof(said), deadline))
		return false;
	if (memcmp(said, ready, sizeof(said)) == 0)
		return true;
	/* Then nobody waits for it again. */
	shutdown(fd, SHUT_RDWR);
	errno = EPROTO;
	return false;
}

/* One octet, as no message may be empty, and a descriptor. */
static bool
pass(int to, int fd)
{
	char octet = 'T';
	struct iovec octets = { &octet, 1 };
	union {
		struct cmsghdr header;
		char octets[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
			  .cmsg_level = SOL_SOCKET,
			  .cmsg_type = SCM_RIGHTS } };
	struct msghdr message = { .msg_iov = &octets,
		.msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof(control.octets) };

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(to, &message, MSG_NOSIGNAL) == 1;
}

/* All processes of a user together may have as many descriptors on their way as
 * one of them may have open. Each is there but a moment, so it is tried again. */
static bool
pass_in_time(int to, int fd, struct timespec deadline)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	while (!pass(to, fd)) {
		if (errno != ETOOMANYREFS ||
		    !clock_before(clock_now(), deadline) ||
		    !signals_sleep(clock_add(clock_now(), pause)))
			return false;
	}
	return true;
}

static const char *
trouble(enum stream_result result)
{
	switch (result) {
	case STREAM_TIMEOUT:
		return "timed out";
	case STREAM_TERMINATED:
		return "terminated";
	case STREAM_EOF:
	case STREAM_ERROR:
		return "tarpit-tls has hung up";
	case STREAM_OK:
	case STREAM_BAD_LINE:
	case STREAM_TOO_LONG:
	case STREAM_ENDLESS:
		break;
	}
	return "no understandable answer";
}

bool
tls_service_start(const struct stream_ends *ends, struct stream *stream,
    struct tls_terms *terms, struct timespec deadline)
{
	enum stream_result result;
	struct span line;

	if (!pass_in_time(ends->input_fd, stream->input_fd, deadline)) {
		tls_terms_fail(terms,
		    span_of("the client cannot be passed on"));
		return false;
	}
	stream_move(stream, ends);
	result = stream_read_line(stream, deadline, &line);
	if (result == STREAM_OK)
		return tls_terms_parse(terms, line);
	tls_terms_fail(terms, span_of(trouble(result)));
	return false;
}
