/* Lists of addresses and ranges. */
#include "ranges.h"

#include <stdlib.h>
#include <time.h>

#include "span.h"
#include "tap.h"
#include "text.h"

static struct ip_address
address_of(const char *text)
{
	struct ip_address a;

	if (!ip_parse(span_of(text), &a))
		abort();
	return a;
}

/* Asked while the list is read, and later; both must say the same. */
static bool
in_ranges(const char *address, const char *list)
{
	const struct ip_address a = address_of(address);
	const struct ip_address other = { .family = IP_NONE };
	struct ranges with, without;

	return ranges_read(&with, list, &a) == NULL &&
	    ranges_read(&without, list, &other) == NULL &&
	    ranges_hold(&with, &a) && ranges_hold(&without, &a);
}

static bool
is_outside(const char *address, const char *list)
{
	const struct ip_address a = address_of(address);
	const struct ip_address other = { .family = IP_NONE };
	struct ranges with, without;

	return ranges_read(&with, list, &a) == NULL &&
	    ranges_read(&without, list, &other) == NULL &&
	    !ranges_hold(&with, &a) && !ranges_hold(&without, &a);
}

/* The entry found bad, as it stands in the list; "" if all are good. */
static bool
bad_entry_is(const char *list, const char *entry)
{
	const struct ip_address a = { .family = IP_NONE };
	struct ranges ranges = { .entries = 42 };
	const char *bad = ranges_read(&ranges, list, &a);

	if (*entry == '\0')
		return bad == NULL;
	return bad == strstr(list, entry) && ranges.entries == 42;
}

static void
test_ranges(struct tap *t)
{
	tap_ok(t, is_outside("192.0.2.1", ""), "nobody is in an empty list");
	tap_ok(t, in_ranges("192.0.2.1", "192.0.2.1"),
	    "an address without a prefix is itself");
	tap_ok(t, is_outside("192.0.2.2", "192.0.2.1"), "and nothing else");
	tap_ok(t,
	    in_ranges("192.0.2.255", "192.0.2.128/25") &&
		in_ranges("192.0.2.128", "192.0.2.128/25") &&
		is_outside("192.0.2.127", "192.0.2.128/25") &&
		is_outside("192.0.3.0", "192.0.2.128/25"),
	    "a prefix of 25 bits ends inside an octet");
	tap_ok(t,
	    in_ranges("192.0.2.255", "192.0.2.0/24") &&
		is_outside("192.0.3.0", "192.0.2.0/24"),
	    "a prefix of 24 bits ends between octets");
	tap_ok(t,
	    in_ranges("2001:db8:7fff::1", "2001:db8::/33") &&
		is_outside("2001:db8:8000::1", "2001:db8::/33"),
	    "a prefix of 33 bits in IPv6");
	tap_ok(t, in_ranges("::1", "::1/128") && is_outside("::2", "::1/128"),
	    "a prefix of 128 bits");
	tap_ok(t,
	    in_ranges("255.1.2.3", "0.0.0.0/0") && in_ranges("ff::", "::/0"),
	    "a prefix of 0 bits is the whole family");
	tap_ok(t,
	    is_outside("192.0.2.1", "::/0") && is_outside("::1", "0.0.0.0/0"),
	    "a range holds only its own family");
	tap_ok(t,
	    in_ranges("::ffff:192.0.2.1", "192.0.2.0/24") &&
		in_ranges("192.0.2.1", "::ffff:192.0.2.0/120") &&
		is_outside("192.0.3.1", "::ffff:192.0.2.0/120") &&
		in_ranges("192.0.2.1", "::ffff:c000:201"),
	    "an IPv4-mapped address is an IPv4 one, in ranges too");
	tap_ok(t, is_outside("192.0.2.3", "192.0.2.0/31 192.0.2.2"),
	    "an entry that was read holds nothing more");
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
	tap_ok(t, in_ranges("10.3.249.7", list) && is_outside("10.4.0.1", list),
	    "a list of 1,000 entries is searched to its end");
	tap_ok(t, clock() - begin < CLOCKS_PER_SEC / 5,
	    "and that takes no noticeable time");
}

static void
test_answers(struct tap *t)
{
	static const char list[] = "192.0.2.1 192.0.2.2,10.0.0.0/8";
	const struct ip_address a = address_of("192.0.2.1");
	const struct ip_address nobody = { .family = IP_NONE };
	struct ranges ranges;

	tap_ok(t,
	    ranges_read(&ranges, list, &a) == NULL && ranges.entries == 3 &&
		ranges.list == list,
	    "entries are counted");
	tap_ok(t,
	    ranges_read(&ranges, "0.0.0.0/0 ::/0 0.0.0.0 ::", &nobody) ==
		    NULL &&
		!ranges_hold(&ranges, &nobody) && ranges_hold(&ranges, &a) &&
		!ranges_hold(&ranges, &nobody),
	    "an unknown address is in no range");
}

int
main(void)
{
	struct tap t = { 0 };

	test_ranges(&t);
	test_check(&t);
	test_answers(&t);
	test_long_list(&t);
	return tap_done(&t);
}
