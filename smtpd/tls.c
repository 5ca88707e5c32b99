#include "tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "setting.h"
#include "tls_service.h"
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

static void
use_starter(struct tls *tls, const struct config *config)
{
	tls->provider = TLS_STARTER;
	tls->control_fd = config->tls_control_fd;
	tls->ends = stream_own_ends(config->tls_input_fd,
	    config->tls_output_fd);
}

static void
use_service(struct tls *tls, const char *path)
{
	int fd = tls_service_socket(path);

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
	if (config->tls_control_fd != 0)
		use_starter(tls, config);
	else
		use_service(tls, config->tls_socket);
}

void
tls_use(const struct tls *tls, struct sandbox_needs *needs)
{
	if (tls->provider == TLS_SERVICE)
		needs->calls.tls_socket = tls->ends.input_fd;
}

bool
tls_is_offered(const struct tls *tls)
{
	return tls->provider != TLS_NOBODY && !tls->is_active;
}

bool
tls_reach(struct tls *tls, struct timespec deadline)
{
	switch (tls->provider) {
	case TLS_NOBODY:
		break;
	case TLS_SERVICE:
		return tls_service_reach(tls->ends.input_fd, tls->path,
		    deadline);
	case TLS_STARTER:
		return true;
	}
	/* The socket was not there when the connection came. */
	errno = ENOENT;
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
		tls->is_active = tls_service_start(&tls->ends, stream,
		    &tls->terms, deadline);
		break;
	case TLS_STARTER:
		tls->is_active = start_by_starter(tls, stream, deadline);
		break;
	}
	/* Nothing is said in plain text any more. */
	stream->broken = !tls->is_active;
	return tls->is_active;
}
