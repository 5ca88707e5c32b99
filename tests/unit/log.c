/* Records that are full, which no session can make. */
#include "log.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

static struct peer peer = { { IP_V4, 0xc0000201 }, "192.0.2.1", "4000" };

/* What a log with this destination writes for a record with so many values of
 * so many octets each. */
static size_t
written(int to, unsigned count, size_t length, char *output, size_t size)
{
	static char value[2 * LOG_RECORD_SIZE];
	struct log log = { .peer = &peer };
	struct log_record record;
	int pair[2];
	ssize_t got;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == -1)
		return 0;
	log.destination.to = to;
	log.destination.fd = pair[0];
	memset(value, 'v', sizeof(value));
	/* In the line it stands in quotes, and so takes more room there. */
	value[0] = ' ';
	log_begin(&record, LOG_REFUSED, "refused");
	for (unsigned i = 0; i < count; i++)
		log_put(&record, "FIELD", (struct span){ value, length });
	log_put_number(&record, "NUMBER", 7);
	log_send(&log, &record);
	got = recv(pair[1], output, size, MSG_DONTWAIT);
	close(pair[0]);
	close(pair[1]);
	return got == -1 ? 0 : (size_t)got;
}

static bool
ends_with(const char *output, size_t length, const char *end)
{
	size_t n = strlen(end);

	return length >= n && memcmp(output + length - n, end, n) == 0;
}

/* Few long values or many short ones, so that each boundary is met. */
static void
test_full(struct tap *t)
{
	static char output[4 * LOG_RECORD_SIZE];
	bool line_has_peer = true, line_fits = true, fields_have_peer = true;
	size_t longest = 0;

	for (size_t length = 0; length <= LOG_VALUE_MAX + 1; length++) {
		unsigned count = length < 8 ? 600 : 8;
		size_t n = written(LOG_TO_STDERR, count, length, output,
		    sizeof(output));

		line_has_peer &= ends_with(output, n,
		    " remote_addr=192.0.2.1 remote_port=4000\n");
		line_fits &= n <= PIPE_BUF;
		longest = n > longest ? n : longest;
		n = written(LOG_TO_JOURNAL, count, length, output,
		    sizeof(output));
		fields_have_peer &= ends_with(output, n,
		    "\nREMOTE_ADDR=192.0.2.1\nREMOTE_PORT=4000\n");
	}
	tap_ok(t, line_has_peer, "a full line has the peer at its end");
	tap_ok(t, line_fits, "and is written to a pipe in one piece");
	tap_ok(t, fields_have_peer, "a full record has the peer at its end");
	tap_ok(t, longest > PIPE_BUF - 256, "and there were full ones");
}

static void
test_left_out(struct tap *t)
{
	static char output[4 * LOG_RECORD_SIZE];
	size_t n = written(LOG_TO_STDERR, 5, LOG_VALUE_MAX, output,
	    sizeof(output) - 1);

	output[n] = '\0';
	tap_ok(t, strstr(output, "v\" number=7 remote_addr=") != NULL,
	    "a field for which there is no room is left out, and no other");
	n = written(LOG_TO_NOTHING, 1, 1, output, sizeof(output));
	tap_ok(t, n == 0, "where there is no log, nothing is written");
}

int
main(void)
{
	struct tap t = { 0 };

	test_full(&t);
	test_left_out(&t);
	return tap_done(&t);
}
