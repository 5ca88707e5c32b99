#include "message.h"

#include <stdlib.h>

#include "tap.h"

#define TEXT_MAX 4096

/* What a decoder made of a text. */
struct result {
	enum message_fault fault;
	bool ended;
	uint64_t size;
	size_t used;
	size_t length;
	char output[TEXT_MAX];
};

/* Decodes one piece that stands alone in memory, as its output does, so that
 * the sanitizer sees who leaves them. */
static void
decode_piece(struct message *m, struct span piece, struct result *r)
{
	char *input = malloc(piece.length);
	char *output = malloc(piece.length);
	size_t length = 0;

	if (input == NULL || output == NULL)
		abort();
	memcpy(input, piece.data, piece.length);
	r->used += message_decode(m, (struct span){ input, piece.length },
	    output, &length);
	if (r->length + length > sizeof(r->output))
		abort();
	memcpy(r->output + r->length, output, length);
	r->length += length;
	free(input);
	free(output);
}

/* Decodes a text that is cut behind every so many octets, the first piece
 * being of another length. */
static struct result
decode(struct span text, uint64_t limit, size_t first, size_t each)
{
	struct result r = { .fault = MESSAGE_FINE };
	struct message m;
	size_t at = 0, length = first;

	message_start(&m, limit);
	while (at < text.length && !m.ended) {
		if (length > text.length - at)
			length = text.length - at;
		if (length > 0)
			decode_piece(&m,
			    (struct span){ text.data + at, length }, &r);
		at += length;
		length = each;
	}
	r.fault = m.fault;
	r.ended = m.ended;
	r.size = m.size;
	return r;
}

/* What was written of a text with a fault does not matter. */
static bool
is_same(const struct result *a, const struct result *b)
{
	return a->fault == b->fault && a->ended == b->ended &&
	    a->size == b->size && a->used == b->used &&
	    (a->fault != MESSAGE_FINE ||
		span_equal((struct span){ a->output, a->length },
		    (struct span){ b->output, b->length }));
}

/* Whether the text in two pieces, wherever it is cut, and octet by octet is
 * the same as in one. */
static bool
is_same_when_cut(struct span text, uint64_t limit)
{
	struct result whole = decode(text, limit, text.length, 1);
	struct result octets = decode(text, limit, 1, 1);

	for (size_t i = 0; i < text.length; i++) {
		struct result cut = decode(text, limit, i, text.length);

		if (!is_same(&cut, &whole)) {
			printf("# not the same when cut at %zu\n", i);
			return false;
		}
	}
	return is_same(&octets, &whole);
}

/* The input is all used, or all but what follows the end. */
struct text_case {
	const char *name;
	struct span input;
	struct span output;
	struct span rest;
	enum message_fault fault;
	bool goes_on;
};

#define FINE(name, input, output) REST(name, input, output, "")
#define REST(name, input, output, rest)                                 \
	{                                                               \
		name, OCTETS(input rest), OCTETS(output), OCTETS(rest), \
		    MESSAGE_FINE, false                                 \
	}
#define MORE(name, input, output)                                              \
	{                                                                      \
		name, OCTETS(input), OCTETS(output), OCTETS(""), MESSAGE_FINE, \
		    true                                                       \
	}
#define FAULT(name, input, fault)                                        \
	{                                                                \
		name, OCTETS(input "\r\n.\r\n"), OCTETS(""), OCTETS(""), \
		    fault, false                                         \
	}
#define BARE(name, input) FAULT(name, input, MESSAGE_BARE_LINE_END)
#define NULS(name, input) FAULT(name, input, MESSAGE_NUL)

static const struct text_case texts[] = {
	FINE("an empty text ends at once", ".\r\n", ""),
	FINE("an empty line is a line", "\r\n.\r\n", "\n"),
	FINE("CRLF becomes LF", "a\r\nb\r\n.\r\n", "a\nb\n"),
	FINE("a stuffed dot is taken off", "..a\r\n...\r\n..\r\n.\r\n",
	    ".a\n..\n.\n"),
	FINE("one dot before text is taken off", ".a\r\n.\r\n", "a\n"),
	FINE("dots inside a line stay", "a.\r\na..b\r\n.\r\n", "a.\na..b\n"),
	FINE("a dot and a space are no end", ". \r\n.\r\n", " \n"),
	FINE("octets outside ASCII and controls pass",
	    "\x01\t\x7f\x80\xff\r\n.\r\n", "\x01\t\x7f\x80\xff\n"),
	REST("what follows the end is not used", "a\r\n.\r\n", "a\n",
	    "QUIT\r\n"),
	REST("a second end is not used", ".\r\n", "", ".\r\n"),
	MORE("no octet is no end", "", ""),
	MORE("text alone is no end", "a", "a"),
	MORE("a dot alone is no end", ".", ""),
	MORE("a dot and CR are no end", ".\r", ""),
	MORE("a dot behind text is no end", "a.\r\n", "a.\n"),
	MORE("two dots are no end", "..\r\n", ".\n"),
	MORE("CR is held back", "a\r", "a"),

	BARE("LF . LF is no end", "a\n.\nb"),
	BARE("LF . CRLF is no end", "a\n.\r\nb"),
	BARE("CRLF . LF is no end", "a\r\n.\nb"),
	BARE("CR . CR is no end", "a\r.\rb"),
	BARE("CRLF . CR is no end", "a\r\n.\rb"),
	BARE("CR . LF is no end", "a\r.\nb"),
	BARE("CR . CRLF is no end", "a\r.\r\nb"),
	BARE(". CRCRLF is no end", "a\r\n.\r\r\nb"),
	BARE(". CRCRLF is no end, though another follows",
	    "a\r\n.\r\r\n..\r\nb"),
	BARE("CR NUL LF is no end of a line", "a\r\0\n.\r\0\nb"),
	BARE("CRLF . CR NUL LF is no end", "a\r\n.\r\0\nb"),
	BARE("LF CR . LF CR is no end", "a\n\r.\n\rb"),
	BARE("CRLF . LFCR is no end", "a\r\n.\n\rb"),
	BARE(". LF is no end of an empty text", ".\nb"),
	BARE(". CR is no end of an empty text", ".\rb"),
	BARE(". CRCRLF is no end of an empty text", ".\r\r\nb"),
	BARE("CR is bare inside a line", "a\rb"),
	BARE("LF is bare inside a line", "a\nb"),
	BARE("LF is bare at the start", "\n"),
	BARE("CR is bare at the start", "\rb"),
	BARE("CR is bare before CRLF", "a\r"),
	BARE("LF is bare behind CRLF", "a\r\n\nb"),
	BARE("LFCR is bare", "a\n\rb"),
	BARE("a bare CR comes before a NUL", "\r\0"),
	NULS("a NUL is a fault", "a\0b"),
	NULS("a NUL is a fault at the start", "\0"),
	NULS("a NUL is a fault behind a dot", ".\0"),
	NULS("a NUL comes before a bare LF", "\0\n"),
	NULS("CRLF NUL . CRLF is no end", "a\r\n\0.\r\nb"),
	NULS("CRLF . NUL CRLF is no end", "a\r\n.\0\r\nb"),
};

static bool
is_as_expected(const struct text_case *c)
{
	struct result r = decode(c->input, 0, c->input.length, 1);

	if (r.fault != c->fault || r.ended == c->goes_on ||
	    r.used != c->input.length - c->rest.length)
		return false;
	return c->fault != MESSAGE_FINE ||
	    span_equal((struct span){ r.output, r.length }, c->output);
}

static void
test_texts(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct text_case *c = &texts[i];

		tap_ok(tap, is_as_expected(c), c->name);
		tap_okf(tap, is_same_when_cut(c->input, 0),
		    "%s, wherever it is cut", c->name);
	}
}

/* How many octets a text has up to its end, by nothing but a search for CRLF
 * "." CRLF behind a CRLF. */
static size_t
length_to_end(struct span text, bool *ended)
{
	char all[TEXT_MAX + 2] = "\r\n";
	const char *end;

	memcpy(all + 2, text.data, text.length);
	end = memmem(all, text.length + 2, "\r\n.\r\n", 5);
	*ended = end != NULL;
	return end != NULL ? (size_t)(end - all) + 3 : text.length;
}

static enum message_fault
first_fault(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (c == '\0')
			return MESSAGE_NUL;
		if (c == '\r' && i + 1 < text.length &&
		    text.data[i + 1] != '\n')
			return MESSAGE_BARE_LINE_END;
		if (c == '\n' && (i == 0 || text.data[i - 1] != '\r'))
			return MESSAGE_BARE_LINE_END;
	}
	return MESSAGE_FINE;
}

/* A second decoder, as plain as can be: it has the whole text at hand. */
static struct result
decode_plainly(struct span text)
{
	struct result r = { .fault = MESSAGE_FINE };
	bool line_start = true;

	r.used = length_to_end(text, &r.ended);
	r.fault = first_fault((struct span){ text.data, r.used });
	text.length = r.ended ? r.used - 3 : r.used;
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if ((line_start && c == '.') || c == '\r') {
			line_start = false;
			continue;
		}
		r.output[r.length++] = c;
		line_start = c == '\n';
	}
	return r;
}

static bool
is_same_as_plain(struct span text, size_t first, size_t each)
{
	struct result r = decode(text, 0, first, each);
	struct result plain = decode_plainly(text);

	plain.size = r.size;
	return is_same(&r, &plain);
}

/* Every text of up to seven octets out of those that mean something. */
static void
test_all_short_texts(struct tap *tap)
{
	static const char alphabet[5] = "\r\n.x\0";
	char text[7];

	for (size_t length = 1; length <= sizeof(text); length++) {
		unsigned total = 1, bad = 0;

		for (size_t i = 0; i < length; i++)
			total *= sizeof(alphabet);
		for (unsigned n = 0; n < total; n++) {
			unsigned rest = n;
			struct span s = { text, length };

			for (size_t i = 0; i < length; i++) {
				text[i] = alphabet[rest % sizeof(alphabet)];
				rest /= sizeof(alphabet);
			}
			if (!is_same_as_plain(s, length, 1) ||
			    !is_same_as_plain(s, 1, 1))
				bad++;
		}
		tap_okf(tap, bad == 0,
		    "all %u texts of %zu octets are decoded well", total,
		    length);
	}
}

static unsigned
next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* Long texts with all kinds of octets, as they are looked at eight at a time:
 * runs of plain text, line ends, dots, now and then something bad. */
static void
test_random_texts(struct tap *tap)
{
	unsigned seed = 1, bad = 0, faults = 0;

	for (int i = 0; i < 20000; i++) {
		char text[256];
		size_t length = 0, wanted = 1 + next_random(&seed) % 250;
		size_t first, each;

		while (length < wanted) {
			unsigned kind = next_random(&seed) % 200;

			if (kind == 0)
				text[length++] =
				    "\r\n\0"[next_random(&seed) % 3];
			else if (kind < 10)
				text[length++] = '.';
			else if (kind < 20) {
				text[length++] = '\r';
				text[length++] = '\n';
			} else if (kind < 100)
				text[length++] = (char)(' ' + kind);
			else
				text[length++] = (char)(14 + kind);
		}
		first = next_random(&seed) % (length + 1);
		each = 1 + next_random(&seed) % 40;
		if (!is_same_as_plain((struct span){ text, length }, first,
			each))
			bad++;
		if (first_fault((struct span){ text, length }) != MESSAGE_FINE)
			faults++;
	}
	tap_okf(tap, bad == 0, "20000 long texts are decoded well");
	tap_okf(tap, faults > 5000 && faults < 15000,
	    "some of them have a fault, and some have none");
}

/* Each octet at each place of a word of eight. */
static void
test_every_octet(struct tap *tap)
{
	unsigned bad = 0;

	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < 24; at++) {
			char text[32];

			memset(text, 'x', sizeof(text));
			text[at] = (char)c;
			if (!is_same_as_plain((struct span){ text, 32 }, 32, 1))
				bad++;
		}
	tap_ok(tap, bad == 0, "every octet is told at every place");
}

static void
test_sizes(struct tap *tap)
{
	static const struct {
		struct span input;
		uint64_t size;
	} cases[] = {
		{ OCTETS(".\r\n"), 0 },
		{ OCTETS("\r\n.\r\n"), 2 },
		{ OCTETS("12345678\r\n.\r\n"), 10 },
		{ OCTETS("..\r\n.a\r\n..b\r\n.\r\n"), 10 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span input = cases[i].input;
		uint64_t size = cases[i].size;
		char shown[100];

		tap_show(shown, sizeof(shown), input);
		tap_okf(tap, decode(input, 0, 1, 1).size == size,
		    "the size of %s is %u", shown, (unsigned)size);
		tap_okf(tap, decode(input, size, 1, 1).fault == MESSAGE_FINE,
		    "%s is as large as it may be", shown);
		tap_okf(tap, is_same_when_cut(input, size),
		    "%s is so wherever it is cut", shown);
		if (size < 2)
			continue;
		tap_okf(tap,
		    decode(input, size - 1, input.length, 1).fault ==
			MESSAGE_TOO_LARGE,
		    "%s is too large by one octet", shown);
		tap_okf(tap, is_same_when_cut(input, size - 1),
		    "%s is too large wherever it is cut", shown);
		tap_okf(tap, decode(input, size - 1, input.length, 1).ended,
		    "%s is followed to its end though too large", shown);
	}
	tap_ok(tap,
	    decode(SPAN("12345\0\r\n.\r\n"), 4, 99, 1).fault ==
		MESSAGE_TOO_LARGE,
	    "of two faults the first counts, which is the size");
	tap_ok(tap,
	    decode(SPAN("\n12345\r\n.\r\n"), 4, 99, 1).fault ==
		MESSAGE_BARE_LINE_END,
	    "of two faults the first counts, which is the line end");
}

/* A message whose header has so many fields of hops, and then a text. */
static struct span
make_hops(char *buffer, size_t size, unsigned hops, struct span behind)
{
	struct text text = { .data = buffer, .size = size };

	while (hops-- > 0)
		text_put(&text, "Received: from x\r\n");
	text_put_span(&text, behind);
	text_put(&text, "\r\n\r\nbody\r\n.\r\n");
	if (text.overflow)
		abort();
	return text_span(&text);
}

static void
test_hops(struct tap *tap)
{
	static const struct {
		struct span behind;
		bool is_hop;
	} cases[] = {
		{ OCTETS("Received: x"), true },
		{ OCTETS("Received:"), true },
		{ OCTETS("RECEIVED:x"), true },
		{ OCTETS("receIVed: x"), true },
		{ OCTETS("Received : x"), true },
		{ OCTETS("Received \t : x"), true },
		{ OCTETS(".Received: x"), true }, /* a stuffed dot */
		{ OCTETS("Subject: x\r\n continued\r\nReceived: x"), true },
		{ OCTETS(" Received: x"), false },
		{ OCTETS("\tReceived: x"), false },
		{ OCTETS("..Received: x"), false },
		{ OCTETS("Received"), false },
		{ OCTETS("Received x:"), false },
		{ OCTETS("Rec eived:"), false },
		{ OCTETS("Receive: x"), false },
		{ OCTETS("Receivedd: x"), false },
		{ OCTETS("Received-SPF: x"), false },
		{ OCTETS("X-Received: x"), false },
		{ OCTETS("X: Received: x"), false },
		{ OCTETS("2eceived: x"), false },
		{ OCTETS(":Received: x"), false },
		{ OCTETS("\r\nReceived: x"), false }, /* in the body */
		{ OCTETS("Subject: x\r\n\r\nReceived: x"), false },
	};
	char buffer[TEXT_MAX], shown[100];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span text = make_hops(buffer, sizeof(buffer),
		    MESSAGE_HOPS_MAX, cases[i].behind);
		struct result whole = decode(text, 0, text.length, 1);
		struct result octets = decode(text, 0, 1, 1);

		tap_show(shown, sizeof(shown), cases[i].behind);
		tap_okf(tap,
		    (whole.fault == MESSAGE_LOOPS) == cases[i].is_hop &&
			whole.ended,
		    "%s is %s hop", shown, cases[i].is_hop ? "a" : "no");
		tap_okf(tap, is_same(&whole, &octets),
		    "%s is so octet by octet", shown);
	}
	tap_ok(tap,
	    is_same_when_cut(make_hops(buffer, sizeof(buffer), 101,
				 SPAN("Subject: x")),
		0),
	    "a loop is one wherever it is cut");
}

static void
test_after_fault(struct tap *tap)
{
	static const struct {
		struct span input;
		uint64_t limit;
		size_t length;
	} cases[] = {
		{ OCTETS("a\0bcd\r\ne\r\n.\r\n"), 0, 1 },
		{ OCTETS("ab\ncd\r\ne\r\n.\r\n"), 0, 2 },
		{ OCTETS("abc\rd\r\ne\r\n.\r\n"), 0, 3 },
		{ OCTETS("ab\r\nc\r\nd\r\n.\r\n"), 4, 3 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct result r = decode(cases[i].input, cases[i].limit,
		    cases[i].input.length, 1);

		tap_okf(tap, r.ended && r.length == cases[i].length,
		    "nothing is written behind fault %d", (int)r.fault);
	}
}

/* What is used by two calls when the first has ended the message. */
static void
test_after_end(struct tap *tap)
{
	struct message m;
	char output[8];
	size_t length = 1;

	message_start(&m, 0);
	message_decode(&m, SPAN(".\r\n"), output, &length);
	tap_ok(tap,
	    message_decode(&m, SPAN("x\r\n"), output, &length) == 0 &&
		length == 0,
	    "nothing is used when the message has ended");
}

int
main(void)
{
	struct tap tap = { 0, 0 };

	test_texts(&tap);
	test_all_short_texts(&tap);
	test_random_texts(&tap);
	test_every_octet(&tap);
	test_sizes(&tap);
	test_hops(&tap);
	test_after_fault(&tap);
	test_after_end(&tap);
	return tap_done(&tap);
}
