/* IPv4 and IPv6 addresses. */
#include "ip.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "span.h"
#include "tap.h"

static bool
is_address(const char *text)
{
	struct ip_address a;

	return ip_parse(span_of(text), &a);
}

/* Written and read again, it is the same; and written like this. */
static bool
is_written(const char *text, const char *usual)
{
	char written[INET6_ADDRSTRLEN];
	unsigned char octets[16];
	struct ip_address a, again;

	if (!ip_parse(span_of(text), &a))
		return false;
	ip_print(&a, written);
	ip_to_octets(&a, octets);
	again = a.family == IP_V4 ? ip_from_ipv4(octets) : ip_from_ipv6(octets);
	return strcmp(written, usual) == 0 && ip_equal(&a, &again);
}

static void
test_addresses(struct tap *t)
{
	struct ip_address a;

	tap_ok(t, is_address("192.0.2.1") && is_address("2001:db8::1"),
	    "both families are read");
	tap_ok(t, !is_address(""), "an empty text is no address");
	tap_ok(t, !is_address("fe80::1%lo"), "a zone id is refused");
	tap_ok(t, !is_address("[::1]"), "brackets are refused");
	tap_ok(t, !is_address("192.0.2.256") && !is_address("192.0.2"),
	    "an IPv4 address has four octets");
	tap_ok(t, !is_address("192.0.2.1 "), "a space behind it is refused");
	tap_ok(t, !ip_parse((struct span){ "::1\0x", 5 }, &a),
	    "a NUL does not end the text");
	tap_ok(t,
	    !is_address("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"),
	    "a text longer than any address is refused");
}

static void
test_writing(struct tap *t)
{
	char written[INET6_ADDRSTRLEN];

	tap_ok(t,
	    is_written("192.0.2.255", "192.0.2.255") &&
		is_written("0.0.0.0", "0.0.0.0"),
	    "IPv4 is written as it was");
	tap_ok(t,
	    is_written("2001:DB8:0:0:1::", "2001:db8:0:0:1::") &&
		is_written("0:0::0:1", "::1") && is_written("::", "::"),
	    "IPv6 is written in its usual form");
	tap_ok(t,
	    is_written("::ffff:192.0.2.1", "192.0.2.1") &&
		is_written("::FFFF:c000:0201", "192.0.2.1") &&
		is_written("0:0:0:0:0:ffff:0:0", "0.0.0.0"),
	    "an IPv4-mapped address is an IPv4 one");
	tap_ok(t,
	    is_written("::fffe:192.0.2.1", "::fffe:c000:201") &&
		is_written("1::ffff:192.0.2.1", "1::ffff:c000:201") &&
		is_written("::192.0.2.1", "::192.0.2.1"),
	    "and no other is");
	ip_print(&(struct ip_address){ .family = IP_NONE }, written);
	tap_ok(t, written[0] == '\0', "none is written as nothing");
}

/* The two readers, and what the one of the C library says. */
static bool
agrees(const char *text)
{
	struct ip_address a, wanted = { .family = IP_NONE };
	unsigned char octets[16];

	if (inet_pton(AF_INET, text, octets) == 1)
		wanted = ip_from_ipv4(octets);
	else if (inet_pton(AF_INET6, text, octets) == 1)
		wanted = ip_from_ipv6(octets);
	if (wanted.family == IP_NONE)
		return !ip_parse(span_of(text), &a);
	return ip_parse(span_of(text), &a) && ip_equal(&a, &wanted);
}

/* Every place of some texts with another character in it, or one more, or one
 * less. */
static bool
agrees_on_variations(const char *text)
{
	static const char characters[] = "0127.:9afFgG/ %-";
	char changed[64];
	size_t length = strlen(text);
	bool good = agrees(text);

	for (size_t at = 0; at <= length; at++) {
		memcpy(changed, text, length + 1);
		memmove(changed + at, changed + at + (at < length),
		    length - at + (at == length));
		good = agrees(changed) && good;
		for (const char *c = characters; *c != '\0'; c++) {
			memcpy(changed, text, length + 1);
			if (at < length)
				changed[at] = *c;
			good = agrees(changed) && good;
			memcpy(changed, text, at);
			changed[at] = *c;
			memcpy(changed + at + 1, text + at, length - at + 1);
			good = agrees(changed) && good;
		}
	}
	return good;
}

static void
test_variations(struct tap *t)
{
	static const char *const texts[] = { "192.0.2.1", "255.255.255.255",
		"249.10.100.0", "1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3::5:6:7:8", "1::8",
		"::", "::1", "1::", "::ffff:192.0.2.1", "1:2:3:4:5:6:192.0.2.1",
		"1:2:3:4:5::192.0.2.1", "1::192.0.2.1", "::1:192.0.2.1",
		"1:192.0.2.1::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		"2001:db8:0:0:1::", "0000:000:00:0::" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		tap_okf(t, agrees_on_variations(texts[i]),
		    "%s and all that is nearly so is read as by inet_pton",
		    texts[i]);
}

/* Every text of up to eight of the characters that mean something. */
static void
test_short_texts(struct tap *t)
{
	static const char characters[] = "01:.f";
	const size_t kinds = sizeof(characters) - 1;
	size_t total = 1;
	bool good = true;

	for (size_t length = 1; length <= 8; length++) {
		total *= kinds;
		for (size_t n = 0; n < total; n++) {
			char text[9] = "";
			size_t rest = n;

			for (size_t i = 0; i < length; i++, rest /= kinds)
				text[i] = characters[rest % kinds];
			good = agrees(text) && good;
		}
	}
	tap_ok(t, good, "all short texts are read as by inet_pton");
}

int
main(void)
{
	struct tap t = { 0 };

	test_addresses(&t);
	test_writing(&t);
	test_variations(&t);
	test_short_texts(&t);
	return tap_done(&t);
}
