#include "text.h"

#include "tap.h"

static void
test_put(struct tap *tap)
{
	char buffer[8] = "xxxxxxx";
	struct text text = TEXT_IN(buffer);

	text_put(&text, "abc");
	text_put_char(&text, 'd');
	text_put_span(&text, SPAN("e\0"));
	text_put_span(&text, (struct span){ NULL, 0 });
	tap_is(tap, text_span(&text), SPAN("abcde\0"), "text is appended");
	tap_ok(tap, buffer[6] == '\0' && !text.overflow, "a NUL ends it");
	text_put(&text, "fg");
	tap_is(tap, text_span(&text), SPAN("abcde\0"),
	    "what does not fit with its NUL is left out");
	tap_ok(tap, text.overflow, "and that is remembered");
	text_put_char(&text, 'f');
	tap_is(tap, text_span(&text), SPAN("abcde\0"),
	    "behind an overflow nothing is appended, though it would fit");
}

static void
test_full(struct tap *tap)
{
	char buffer[4];
	struct text text = TEXT_IN(buffer);

	text_put(&text, "abc");
	tap_ok(tap, !text.overflow && text.length == 3,
	    "a buffer can be filled but for the NUL");
	text_put(&text, "");
	tap_ok(tap, !text.overflow, "nothing fits even then");
}

static void
test_numbers(struct tap *tap)
{
	static const struct {
		uint64_t number;
		const char *digits;
	} cases[] = {
		{ 0, "0" },
		{ 9, "9" },
		{ 10, "10" },
		{ 1234567890, "1234567890" },
		{ UINT64_MAX, "18446744073709551615" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buffer[32];
		struct text text = TEXT_IN(buffer);

		text_put_number(&text, cases[i].number);
		tap_is(tap, text_span(&text), span_of(cases[i].digits),
		    cases[i].digits);
	}
}

static void
test_escapes(struct tap *tap)
{
	static const struct {
		struct span octets;
		const char *escaped;
	} cases[] = {
		{ OCTETS(""), "" },
		{ OCTETS(" az~"), " az~" },
		{ OCTETS("\"\\"), "\\\"\\\\" },
		{ OCTETS("\0\r\n\t\x1f\x7f"),
		    "\\x00\\x0d\\x0a\\x09\\x1f\\x7f" },
		{ OCTETS("\x80\xc3\xa9\xff"), "\\x80\\xc3\\xa9\\xff" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buffer[64] = "";
		struct text text = TEXT_IN(buffer);

		text_put_escaped(&text, cases[i].octets);
		tap_is(tap, text_span(&text), span_of(cases[i].escaped),
		    "octets from outside are escaped");
	}
}

/* However small the buffer is, an escape is whole or left out. */
static void
test_escape_that_does_not_fit(struct tap *tap)
{
	static const char whole[] = "a\\x0a\\\"b";
	static const size_t lengths[] = { 0, 1, 1, 1, 1, 5, 5, 7, 8 };
	bool good = true;

	for (size_t size = 1; size <= sizeof(whole); size++) {
		char buffer[sizeof(whole)] = "";
		struct text text = { .data = buffer, .size = size };

		text_put_escaped(&text, SPAN("a\n\"b"));
		if (text.length != lengths[size - 1] ||
		    text.overflow != (size < sizeof(whole)) ||
		    memcmp(buffer, whole, text.length) != 0)
			good = false;
	}
	tap_ok(tap, good, "no escape is cut");
}

int
main(void)
{
	struct tap tap = { 0, 0 };

	test_put(&tap);
	test_full(&tap);
	test_numbers(&tap);
	test_escapes(&tap);
	test_escape_that_does_not_fit(&tap);
	return tap_done(&tap);
}
