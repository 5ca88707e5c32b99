#include "carry.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buffer.h"
#include "clock.h"
#include "farewell.h"
#include "wait.h"

/* For the last words of the handler. */
#define LAST_SECONDS 5
/* How long a handler may leave the last words of a client that is gone. */
#define IDLE_NANOSECONDS 50000000L

struct carrier {
	SSL *tls;
	int client, handler;
	struct buffer to_client, to_handler;
	short read_event, write_event; /* what TLS waits for */

	/* It has closed, or will say no more; there may be more to read. */
	bool client_hung_up, handler_hung_up;
	bool client_ended, handler_ended; /* nothing more to read */
	bool client_dead;		  /* no more TLS with it */
	bool handler_told;		  /* that the client has ended */
	struct timespec last_moment;	  /* if the handler has hung up */
};

static bool
would_block(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static void
handler_hangs_up(struct carrier *c)
{
	if (c->handler_hung_up)
		return;
	c->handler_hung_up = true;
	c->last_moment = clock_add(clock_now(),
	    (struct timespec){ .tv_sec = LAST_SECONDS });
}

static void
read_handler(struct carrier *c)
{
	ssize_t length;

	if (c->handler_ended || !buffer_is_empty(&c->to_client))
		return;
	length = read(c->handler, c->to_client.octets, BUFFER_SIZE);
	if (length > 0) {
		buffer_fill(&c->to_client, (size_t)length);
	} else if (length == 0 || !would_block()) {
		c->handler_ended = true;
		handler_hangs_up(c);
	}
}

static void
write_handler(struct carrier *c)
{
	struct buffer *b = &c->to_handler;
	ssize_t length;

	if (buffer_is_empty(b))
		return;
	length = write(c->handler, b->octets + b->start, b->end - b->start);
	if (length >= 0)
		buffer_take(b, (size_t)length);
	else if (!would_block())
		buffer_fill(b, 0); /* nobody reads it any more */
}

/* After an error that TLS cannot go on from; the library has sent the alert. */
static void
client_dies(struct carrier *c)
{
	c->client_dead = c->client_ended = c->client_hung_up = true;
	buffer_fill(&c->to_client, 0);
}

static void
read_client(struct carrier *c)
{
	int length, error;

	if (c->client_ended || !buffer_is_empty(&c->to_handler))
		return;
	ERR_clear_error();
	length = SSL_read(c->tls, c->to_handler.octets, BUFFER_SIZE);
	if (length > 0) {
		buffer_fill(&c->to_handler, (size_t)length);
		return;
	}
	error = SSL_get_error(c->tls, length);
	c->read_event = wait_event(error);
	if (c->read_event != 0)
		return;
	if (error == SSL_ERROR_ZERO_RETURN)
		c->client_ended = c->client_hung_up = true;
	else
		client_dies(c);
}

static void
write_client(struct carrier *c)
{
	struct buffer *b = &c->to_client;
	int length;

	if (buffer_is_empty(b))
		return;
	ERR_clear_error();
	length = SSL_write(c->tls, b->octets + b->start,
	    (int)(b->end - b->start));
	if (length > 0) {
		buffer_take(b, (size_t)length);
		return;
	}
	c->write_event = wait_event(SSL_get_error(c->tls, length));
	if (c->write_event == 0)
		client_dies(c);
}

static void
tell_handler(struct carrier *c)
{
	if (c->handler_told || !c->client_ended ||
	    !buffer_is_empty(&c->to_handler))
		return;
	shutdown(c->handler, SHUT_WR);
	c->handler_told = true;
}

/* Whether there is nothing more to carry. */
static bool
is_over(const struct carrier *c)
{
	if (c->client_dead)
		return buffer_is_empty(&c->to_handler);
	return c->handler_ended && buffer_is_empty(&c->to_client);
}

/* A side that waits for nothing is not watched: its hang-up, once seen, would
 * be reported again and again. */
static struct pollfd
watch(int fd, short events)
{
	return (struct pollfd){ .fd = events == 0 ? -1 : fd, .events = events };
}

static short
client_events(const struct carrier *c)
{
	int events = c->client_hung_up ? 0 : POLLRDHUP;

	if (!c->client_ended && buffer_is_empty(&c->to_handler))
		events |= c->read_event;
	if (!buffer_is_empty(&c->to_client))
		events |= c->write_event;
	return (short)events;
}

static short
handler_events(const struct carrier *c)
{
	int events = c->handler_hung_up ? 0 : POLLRDHUP;

	if (!c->handler_ended && buffer_is_empty(&c->to_client))
		events |= POLLIN;
	if (!buffer_is_empty(&c->to_handler))
		events |= POLLOUT;
	return (short)events;
}

static const struct timespec *
earliest(const struct timespec *a, const struct timespec *b)
{
	if (a == NULL || b == NULL)
		return a == NULL ? b : a;
	return clock_before(*a, *b) ? a : b;
}

/* Until something can be moved. Returns false when it is too late. */
static bool
wait_to_move(struct carrier *c)
{
	const short hang_up = POLLRDHUP | POLLHUP | POLLERR;
	struct pollfd sockets[] = { watch(c->client, client_events(c)),
		watch(c->handler, handler_events(c)) };
	struct timespec now = clock_now();
	struct timespec idle = clock_add(now,
	    (struct timespec){ .tv_nsec = IDLE_NANOSECONDS });

	if (c->handler_hung_up && !clock_before(now, c->last_moment))
		return false;
	if (wait_for(sockets, 2,
		earliest(c->client_hung_up && !c->handler_told ? &idle : NULL,
		    c->handler_hung_up ? &c->last_moment : NULL)) <= 0)
		return false;
	if ((sockets[0].revents & hang_up) != 0)
		c->client_hung_up = true;
	if ((sockets[1].revents & hang_up) != 0)
		handler_hangs_up(c);
	return true;
}

void
carry(SSL *tls, int client, int handler)
{
	/* Not on the stack, which hardening touches page by page: a session that
	 * says little takes little. */
	static unsigned char to_client[BUFFER_SIZE], to_handler[BUFFER_SIZE];
	struct carrier c = { .tls = tls,
		.client = client,
		.handler = handler,
		.to_client.octets = to_client,
		.to_handler.octets = to_handler,
		.read_event = POLLIN,
		.write_event = POLLOUT };

	do {
		read_handler(&c);
		write_client(&c);
		read_client(&c);
		write_handler(&c);
		tell_handler(&c);
		if (is_over(&c)) {
			if (!c.client_dead)
				farewell(tls, client, &c.last_moment);
			return;
		}
	} while (wait_to_move(&c));
}
