/* Headers of the PROXY protocol: whole, in pieces, and with the client's words
 * behind them. */
#include "proxy_header.h"

#include <stdint.h>

#include "tap.h"

#define BEHIND "EHLO client.example.net\r\n"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define V2_TCP4 V2 "\x21\x11"
#define V2_TCP6 V2 "\x21\x21"
#define IPV4_BODY        \
	"\xc0\0\2\1"     \
	"\xc6\x33\x64\1" \
	"\x0f\xa0"       \
	"\0\x19"
#define IPV6_HEAD "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0"
#define IPV6_BODY                     \
	IPV6_HEAD "\1" IPV6_HEAD "\2" \
		  "\x0f\xa0"          \
		  "\0\x19"
#define MAPPED_BODY                                             \
	"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1" IPV6_HEAD "\2" \
	"\x0f\xa0"                                              \
	"\0\x19"
#define UNIX_BODY_64 \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UNIX_BODY \
	UNIX_BODY_64 UNIX_BODY_64 UNIX_BODY_64 "0123456789abcdef01234567"
#define LONGEST_IPV6 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
#define LONGEST_END LONGEST_IPV6 " " LONGEST_IPV6 " 65535 65535\r\n"

struct good_case {
	const char *name;
	struct span header;
	const char *client; /* "" if it names none */
	unsigned port;
};

static const struct good_case good[] = {
	{ "TCP4", OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 4000 25\r\n"),
	    "192.0.2.1", 4000 },
	{ "the shortest TCP4", OCTETS("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n"),
	    "0.0.0.0", 0 },
	{ "the longest TCP4",
	    OCTETS(
		"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
	    "255.255.255.255", 65535 },
	{ "TCP6", OCTETS("PROXY TCP6 2001:DB8::1 2001:db8::2 4000 25\r\n"),
	    "2001:db8::1", 4000 },
	{ "the shortest TCP6", OCTETS("PROXY TCP6 :: :: 0 0\r\n"), "::", 0 },
	{ "the longest TCP6", OCTETS("PROXY TCP6 " LONGEST_END), LONGEST_IPV6,
	    65535 },
	{ "TCP6 with a mapped address",
	    OCTETS("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.1 1 25\r\n"),
	    "192.0.2.1", 1 },
	{ "UNKNOWN", OCTETS("PROXY UNKNOWN\r\n"), "", 0 },
	{ "UNKNOWN with addresses",
	    OCTETS("PROXY UNKNOWN 192.0.2.1 198.51.100.1 4000 25\r\n"), "", 0 },
	{ "UNKNOWN with anything", OCTETS("PROXY UNKNOWN  \0\xff?\r\n"), "",
	    0 },
	{ "the longest line", OCTETS("PROXY UNKNOWN " LONGEST_END), "", 0 },
	{ "v2 TCP4", OCTETS(V2_TCP4 "\0\x0c" IPV4_BODY), "192.0.2.1", 4000 },
	{ "v2 TCP4 with TLVs", OCTETS(V2_TCP4 "\0\x13" IPV4_BODY "\3\0\4abcd"),
	    "192.0.2.1", 4000 },
	{ "v2 TCP6", OCTETS(V2_TCP6 "\0\x24" IPV6_BODY), "2001:db8::1", 4000 },
	{ "v2 TCP6 with a mapped address", OCTETS(V2_TCP6 "\0\x24" MAPPED_BODY),
	    "192.0.2.1", 4000 },
	{ "v2 LOCAL", OCTETS(V2 "\x20\0\0\0"), "", 0 },
	{ "v2 LOCAL with addresses", OCTETS(V2 "\x20\x11\0\x0c" IPV4_BODY), "",
	    0 },
	{ "v2 LOCAL of an unknown family", OCTETS(V2 "\x20\xff\0\1x"), "", 0 },
	{ "v2 of no family", OCTETS(V2 "\x21\0\0\0"), "", 0 },
	{ "v2 of no family with octets", OCTETS(V2 "\x21\0\0\3abc"), "", 0 },
	{ "v2 UDP over IPv4", OCTETS(V2 "\x21\x12\0\x0c" IPV4_BODY), "", 0 },
	{ "v2 UDP over IPv6", OCTETS(V2 "\x21\x22\0\x24" IPV6_BODY), "", 0 },
	{ "v2 UNIX", OCTETS(V2 "\x21\x31\0\xd8" UNIX_BODY), "", 0 },
	{ "v2 UNIX datagrams", OCTETS(V2 "\x21\x32\0\xd8" UNIX_BODY), "", 0 },
};

#define GOOD (sizeof(good) / sizeof(good[0]))

static bool
says(const struct proxy_header *h, const struct good_case *wanted)
{
	char text[INET6_ADDRSTRLEN];

	ip_print(&h->client, text);
	return h->length == wanted->header.length &&
	    strcmp(text, wanted->client) == 0 && h->port == wanted->port;
}

/* Every part of it asks for more, but never for what is behind it. */
static bool
is_good_in_pieces(const struct good_case *wanted)
{
	struct span part = { wanted->header.data, 0 };
	struct proxy_header h;

	for (; part.length < wanted->header.length; part.length++)
		if (proxy_header_parse(part, &h) != PROXY_HEADER_INCOMPLETE ||
		    h.length <= part.length || h.length > wanted->header.length)
			return false;
	return proxy_header_parse(part, &h) == PROXY_HEADER_OK &&
	    says(&h, wanted);
}

static bool
is_good_with_more(const struct good_case *wanted)
{
	char buffer[512];
	struct span all = { buffer, wanted->header.length + sizeof(BEHIND) };
	struct proxy_header h;

	memcpy(buffer, wanted->header.data, wanted->header.length);
	memcpy(buffer + wanted->header.length, BEHIND, sizeof(BEHIND));
	return proxy_header_parse(all, &h) == PROXY_HEADER_OK &&
	    says(&h, wanted);
}

static void
test_good(struct tap *t)
{
	for (size_t i = 0; i < GOOD; i++) {
		tap_okf(t, is_good_in_pieces(&good[i]),
		    "%s is read, however it comes", good[i].name);
		tap_okf(t, is_good_with_more(&good[i]),
		    "%s ends where the client begins", good[i].name);
	}
}

/* Each is bad with its last octet, and not before. */
static const struct span bad[] = {
	OCTETS("E"),
	OCTETS("\n"),
	OCTETS("\0"),
	OCTETS("p"),
	OCTETS("PROXy"),
	OCTETS("PROXY\t"),
	OCTETS("PROXY  "),
	OCTETS("PROXY TCP5"),
	OCTETS("PROXY TCP4\t"),
	OCTETS("PROXY UD"),
	OCTETS("PROXY u"),
	OCTETS("PROXY UNKNOWNS\r\n"),
	OCTETS("PROXY UNKNOWN\n"),
	OCTETS("PROXY UNKNOWN\rx"),
	OCTETS("PROXY UNKNOWN \r\r"),
	OCTETS("PROXY TCP4 192.0.2.1\n"),
	OCTETS("PROXY TCP4 \r\n"),
	OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 4000\r\n"),
	OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 4000 \r\n"),
	OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 4000 25 \r\n"),
	OCTETS("PROXY TCP4  192.0.2.1 198.51.100.1 4000 25\r\n"),
	OCTETS("PROXY TCP4 192.0.2.1  198.51.100.1 4000 25\r\n"),
	OCTETS("PROXY TCP4 192.0.2.1\t198.51.100.1 4000 25\r\n"),
	OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 4000 25 x\r\n"),
	OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 4000 25\0\r\n"),
	OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 4000 65536\r\n"),
	OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 65536 25\r\n"),
	OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 04000 25\r\n"),
	OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 -1 25\r\n"),
	OCTETS("PROXY TCP4 192.0.2.1 198.51.100.1 4000 00\r\n"),
	OCTETS("PROXY TCP4 192.0.2.256 198.51.100.1 4000 25\r\n"),
	OCTETS("PROXY TCP4 192.0.2.1 198.51.100 4000 25\r\n"),
	OCTETS("PROXY TCP4 192.0.02.1 198.51.100.1 4000 25\r\n"),
	OCTETS("PROXY TCP4 2001:db8::1 2001:db8::2 4000 25\r\n"),
	OCTETS("PROXY TCP4 ::ffff:192.0.2.1 198.51.100.1 4000 25\r\n"),
	OCTETS("PROXY TCP6 192.0.2.1 198.51.100.1 4000 25\r\n"),
	OCTETS("PROXY TCP6 2001:db8::1 198.51.100.1 4000 25\r\n"),
	OCTETS("PROXY TCP6 [2001:db8::1] 2001:db8::2 4000 25\r\n"),
	OCTETS("PROXY TCP6 fe80::1%lo 2001:db8::2 4000 25\r\n"),
	OCTETS("\r\n\r\n\0\r\nQUIT\r"),
	OCTETS("\r\n\r\n\r"),
	OCTETS(V2 "\x11\x11\0\x0c"),
	OCTETS(V2 "\x31\x11\0\x0c"),
	OCTETS(V2 "\x22\x11\0\x0c"),
	OCTETS(V2 "\x21\x41\0\x0c"),
	OCTETS(V2 "\x21\x13\0\x0c"),
	OCTETS(V2_TCP4 "\0\x0b"),
	OCTETS(V2_TCP4 "\0\0"),
	OCTETS(V2_TCP6 "\0\x23"),
	OCTETS(V2_TCP4 "\x10\1"),
	OCTETS(V2_TCP4 "\xff\xff"),
	OCTETS(V2 "\x20\0\x10\1"),
};

#define BAD (sizeof(bad) / sizeof(bad[0]))

static bool
is_bad_at_its_end(struct span header)
{
	struct span part = { header.data, 0 };
	struct proxy_header h;

	for (; part.length < header.length; part.length++)
		if (proxy_header_parse(part, &h) != PROXY_HEADER_INCOMPLETE ||
		    h.length <= part.length)
			return false;
	return proxy_header_parse(part, &h) == PROXY_HEADER_BAD &&
	    h.reason != NULL;
}

static void
test_bad(struct tap *t)
{
	char buffer[512];

	for (size_t i = 0; i < BAD; i++)
		tap_okf(t, is_bad_at_its_end(bad[i]), "\"%s\" is refused",
		    tap_show(buffer, sizeof(buffer), bad[i]));
}

static void
put(char *at, struct span octets)
{
	memcpy(at, octets.data, octets.length);
}

/* A line that would be too long is refused as soon as that is certain. */
static void
test_long_lines(struct tap *t)
{
	char line[200];
	struct proxy_header h;

	memset(line, 'x', sizeof(line));
	put(line, SPAN("PROXY UNKNOWN "));
	tap_ok(t,
	    proxy_header_parse((struct span){ line, 105 }, &h) ==
		    PROXY_HEADER_INCOMPLETE &&
		h.length == PROXY_HEADER_V1_MAX,
	    "a line of 105 octets can still end in time");
	tap_ok(t,
	    proxy_header_parse((struct span){ line, 106 }, &h) ==
		PROXY_HEADER_BAD,
	    "one of 106 octets cannot");
	put(line + 105, SPAN("\r\n"));
	tap_ok(t,
	    proxy_header_parse((struct span){ line, 106 }, &h) ==
		    PROXY_HEADER_INCOMPLETE &&
		proxy_header_parse((struct span){ line, sizeof(line) }, &h) ==
		    PROXY_HEADER_OK,
	    "unless the last one is CR");
	put(line + 105, SPAN("x\r\n"));
	tap_ok(t,
	    proxy_header_parse((struct span){ line, 108 }, &h) ==
		    PROXY_HEADER_BAD &&
		proxy_header_parse((struct span){ line, sizeof(line) }, &h) ==
		    PROXY_HEADER_BAD,
	    "a line of 108 octets is too long, even if all is there");
}

/* TLVs up to the bound are awaited and skipped. */
static void
test_long_v2(struct tap *t)
{
	static char header[16 + PROXY_HEADER_V2_BODY_MAX] = V2_TCP4
	    "\x10\0" IPV4_BODY;
	struct good_case wanted = { "", { header, sizeof(header) }, "192.0.2.1",
		4000 };

	tap_ok(t, is_good_in_pieces(&wanted),
	    "the longest header of version 2 is read");
}

int
main(void)
{
	struct tap t = { 0 };

	test_good(&t);
	test_bad(&t);
	test_long_lines(&t);
	test_long_v2(&t);
	return tap_done(&t);
}
