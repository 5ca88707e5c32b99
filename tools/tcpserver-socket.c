/*
 * Makes tcpserver take the listening socket that systemd passes it
 * (sd_listen_fds(3)) in place of one that it makes. So the service needs no
 * capability for port 25, and may be confined where it could not bind a port.
 * tcpserver is preloaded with this; see tarpit-smtpd-tcpserver.service.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LISTEN_FD 3

/* systemd has passed exactly one socket. The handlers that tcpserver starts are
 * linked statically and never see this. */
static int
is_passed(void)
{
	const char *count = getenv("LISTEN_FDS");

	return count != NULL && strcmp(count, "1") == 0;
}

/* tcpserver makes one socket, and it is this one. */
int
socket(int domain, int type, int protocol)
{
	(void)domain;
	(void)type;
	(void)protocol;
	return is_passed() ? LISTEN_FD : -1;
}

int
bind(int fd, const struct sockaddr *address, socklen_t length)
{
	(void)address;
	(void)length;
	return fd == LISTEN_FD ? 0 : -1;
}

int
listen(int fd, int backlog)
{
	(void)backlog;
	return fd == LISTEN_FD ? 0 : -1;
}
