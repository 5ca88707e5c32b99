/* Addresses, ranges, and who is connected. */
#include "peer.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "span.h"
#include "tap.h"
#include "text.h"

static struct peer
identify(const char *address, const char *port, int fd)
{
	struct peer peer;

	peer_identify(&peer, address, port, fd);
	return peer;
}

static bool
is_peer(struct peer peer, const char *address, const char *port)
{
	return strcmp(peer.text, address) == 0 && strcmp(peer.port, port) == 0;
}

static bool
in_ranges(const char *address, const char *ranges)
{
	struct peer_address a = { 0 };

	return peer_parse_address(span_of(address), &a) &&
	    peer_in_ranges(&a, ranges);
}

/* The entry found bad, as it stands in the list. */
static bool
bad_entry_is(const char *ranges, const char *entry)
{
	struct span bad = peer_check_ranges(ranges);

	return span_equal(bad, span_of(entry)) &&
	    (bad.length == 0 || bad.data == strstr(ranges, entry));
}

static bool
is_address(const char *text)
{
	struct peer_address a;

	return peer_parse_address(span_of(text), &a);
}

static void
test_addresses(struct tap *t)
{
	struct peer_address a;

	tap_ok(t, is_address("192.0.2.1") && is_address("2001:db8::1"),
	    "both families are read");
	tap_ok(t, !is_address(""), "an empty text is no address");
	tap_ok(t, !is_address("fe80::1%lo"), "a zone id is refused");
	tap_ok(t, !is_address("[::1]"), "brackets are refused");
	tap_ok(t, !is_address("192.0.2.256") && !is_address("192.0.2"),
	    "an IPv4 address has four octets");
	tap_ok(t, !is_address("192.0.2.1 "), "a space behind it is refused");
	tap_ok(t, !peer_parse_address((struct span){ "::1\0x", 5 }, &a),
	    "a NUL does not end the text");
	tap_ok(t,
	    !is_address("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"),
	    "a text longer than any address is refused");
}

static void
test_ranges(struct tap *t)
{
	tap_ok(t, !in_ranges("192.0.2.1", ""), "nobody is in an empty list");
	tap_ok(t, in_ranges("192.0.2.1", "192.0.2.1"),
	    "an address without a prefix is itself");
	tap_ok(t, !in_ranges("192.0.2.2", "192.0.2.1"), "and nothing else");
	tap_ok(t,
	    in_ranges("192.0.2.255", "192.0.2.128/25") &&
		in_ranges("192.0.2.128", "192.0.2.128/25") &&
		!in_ranges("192.0.2.127", "192.0.2.128/25") &&
		!in_ranges("192.0.3.0", "192.0.2.128/25"),
	    "a prefix of 25 bits ends inside an octet");
	tap_ok(t,
	    in_ranges("192.0.2.255", "192.0.2.0/24") &&
		!in_ranges("192.0.3.0", "192.0.2.0/24"),
	    "a prefix of 24 bits ends between octets");
	tap_ok(t,
	    in_ranges("2001:db8:7fff::1", "2001:db8::/33") &&
		!in_ranges("2001:db8:8000::1", "2001:db8::/33"),
	    "a prefix of 33 bits in IPv6");
	tap_ok(t, in_ranges("::1", "::1/128") && !in_ranges("::2", "::1/128"),
	    "a prefix of 128 bits");
	tap_ok(t,
	    in_ranges("255.1.2.3", "0.0.0.0/0") && in_ranges("ff::", "::/0"),
	    "a prefix of 0 bits is the whole family");
	tap_ok(t,
	    !in_ranges("192.0.2.1", "::/0") && !in_ranges("::1", "0.0.0.0/0"),
	    "a range holds only its own family");
	tap_ok(t,
	    in_ranges("::ffff:192.0.2.1", "192.0.2.0/24") &&
		in_ranges("192.0.2.1", "::ffff:192.0.2.0/120") &&
		!in_ranges("192.0.3.1", "::ffff:192.0.2.0/120") &&
		in_ranges("192.0.2.1", "::ffff:c000:201"),
	    "an IPv4-mapped address is an IPv4 one, in ranges too");
	tap_ok(t,
	    in_ranges("10.0.0.1", " 192.0.2.1,\t::1\n10.0.0.0/8,") &&
		in_ranges("::1", " 192.0.2.1,\t::1\n10.0.0.0/8,"),
	    "entries stand between spaces, commas and line ends");
}

static void
test_check(struct tap *t)
{
	tap_ok(t, bad_entry_is("", "") && bad_entry_is(" ,\n", ""),
	    "an empty list is good");
	tap_ok(t,
	    bad_entry_is("192.0.2.0/24 ::1,2001:db8::/32 ::ffff:10.0.0.0/104",
		""),
	    "a good list has no bad entry");
	tap_ok(t, bad_entry_is("192.0.2.1 example.org ::1", "example.org"),
	    "a name is no address");
	tap_ok(t, bad_entry_is("::1 192.0.2.1/24", "192.0.2.1/24"),
	    "bits behind the prefix are found");
	tap_ok(t,
	    bad_entry_is("192.0.2.128/24", "192.0.2.128/24") &&
		bad_entry_is("192.0.2.64/25", "192.0.2.64/25"),
	    "the first bit behind the prefix too");
	tap_ok(t,
	    bad_entry_is("::1 0.0.0.0/33", "0.0.0.0/33") &&
		bad_entry_is("::/129", "::/129") &&
		bad_entry_is("::ffff:0:0/129", "::ffff:0:0/129"),
	    "a prefix longer than the address is refused");
	tap_ok(t,
	    bad_entry_is("::ffff:0.0.0.0/95", "::ffff:0.0.0.0/95") &&
		bad_entry_is("::ffff:0.0.0.0/96", ""),
	    "a prefix inside the mark of mapped addresses is refused");
	tap_ok(t,
	    bad_entry_is("10.0.0.0/", "10.0.0.0/") &&
		bad_entry_is("10.0.0.0/08", "10.0.0.0/08") &&
		bad_entry_is("10.0.0.0/+8", "10.0.0.0/+8") &&
		bad_entry_is("10.0.0.0/8x", "10.0.0.0/8x") &&
		bad_entry_is("/8", "/8") &&
		bad_entry_is("10.0.0.0/8/8", "10.0.0.0/8/8"),
	    "a prefix is a decimal number");
	tap_ok(t, bad_entry_is("10.0.0.0/4294967304", "10.0.0.0/4294967304"),
	    "a prefix that overflows is refused");
}

/* A list of 1,000 ranges must not be felt. The bound is far off: it takes less
 * than a millisecond, and this is the time of the process alone. */
static void
test_long_list(struct tap *t)
{
	static char list[20000];
	struct text text = TEXT_IN(list);
	clock_t begin;

	for (unsigned i = 0; i < 1000; i++) {
		text_put(&text, "10.");
		text_put_number(&text, i / 250);
		text_put_char(&text, '.');
		text_put_number(&text, i % 250);
		text_put(&text, ".0/24 ");
	}
	begin = clock();
	tap_ok(t,
	    peer_check_ranges(list).length == 0 &&
		in_ranges("10.3.249.7", list) && !in_ranges("10.4.0.1", list),
	    "a list of 1,000 entries is searched to its end");
	tap_ok(t, clock() - begin < CLOCKS_PER_SEC / 5,
	    "and that takes no noticeable time");
}

static void
test_identify(struct tap *t)
{
	tap_ok(t, is_peer(identify("192.0.2.1", "25", -1), "192.0.2.1", "25"),
	    "the starter tells the address and the port");
	tap_ok(t,
	    is_peer(identify("2001:DB8:0::1", "25", -1), "2001:db8::1", "25"),
	    "the address is written in its usual form");
	tap_ok(t,
	    is_peer(identify("::ffff:192.0.2.1", NULL, -1), "192.0.2.1", ""),
	    "an IPv4-mapped address is written as IPv4");
	tap_ok(t,
	    is_peer(identify("192.0.2.1", "65536", -1), "192.0.2.1", "") &&
		is_peer(identify("192.0.2.1", "smtp", -1), "192.0.2.1", "") &&
		is_peer(identify("192.0.2.1", "", -1), "192.0.2.1", ""),
	    "a port that is none is left out");
	tap_ok(t,
	    is_peer(identify(NULL, "25", -1), "", "") &&
		identify(NULL, NULL, -1).address.family == PEER_UNKNOWN &&
		identify("unknown", "25", -1).address.family == PEER_UNKNOWN,
	    "without an address the peer is unknown");
	tap_ok(t,
	    !peer_in_ranges(&(struct peer_address){ PEER_UNKNOWN, { 0 } },
		"0.0.0.0/0 ::/0 0.0.0.0 ::"),
	    "an unknown peer is in no range");
}

/* A connection to itself over loopback; gives the accepted end and the port of
 * the other. */
static int
connection(int family, struct text *port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	} name = { .ipv6 = { .sin6_family = (sa_family_t)family } };
	socklen_t length = sizeof(name);
	int off = 0;
	int listener = socket(family, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int accepted;

	if (family == AF_INET6)
		setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off,
		    sizeof(off));
	if (bind(listener, &name.any, sizeof(name)) == -1 ||
	    listen(listener, 1) == -1 ||
	    getsockname(listener, &name.any, &length) == -1)
		exit(1);
	name.ipv4 = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = name.ipv4.sin_port,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (connect(client, &name.any, sizeof(name.ipv4)) == -1)
		exit(1);
	accepted = accept(listener, NULL, NULL);
	length = sizeof(name);
	if (getsockname(client, &name.any, &length) == -1)
		exit(1);
	text_put_number(port, ntohs(name.ipv4.sin_port));
	close(listener);
	return accepted;
}

static void
test_socket(struct tap *t, int family, const char *name)
{
	char buffer[8];
	struct text port = TEXT_IN(buffer);
	int fd = connection(family, &port);

	tap_ok(t, is_peer(identify(NULL, NULL, fd), "127.0.0.1", buffer), name);
	tap_ok(t, is_peer(identify("fe80::1%lo", "1", fd), "127.0.0.1", buffer),
	    "it is asked when the starter's address is none");
	tap_ok(t, is_peer(identify("192.0.2.1", "1", fd), "192.0.2.1", "1"),
	    "it is not asked when the starter has told");
	close(fd);
}

int
main(void)
{
	struct tap t = { 0 };
	int pair[2];

	test_addresses(&t);
	test_ranges(&t);
	test_check(&t);
	test_long_list(&t);
	test_identify(&t);
	test_socket(&t, AF_INET, "an IPv4 socket tells its peer");
	test_socket(&t, AF_INET6, "a socket of both families tells IPv4");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return 1;
	tap_ok(&t, is_peer(identify(NULL, NULL, pair[0]), "", ""),
	    "the peer of a local socket is unknown");
	return tap_done(&t);
}
