/* What a next hop says, as lines that end with CRLF. */
#include "nexthop_reply.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool good)
{
	if (!good)
		abort();
}

/* It goes to the client whole, as lines of printable ASCII. */
static void
must_be_safe(const struct nexthop_reply *r)
{
	char buffer[REPLY_MAX];
	struct text text = TEXT_IN(buffer);
	size_t lines = 0;

	must(r->reply.code >= 200 && r->reply.code <= 599);
	must((unsigned)(r->reply.status[0] - '0') == r->reply.code / 100);
	reply_write(&text, &r->reply);
	must(!text.overflow && text.length > 2);
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (c == '\r') {
			must(text.data[++i] == '\n');
			lines++;
			continue;
		}
		must(c >= ' ' && c <= '~');
	}
	must(memcmp(text.data + text.length - 2, "\r\n", 2) == 0);
	must(lines >= 1 && lines <= NEXTHOP_TEXT_LINES_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span left = { (const char *)data, size };
	struct nexthop_reply reply;

	nexthop_reply_start(&reply);
	while (left.length > 0) {
		const char *end = memmem(left.data, left.length, "\r\n", 2);
		struct span line = left;
		bool last = false;

		if (end != NULL)
			line.length = (size_t)(end - left.data);
		left = span_from(left, line.length + (end != NULL ? 2 : 0));
		nexthop_reply_extension(line);
		if (!nexthop_reply_take(&reply, line, &last))
			return 0;
		if (last) {
			must_be_safe(&reply);
			nexthop_reply_start(&reply);
		}
	}
	return 0;
}
