#include "nexthop.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "clock.h"
#include "relay_connect.h"

void
nexthop_init(struct nexthop *n, const struct nexthop_setup *setup)
{
	n->setup = setup;
	n->connected = false;
	n->trouble = "was not reached";
	n->error = 0;
}

void
nexthop_start_clock(struct nexthop *n)
{
	n->deadline = clock_add(clock_now(), n->setup->timeout);
}

void
nexthop_close(struct nexthop *n)
{
	if (!n->connected)
		return;
	close(n->stream.input_fd);
	n->connected = false;
	n->trouble = "was left";
	n->error = 0;
}

static enum nexthop_answer
lose(struct nexthop *n, const char *trouble, int error)
{
	nexthop_close(n);
	n->trouble = trouble;
	n->error = error;
	return NEXTHOP_LOST;
}

bool
nexthop_is_ready(const struct nexthop *n)
{
	struct pollfd readable = { .fd = n->stream.input_fd, .events = POLLIN };

	return n->connected && !n->stream.broken &&
	    n->stream.start == n->stream.end && poll(&readable, 1, 0) == 0;
}

bool
nexthop_require_ready(struct nexthop *n)
{
	bool ready = nexthop_is_ready(n);

	if (n->connected && !ready)
		lose(n, "has hung up or spoken out of turn", 0);
	return ready;
}

void
nexthop_say(struct nexthop *n, struct span octets)
{
	if (n->connected)
		stream_write(&n->stream, octets, n->deadline);
}

static void
say_text(struct nexthop *n, const char *text)
{
	nexthop_say(n, span_of(text));
}

/* What reading a line ended with, if it is no line. */
static enum nexthop_answer
lose_reading(struct nexthop *n, enum stream_result result)
{
	switch (result) {
	case STREAM_TIMEOUT:
		return lose(n, "does not answer in time", 0);
	case STREAM_EOF:
	case STREAM_ERROR:
	case STREAM_TERMINATED:
		return lose(n, "has hung up", 0);
	case STREAM_OK:
	case STREAM_BAD_LINE:
	case STREAM_TOO_LONG:
	case STREAM_ENDLESS:
		break;
	}
	return lose(n, "says what is no reply", 0);
}

/* Reads a reply; its lines behind the first go to each_line as well. */
static enum nexthop_answer
read_reply(struct nexthop *n, void (*each_line)(struct nexthop *, struct span))
{
	bool last = false;

	/* Lost already; why is known. */
	if (!n->connected)
		return NEXTHOP_LOST;
	if (n->stream.output_length > 0 && !nexthop_require_ready(n))
		return NEXTHOP_LOST;
	nexthop_reply_start(&n->answer);
	while (!last) {
		struct span line;
		enum stream_result result = stream_read_line(&n->stream,
		    n->deadline, &line);

		if (result != STREAM_OK ||
		    !nexthop_reply_take(&n->answer, line, &last))
			return lose_reading(n, result);
		if (n->answer.lines > 1 && each_line != NULL && line.length > 4)
			each_line(n, span_from(line, 4));
	}
	switch (n->answer.reply.code / 100) {
	case 2:
		return NEXTHOP_YES;
	case 3:
		return NEXTHOP_GO_ON;
	case 4:
		return NEXTHOP_LATER;
	default:
		return NEXTHOP_NO;
	}
}

enum nexthop_answer
nexthop_listen(struct nexthop *n)
{
	return read_reply(n, NULL);
}

static void
take_extension(struct nexthop *n, struct span line)
{
	n->extensions |= nexthop_reply_extension(line);
}

static enum nexthop_answer
say_hello(struct nexthop *n)
{
	n->extensions = 0;
	say_text(n, n->setup->lmtp ? "LHLO " : "EHLO ");
	say_text(n, n->setup->hostname);
	say_text(n, "\r\n");
	return read_reply(n, take_extension);
}

static bool
offers(const struct nexthop *n, enum nexthop_extension extension)
{
	return (n->extensions & extension) != 0;
}

/*
 * Postfix's XCLIENT: the client's address instead of ours. The name that goes
 * with our address is not the client's, whose name nobody has looked up.
 */
static enum nexthop_answer
say_xclient(struct nexthop *n)
{
	const struct peer *client = n->setup->client;
	enum nexthop_answer answer;

	if (client == NULL || client->text[0] == '\0' ||
	    !offers(n, NEXTHOP_XCLIENT_ADDR))
		return NEXTHOP_YES;
	say_text(n,
	    client->address.family == IP_V6 ? "XCLIENT ADDR=IPV6:"
					    : "XCLIENT ADDR=");
	say_text(n, client->text);
	if (offers(n, NEXTHOP_XCLIENT_NAME))
		say_text(n, " NAME=[UNAVAILABLE]");
	if (client->port[0] != '\0' && offers(n, NEXTHOP_XCLIENT_PORT)) {
		say_text(n, " PORT=");
		say_text(n, client->port);
	}
	say_text(n, "\r\n");
	answer = nexthop_listen(n);
	/* The server greets anew and has forgotten what was said. */
	return answer == NEXTHOP_YES ? say_hello(n) : answer;
}

enum nexthop_answer
nexthop_open(struct nexthop *n)
{
	enum nexthop_answer answer;
	int fd;

	nexthop_close(n);
	fd = relay_connect(&n->setup->target, n->deadline);
	if (fd < 0)
		return lose(n, "cannot be reached", errno);
	stream_open_socket(&n->stream, fd);
	n->connected = true;
	answer = nexthop_listen(n);
	if (answer == NEXTHOP_YES)
		answer = say_hello(n);
	if (answer == NEXTHOP_YES)
		answer = say_xclient(n);
	if (answer == NEXTHOP_GO_ON)
		answer = lose(n, "says what is no reply", 0);
	if (answer != NEXTHOP_YES)
		nexthop_close(n);
	return answer;
}

void
nexthop_say_goodbye(struct nexthop *n)
{
	nexthop_start_clock(n);
	say_text(n, "QUIT\r\n");
	stream_flush(&n->stream, n->deadline);
}
