/*
 * A client's connection: commands out, replies in. Whatever goes wrong ends
 * the program with a message.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <arpa/inet.h>
#include <sys/socket.h>

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct connection {
	int fd;
	size_t length;
	char input[4096];
};

static inline void
connection_open_bound(struct connection *c, unsigned short port,
    in_addr_t source)
{
	const struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(source) };
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	c->length = 0;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd == -1 ||
	    (source != INADDR_ANY &&
		bind(c->fd, (const struct sockaddr *)&from, sizeof(from)) ==
		    -1) ||
	    connect(c->fd, (const struct sockaddr *)&to, sizeof(to)) == -1)
		err(1, "port %u", port);
}

static inline void
connection_open(struct connection *c, unsigned short port)
{
	connection_open_bound(c, port, INADDR_ANY);
}

/* Takes the first line out of the input, if there is a whole one. */
static inline bool
connection_take_line(struct connection *c, char *line, size_t size)
{
	char *end = memchr(c->input, '\n', c->length);
	size_t length;

	if (end == NULL)
		return false;
	length = (size_t)(end - c->input);
	snprintf(line, size, "%.*s", (int)length, c->input);
	c->length -= length + 1;
	memmove(c->input, end + 1, c->length);
	return true;
}

/* Takes a reply out of the input, if there is a whole one. The code of its last
 * line must start as given. */
static inline bool
connection_take_reply(struct connection *c, const char *code)
{
	char line[512];

	while (connection_take_line(c, line, sizeof(line))) {
		if (strlen(line) > 3 && line[3] == '-')
			continue;
		if (strncmp(line, code, strlen(code)) != 0)
			errx(1, "not %s: %s", code, line);
		return true;
	}
	return false;
}

/* Waits for a reply. */
static inline void
connection_expect(struct connection *c, const char *code)
{
	ssize_t got;

	while (!connection_take_reply(c, code)) {
		got = read(c->fd, c->input + c->length,
		    sizeof(c->input) - c->length);
		if (got <= 0)
			err(1, "no reply %s", code);
		c->length += (size_t)got;
	}
}

static inline void
connection_send(const struct connection *c, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = send(c->fd, data, length, MSG_NOSIGNAL);

		if (n == -1)
			err(1, "send");
		data += n;
		length -= (size_t)n;
	}
}

static inline void
connection_say(const struct connection *c, const char *command)
{
	connection_send(c, command, strlen(command));
}

/* After QUIT: the server is the one that closes. */
static inline void
connection_close(struct connection *c)
{
	while (read(c->fd, c->input, sizeof(c->input)) > 0)
		continue;
	close(c->fd);
}

static inline double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
