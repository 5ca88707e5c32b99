#include "tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "setting.h"
#include "signals.h"
#include "ucspi_tls.h"

/* The local port; 0 if there is none. */
static unsigned
local_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	} name = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t length = sizeof(name);

	if (getsockname(fd, &name.any, &length) == -1)
		return 0;
	switch (name.any.sa_family) {
	case AF_INET:
		return ntohs(name.ipv4.sin_port);
	case AF_INET6:
		return ntohs(name.ipv6.sin6_port);
	default:
		return 0;
	}
}

static bool
is_socket_path(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* Makes the socket while that is allowed. Who connects it later does not wait
 * for room in the queue. */
static void
prepare_service(struct tls *tls, const char *path)
{
	int fd;

	if (!is_socket_path(path))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	tls->provider = TLS_SERVICE;
	tls->path = path;
	tls->ends = stream_own_ends(fd, fd);
}

void
tls_prepare(struct tls *tls, const struct config *config,
    const struct stream *stream)
{
	memset(tls, 0, sizeof(*tls));
	if (!stream->is_socket)
		return;
	tls->at_once = setting_has_port(config->tls_ports,
	    local_port(stream->input_fd));
	if (config->tls_control_fd == 0) {
		prepare_service(tls, config->tls_socket);
		return;
	}
	tls->provider = TLS_STARTER;
	tls->control_fd = config->tls_control_fd;
	tls->ends = stream_own_ends(config->tls_input_fd,
	    config->tls_output_fd);
}

void
tls_use(const struct tls *tls, struct sandbox_needs *needs)
{
	if (tls->provider == TLS_SERVICE)
		needs->tls_socket = tls->ends.input_fd;
}

bool
tls_is_offered(const struct tls *tls)
{
	return tls->provider != TLS_NOBODY && !tls->is_active;
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
static bool
reach_service(struct tls *tls, struct timespec deadline)
{
	static const char ready[] = "ready\r\n";
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char said[sizeof(ready) - 1];
	int fd = tls->ends.input_fd;

	/* config.c has seen to it that there is room. */
	memcpy(name.sun_path, tls->path, strlen(tls->path) + 1);
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

bool
tls_reach(struct tls *tls, struct timespec deadline)
{
	switch (tls->provider) {
	case TLS_NOBODY:
		break;
	case TLS_SERVICE:
		return reach_service(tls, deadline);
	case TLS_STARTER:
		return true;
	}
	errno = EPROTONOSUPPORT;
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
		break;
	}
	return "no understandable answer";
}

static bool
start_by_service(struct tls *tls, struct stream *stream,
    struct timespec deadline)
{
	enum stream_result result;
	struct span line;

	if (!pass(tls->ends.input_fd, stream->input_fd)) {
		tls_terms_fail(&tls->terms, span_of(strerror(errno)));
		return false;
	}
	stream_move(stream, &tls->ends);
	result = stream_read_line(stream, deadline, &line);
	if (result == STREAM_OK)
		return tls_terms_parse(&tls->terms, line);
	tls_terms_fail(&tls->terms, span_of(trouble(result)));
	return false;
}

static bool
start_by_starter(struct tls *tls, struct stream *stream,
    struct timespec deadline)
{
	if (!ucspi_tls_start(tls->control_fd, tls->ends.input_fd, &tls->terms,
		deadline)) {
		tls_terms_fail(&tls->terms, span_of(strerror(errno)));
		return false;
	}
	stream_move(stream, &tls->ends);
	return true;
}

bool
tls_start(struct tls *tls, struct stream *stream, struct timespec deadline)
{
	switch (tls->provider) {
	case TLS_NOBODY:
		break;
	case TLS_SERVICE:
		tls->is_active = start_by_service(tls, stream, deadline);
		break;
	case TLS_STARTER:
		tls->is_active = start_by_starter(tls, stream, deadline);
		break;
	}
	/* Nothing is said in plain text any more. */
	stream->broken = !tls->is_active;
	return tls->is_active;
}
