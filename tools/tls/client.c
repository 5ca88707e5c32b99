#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* The one descriptor of the message, -1 if there is none or another one. */
static int
descriptor_in(struct msghdr *message)
{
	const struct cmsghdr *part = CMSG_FIRSTHDR(message);
	int fd;

	if (part == NULL || (message->msg_flags & MSG_CTRUNC) != 0 ||
	    part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS ||
	    part->cmsg_len != CMSG_LEN(sizeof(fd)))
		return -1;
	memcpy(&fd, CMSG_DATA(part), sizeof(fd));
	return fd;
}

static int
receive(int handler)
{
	char octets[2]; /* one too many */
	struct iovec into = { octets, sizeof(octets) };
	union {
		struct cmsghdr alignment;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &into,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t length;

	do
		length = recvmsg(handler, &message, MSG_CMSG_CLOEXEC);
	while (length == -1 && errno == EINTR);
	if (length != 1 || octets[0] != 'T')
		return -1;
	return descriptor_in(&message);
}

int
client_receive(int handler)
{
	int fd = receive(handler), flags, on = 1;

	if (fd == -1)
		return -1;
	flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return -1;
	/* What is written here is always all that there is to say. It need not
	 * be TCP. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}
