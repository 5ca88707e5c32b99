#include "address.h"

#include <stdlib.h>

#include "tap.h"

/* So many octets that a limit is reached. */
#define X8 "xxxxxxxx"
#define X64 X8 X8 X8 X8 X8 X8 X8 X8
#define X255 X64 X64 X64 X8 X8 X8 X8 X8 X8 X8 "xxxxxxx"

struct path_case {
	struct span input;
	enum address_result result;
	enum address_kind kind;
	struct span local;
	struct span domain;
	struct span rest;
	struct span written; /* by address_write, if not local@domain */
};

#define CASE(text, what, which, before_at, after_at)              \
	.input = OCTETS(text), .result = (what), .kind = (which), \
	.local = OCTETS(before_at), .domain = OCTETS(after_at)
#define GOOD(input, local, domain) \
	CASE(input, ADDRESS_OK, ADDRESS_MAILBOX, local, domain)
#define BAD(input) CASE(input, ADDRESS_BAD, ADDRESS_NULL, "", "")
#define LONG(input) CASE(input, ADDRESS_TOO_LONG, ADDRESS_NULL, "", "")
#define REST(literal) .rest = OCTETS(literal)
#define WRITTEN(literal) .written = OCTETS(literal)

static const struct path_case paths[] = {
	{ GOOD("<a@b>", "a", "b") },
	{ GOOD("<Alice@Example.ORG>", "Alice", "Example.ORG") },
	{ GOOD("<a.b.c@x.y.z> SIZE=1", "a.b.c", "x.y.z"), REST(" SIZE=1") },
	{ GOOD("<a@b>c", "a", "b"), REST("c") },
	{ GOOD("<!#$%&'*+-/=?^_`{|}~@d>", "!#$%&'*+-/=?^_`{|}~", "d") },
	{ GOOD("<a@3com.example>", "a", "3com.example") },
	{ GOOD("<a@a-b--c.d>", "a", "a-b--c.d") },
	{ GOOD("<a@my_host._tcp.d>", "a", "my_host._tcp.d") },
	{ GOOD("<postmaster@d>", "postmaster", "d") },
	{ CASE("<>", ADDRESS_OK, ADDRESS_NULL, "", "") },
	{ CASE("<> X", ADDRESS_OK, ADDRESS_NULL, "", ""), REST(" X") },
	{ CASE("<postmaster>", ADDRESS_OK, ADDRESS_POSTMASTER, "postmaster",
	      ""),
	    WRITTEN("postmaster") },
	{ CASE("<PostMaster> X", ADDRESS_OK, ADDRESS_POSTMASTER, "PostMaster",
	      ""),
	    REST(" X"), WRITTEN("PostMaster") },

	/* Quoted strings. */
	{ GOOD("<\"user\"@d>", "user", "d") },
	{ GOOD("<\"us\\er\"@d>", "user", "d") },
	{ GOOD("<\"a b\"@d>", "a b", "d"), WRITTEN("\"a b\"@d") },
	{ GOOD("<\"a@b\"@d>", "a@b", "d"), WRITTEN("\"a@b\"@d") },
	{ GOOD("<\"a>b\"@d>", "a>b", "d"), WRITTEN("\"a>b\"@d") },
	{ GOOD("<\".\"@d>", ".", "d"), WRITTEN("\".\"@d") },
	{ GOOD("<\"a..b\"@d>", "a..b", "d"), WRITTEN("\"a..b\"@d") },
	{ GOOD("<\"\\\"\\\\\"@d>", "\"\\", "d"), WRITTEN("\"\\\"\\\\\"@d") },
	{ GOOD("<\"\\ \"@d>", " ", "d"), WRITTEN("\" \"@d") },
	{ GOOD("<\"\xc3\xa9 x\"@d>", "\xc3\xa9 x", "d"),
	    WRITTEN("\"\xc3\xa9 x\"@d") },
	{ BAD("<\"\"@d>") },
	{ BAD("<\"user@d>") },
	{ BAD("<\"user\\\"@d>") },
	{ BAD("<\"user\\") },
	{ BAD("<\"user") },
	{ BAD("<\"a\"b@d>") },
	{ BAD("<a\"b\"@d>") },
	{ BAD("<\"a\".b@d>") },
	{ BAD("<\"a\tb\"@d>") },
	{ BAD("<\"a\\\tb\"@d>") },
	{ BAD("<\"a\rb\"@d>") },
	{ BAD("<\"a\nb\"@d>") },
	{ BAD("<\"a\\\r\"@d>") },
	{ BAD("<\"a\x7f\"@d>") },
	{ BAD("<\"a\\\x7f\"@d>") },
	{ BAD("<\"a\\\xc3\xa9\"@d>") },
	{ BAD("<\"a\0b\"@d>") },
	{ BAD("<\"a\\\0b\"@d>") },

	/* Source routes. */
	{ GOOD("<@one:a@b>", "a", "b") },
	{ GOOD("<@one.example,@two.example:a@b>", "a", "b") },
	{ GOOD("<@one:\"a b\"@b> X", "a b", "b"), REST(" X"),
	    WRITTEN("\"a b\"@b") },
	{ BAD("<@one>") },
	{ BAD("<@one:>") },
	{ BAD("<@one:postmaster>") },
	{ BAD("<@one,two:a@b>") },
	{ BAD("<@one,:a@b>") },
	{ BAD("<@:a@b>") },
	{ BAD("<@one:@two:a@b>") },
	{ BAD("<@one a@b>") },
	{ BAD("<@a@b>") },
	{ BAD("<@") },

	/* Address literals. */
	{ GOOD("<a@[192.0.2.1]>", "a", "[192.0.2.1]") },
	{ GOOD("<a@[000.001.02.255]>", "a", "[000.001.02.255]") },
	{ GOOD("<a@[IPv6:2001:db8::1]>", "a", "[IPv6:2001:db8::1]") },
	{ GOOD("<a@[ipv6:::]>", "a", "[ipv6:::]") },
	{ GOOD("<a@[IPv6:::ffff:192.0.2.1]>", "a", "[IPv6:::ffff:192.0.2.1]") },
	{ GOOD("<a@[IPv6:1:2:3:4:5:6:7:8]>", "a", "[IPv6:1:2:3:4:5:6:7:8]") },
	{ GOOD("<a@[x-400:(any!]>", "a", "[x-400:(any!]") },
	{ GOOD("<a@[2001:db8::1]>", "a", "[2001:db8::1]") }, /* 2001 is a tag */
	{ BAD("<a@[]>") },
	{ BAD("<a@[192.0.2.256]>") },
	{ BAD("<a@[192.0.2.1000]>") },
	{ BAD("<a@[0192.0.2.1]>") },
	{ BAD("<a@[192.0.2]>") },
	{ BAD("<a@[192.0.2.]>") },
	{ BAD("<a@[192.0.2.1.]>") },
	{ BAD("<a@[192.0.2.1.1]>") },
	{ BAD("<a@[192.0.2.1 ]>") },
	{ BAD("<a@[192.0.2.1>") },
	{ BAD("<a@[192.0.2.1]x>") },
	{ BAD("<a@[192.0.2.1].d>") },
	{ BAD("<a@x[192.0.2.1]>") },
	{ BAD("<a@192.0.2.1]>") },
	{ BAD("<a@[IPv6:fe80::1%eth0]>") },
	{ BAD("<a@[IPv6:]>") },
	{ BAD("<a@[ipv6:text]>") },
	{ BAD("<a@[IPv6:2001:db8::g]>") },
	{ BAD("<a@[IPv6:1:2:3:4:5:6:7:8:9]>") },
	{ BAD("<a@[IPv6:1::2::3]>") },
	{ BAD("<a@[IPv6:::1\0]>") },
	{ BAD(
	    "<a@[IPv6:00000000000000000000000000000000000000000000000001]>") },
	{ BAD("<a@[tag:]>") },
	{ BAD("<a@[:text]>") },
	{ BAD("<a@[tag-:text]>") },
	{ BAD("<a@[tag:te xt]>") },
	{ BAD("<a@[tag:te[xt]>") },
	{ BAD("<a@[tag:te\\xt]>") },
	{ BAD("<a@[tag:te\0xt]>") },
	{ BAD("<a@[tag:\xc3\xa9]>") },

	/* What is no path. */
	{ BAD("") },
	{ BAD("<") },
	{ BAD("a@b") },
	{ BAD(" <a@b>") },
	{ BAD("<a@b") },
	{ BAD("<a@>") },
	{ BAD("<@b>") },
	{ BAD("<a>") },
	{ BAD("<postmaster") },
	{ BAD("<postmaster1>") },
	{ BAD("<a b@c>") },
	{ BAD("< a@b>") },
	{ BAD("<a@b >") },
	{ BAD("<a @b>") },
	{ BAD("<a@ b>") },
	{ BAD("<<a@b>>") },
	{ BAD("<.a@b>") },
	{ BAD("<a.@b>") },
	{ BAD("<a..b@c>") },
	{ BAD("<a@.b>") },
	{ BAD("<a@b.>") },
	{ BAD("<a@b..c>") },
	{ BAD("<a@-b>") },
	{ BAD("<a@b->") },
	{ BAD("<a@b-.c>") },
	{ BAD("<a@b.-c>") },
	{ BAD("<a@b@c>") },
	{ BAD("<a@b,c@d>") },
	{ BAD("<a(comment)@b>") },
	{ BAD("<a:b@c>") },
	{ BAD("<a;b@c>") },
	{ BAD("<a\\b@c>") },
	{ BAD("<a@b/c>") },
	{ BAD("<a@b+c>") },

	/* A C string would end here. */
	{ BAD("\0<a@b>") },
	{ BAD("<\0>") },
	{ BAD("<a\0@b>") },
	{ BAD("<user@example.org\0x>") },
	{ BAD("<user@example.org\0>") },
	{ BAD("<a@b\0") },
	{ BAD("<postmaster\0>") },
	{ BAD("<a\r@b>") },
	{ BAD("<a\n@b>") },
	{ BAD("<a@b\r>") },
	{ BAD("<a@b\n>") },
	{ BAD("<a\x7f@b>") },

	/* UTF-8 (RFC 3629, 4). */
	{ GOOD("<\xc3\xa9@\xc3\xa9.example>", "\xc3\xa9", "\xc3\xa9.example") },
	{ GOOD("<\xc2\xa0@d>", "\xc2\xa0", "d") },
	{ GOOD("<\xdf\xbf@d>", "\xdf\xbf", "d") },
	{ GOOD("<\xe0\xa0\x80@d>", "\xe0\xa0\x80", "d") },
	{ GOOD("<\xed\x9f\xbf@d>", "\xed\x9f\xbf", "d") },
	{ GOOD("<\xee\x80\x80@d>", "\xee\x80\x80", "d") },
	{ GOOD("<\xef\xbf\xbf@d>", "\xef\xbf\xbf", "d") },
	{ GOOD("<\xf0\x90\x80\x80@d>", "\xf0\x90\x80\x80", "d") },
	{ GOOD("<\xf4\x8f\xbf\xbf@d>", "\xf4\x8f\xbf\xbf", "d") },
	{ BAD("<\x80@d>") },
	{ BAD("<\xbf@d>") },
	{ BAD("<\xc0\x80@d>") },
	{ BAD("<\xc1\xbf@d>") },
	{ BAD("<\xc2\x80@d>") }, /* control characters */
	{ BAD("<\xc2\x9f@d>") },
	{ BAD("<\xc3@d>") },
	{ BAD("<\xc3\xc3\xa9@d>") },
	{ BAD("<\xe0\x9f\xbf@d>") }, /* not the shortest form */
	{ BAD("<\xed\xa0\x80@d>") }, /* surrogates */
	{ BAD("<\xed\xbf\xbf@d>") },
	{ BAD("<\xe1\x80@d>") },
	{ BAD("<\xe1\x80\xc0@d>") },
	{ BAD("<\xf0\x8f\xbf\xbf@d>") },
	{ BAD("<\xf1\x80\x80@d>") },
	{ BAD("<\xf1\x80\x80\x7f@d>") },
	{ BAD("<\xf4\x90\x80\x80@d>") }, /* above U+10FFFF */
	{ BAD("<\xf5\x80\x80\x80@d>") },
	{ BAD("<\xff@d>") },
	{ BAD("<a@\xc0\xae>") },
	{ BAD("<a@b\xed\xa0\x80>") },
	{ BAD("<a\xc3") },
	{ BAD("<a@b\xf0\x90\x80") },

	/* Limits. */
	{ GOOD("<" X255 "@d>", X255, "d") },
	{ GOOD("<a@" X255 ">", "a", X255) },
	{ GOOD("<" X255 "@" X255 ">", X255, X255) },
	{ LONG("<" X255 "x@d>") },
	{ LONG("<a@" X255 "x>") },
	{ LONG("<a@" X255 "." X255 "." X255 ">") },
	{ LONG("<\"" X255 "\\x\"@d>") },
	{ LONG("<a@[x:" X255 "]>") },
	{ BAD("<" X255 "x@d") },
	{ BAD("<" X255 "x\xff@d>") },
};

/* A copy that ends where the text ends, so that the sanitizer sees whoever
 * reads behind it. */
static struct span
copy_of(struct span s)
{
	char *copy = malloc(s.length > 0 ? s.length : 1);

	if (copy == NULL)
		abort();
	if (s.length > 0)
		memcpy(copy, s.data, s.length);
	return (struct span){ copy, s.length };
}

static void
drop(struct span s)
{
	union {
		const char *data;
		void *memory;
	} copy = { .data = s.data };

	free(copy.memory);
}

/* What should be written is written, and read again the same. */
static bool
is_written_as(const struct address *a, struct span wanted)
{
	char buffer[ADDRESS_TEXT_MAX + 1];
	struct text text = TEXT_IN(buffer);
	struct address again;

	buffer[0] = '\0';
	address_write(&text, a);
	if (text.overflow || !span_equal(text_span(&text), wanted))
		return false;
	if (a->kind != ADDRESS_MAILBOX)
		return true;
	return address_parse_mailbox(text_span(&text), &again) == ADDRESS_OK &&
	    span_equal(address_local(&again), address_local(a)) &&
	    span_equal(address_domain(&again), address_domain(a));
}

static struct span
expected_text(const struct path_case *c, char *buffer, size_t size)
{
	struct text text = { .data = buffer, .size = size };

	if (c->written.length > 0 || c->kind == ADDRESS_NULL)
		return c->written;
	text_put_span(&text, c->local);
	text_put_char(&text, '@');
	text_put_span(&text, c->domain);
	return text_span(&text);
}

static bool
is_as_expected(const struct path_case *c, struct span input)
{
	char buffer[ADDRESS_TEXT_MAX + 1];
	struct span rest = input;
	struct address a;

	if (address_parse_path(&rest, &a) != c->result)
		return false;
	if (c->result != ADDRESS_OK)
		return true;
	return a.kind == c->kind && span_equal(address_local(&a), c->local) &&
	    span_equal(address_domain(&a), c->domain) &&
	    span_equal(rest, c->rest) &&
	    is_written_as(&a, expected_text(c, buffer, sizeof(buffer)));
}

static void
test_paths(struct tap *tap)
{
	char shown[100];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const struct path_case *c = &paths[i];
		struct span input = copy_of(c->input);

		tap_okf(tap, is_as_expected(c, input), "the path %s is %s",
		    tap_show(shown, sizeof(shown), input),
		    c->result == ADDRESS_OK	   ? "good"
			: c->result == ADDRESS_BAD ? "bad"
						   : "too long");
		drop(input);
	}
}

/* No part of a good path but the whole of it is good. */
static void
test_cut_paths(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const struct path_case *c = &paths[i];
		bool good = true;

		if (c->result != ADDRESS_OK)
			continue;
		for (size_t n = 0; n < c->input.length - c->rest.length; n++) {
			struct span cut = copy_of(
			    (struct span){ c->input.data, n });
			struct span rest = cut;
			struct address a;

			if (address_parse_path(&rest, &a) != ADDRESS_BAD)
				good = false;
			drop(cut);
		}
		tap_okf(tap, good, "good path %zu is bad when it is cut", i);
	}
}

static void
test_mailboxes(struct tap *tap)
{
	struct address a;

	tap_ok(tap, address_parse_mailbox(SPAN(""), &a) == ADDRESS_BAD,
	    "nothing is no mailbox");
	tap_ok(tap,
	    address_parse_mailbox(SPAN("postmaster"), &a) == ADDRESS_BAD,
	    "postmaster alone is no mailbox");
	tap_ok(tap, address_parse_mailbox(SPAN("<a@b>"), &a) == ADDRESS_BAD,
	    "a mailbox has no brackets");
	tap_ok(tap, address_parse_mailbox(SPAN("a@b>"), &a) == ADDRESS_BAD,
	    "a mailbox has nothing behind it");
	tap_ok(tap, address_parse_mailbox(SPAN("a@b\0"), &a) == ADDRESS_BAD,
	    "a mailbox does not end at a NUL");
	tap_ok(tap,
	    address_parse_mailbox(SPAN(X255 "x@b"), &a) == ADDRESS_TOO_LONG,
	    "a mailbox can be too long");
}

static void
test_hosts(struct tap *tap)
{
	static const struct {
		struct span name;
		bool good;
	} cases[] = {
		{ OCTETS("client.example.net"), true },
		{ OCTETS("localhost"), true },
		{ OCTETS("WIN_PC"), true },
		{ OCTETS("_"), true },
		{ OCTETS("127.0.0.1"), true }, /* digits are labels, too */
		{ OCTETS("[127.0.0.1]"), true },
		{ OCTETS("[IPv6:::1]"), true },
		{ OCTETS(X255), true },
		{ OCTETS(""), false },
		{ OCTETS(" "), false },
		{ OCTETS("a b"), false },
		{ OCTETS("a "), false },
		{ OCTETS("a."), false },
		{ OCTETS("-a"), false },
		{ OCTETS("a@b"), false },
		{ OCTETS("[127.0.0.1] "), false },
		{ OCTETS("[::1]"), false },
		{ OCTETS("a\0"), false },
		{ OCTETS("a\r"), false },
		{ OCTETS("\xc3\xa9.example"), false },
		{ OCTETS(X255 "x"), false },
	};
	char shown[100];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_okf(tap,
		    address_is_domain_or_literal(cases[i].name) ==
			cases[i].good,
		    "%s is %s name for a host",
		    tap_show(shown, sizeof(shown), cases[i].name),
		    cases[i].good ? "a" : "no");
}

static void
test_utf8(struct tap *tap)
{
	static const struct {
		struct span mailbox;
		bool utf8;
	} cases[] = {
		{ OCTETS("a@b"), false },
		{ OCTETS("\"a b\"@[192.0.2.1]"), false },
		{ OCTETS("\xc3\xa9@b"), true },
		{ OCTETS("a@\xc3\xa9"), true },
		{ OCTETS("\"\xc3\xa9\"@b"), true },
	};
	char shown[100];
	struct address a;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_okf(tap,
		    address_parse_mailbox(cases[i].mailbox, &a) == ADDRESS_OK &&
			address_has_utf8(&a) == cases[i].utf8,
		    "%s %s UTF-8",
		    tap_show(shown, sizeof(shown), cases[i].mailbox),
		    cases[i].utf8 ? "has" : "has no");
}

/* Parameters as "KEYWORD=VALUE|KEYWORD|", and "!" if that is not the end. */
static void
test_parameters(struct tap *tap)
{
	static const struct {
		struct span input;
		struct span found;
	} cases[] = {
		{ OCTETS(""), OCTETS("") },
		{ OCTETS("   "), OCTETS("") },
		{ OCTETS(" SIZE=1"), OCTETS("SIZE=1|") },
		{ OCTETS(" SIZE=1 BODY=8BITMIME"),
		    OCTETS("SIZE=1|BODY=8BITMIME|") },
		{ OCTETS("  SMTPUTF8  a-1=b "), OCTETS("SMTPUTF8|a-1=b|") },
		{ OCTETS(" 8=!~"), OCTETS("8=!~|") },
		{ OCTETS(" A=\xc3\xa9"), OCTETS("A=\xc3\xa9|") },
		{ OCTETS(" A=-"), OCTETS("A=-|") },
		{ OCTETS("SIZE=1"), OCTETS("!") },
		{ OCTETS("\tSIZE=1"), OCTETS("!") },
		{ OCTETS(" \tSIZE=1"), OCTETS("!") },
		{ OCTETS(" SIZE="), OCTETS("!") },
		{ OCTETS(" SIZE= BODY=7BIT"), OCTETS("!") },
		{ OCTETS(" ="), OCTETS("!") },
		{ OCTETS(" =1"), OCTETS("!") },
		{ OCTETS(" -A"), OCTETS("!") },
		{ OCTETS(" A_B=1"), OCTETS("!") },
		{ OCTETS(" A=1=2"), OCTETS("!") },
		{ OCTETS(" A\xc3\xa9=1"), OCTETS("!") },
		{ OCTETS(" A=\xc0\x80"), OCTETS("!") },
		{ OCTETS(" A=1\0"), OCTETS("!") },
		{ OCTETS(" A\0"), OCTETS("!") },
		{ OCTETS(" \0"), OCTETS("!") },
		{ OCTETS(" A=\x7f"), OCTETS("!") },
		{ OCTETS(" A=1 >"), OCTETS("A=1|!") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buffer[200] = "", name[200], shown[100];
		struct text text = TEXT_IN(buffer);
		struct span input = copy_of(cases[i].input);
		struct span rest = input;
		enum parameter_result result;
		struct parameter p;

		for (;;) {
			result = address_next_parameter(&rest, &p);
			if (result != PARAMETER_FOUND)
				break;
			text_put_span(&text, p.keyword);
			if (p.has_value)
				text_put_char(&text, '=');
			text_put_span(&text, p.value);
			text_put_char(&text, '|');
		}
		if (result == PARAMETER_BAD)
			text_put_char(&text, '!');
		snprintf(name, sizeof(name), "the parameters \"%s\" are read",
		    tap_show(shown, sizeof(shown), input));
		tap_is(tap, text_span(&text), cases[i].found, name);
		drop(input);
	}
}

int
main(void)
{
	struct tap tap = { 0, 0 };

	test_paths(&tap);
	test_cut_paths(&tap);
	test_mailboxes(&tap);
	test_hosts(&tap);
	test_utf8(&tap);
	test_parameters(&tap);
	return tap_done(&tap);
}
