#include "base64.h"

#include "tap.h"

static const struct {
	struct span octets;
	const char *text;
} pairs[] = {
	/* RFC 4648, 10. */
	{ OCTETS(""), "" },
	{ OCTETS("f"), "Zg==" },
	{ OCTETS("fo"), "Zm8=" },
	{ OCTETS("foo"), "Zm9v" },
	{ OCTETS("foob"), "Zm9vYg==" },
	{ OCTETS("fooba"), "Zm9vYmE=" },
	{ OCTETS("foobar"), "Zm9vYmFy" },
	{ OCTETS("\0"), "AA==" },
	{ OCTETS("\xff\xff\xff"), "////" },
	{ OCTETS("\xfb\xef\xbe"), "++++" },
	{ OCTETS("\0alice\0secret"), "AGFsaWNlAHNlY3JldA==" },
};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static void
test_pairs(struct tap *tap)
{
	for (size_t i = 0; i < PAIRS; i++) {
		char buffer[64] = "", octets[16];
		struct text text = TEXT_IN(buffer);
		size_t length = 99;

		base64_encode(&text, pairs[i].octets);
		tap_is(tap, text_span(&text), span_of(pairs[i].text),
		    pairs[i].text);
		tap_ok(tap,
		    base64_decode(span_of(pairs[i].text), octets,
			sizeof(octets), &length) &&
			span_equal((struct span){ octets, length },
			    pairs[i].octets),
		    "and back");
	}
}

static void
test_bad(struct tap *tap)
{
	static const struct span bad[] = {
		OCTETS("Z"),
		OCTETS("Zg"),
		OCTETS("Zg="),
		OCTETS("Zg==="),
		OCTETS("Zg====="),
		OCTETS("="),
		OCTETS("=="),
		OCTETS("===="),
		OCTETS("Z==="),
		OCTETS("Zg==Zg=="),
		OCTETS("Z=g="),
		OCTETS("=g=="),
		OCTETS("Zm9v===="),
		OCTETS("Zm9=Zm9v"),
		OCTETS("Zh=="), /* a bit behind the end */
		OCTETS("Zv=="),
		OCTETS("Zm9="),
		OCTETS("Zm8 "),
		OCTETS(" Zm8"),
		OCTETS("Zm8=\n"),
		OCTETS("Zm\r\n"),
		OCTETS("Zm8\0"),
		OCTETS("Zm8-"),
		OCTETS("Zm8_"),
		OCTETS("Zm8*"),
		OCTETS("Zm8:"),
		OCTETS("Zm8@"),
		OCTETS("Zm8["),
		OCTETS("Zm8`"),
		OCTETS("Zm8{"),
		OCTETS("Zm8."),
		OCTETS("Zm\xc3\xa9"),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char octets[16], name[64];
		size_t length;

		tap_okf(tap,
		    !base64_decode(bad[i], octets, sizeof(octets), &length),
		    "none: %s", tap_show(name, sizeof(name), bad[i]));
	}
}

static void
test_sizes(struct tap *tap)
{
	char octets[4] = "abc", buffer[8] = "";
	struct text text = TEXT_IN(buffer);
	size_t length;

	tap_ok(tap,
	    base64_decode(span_of("Zm9v"), octets, 3, &length) &&
		octets[3] == '\0',
	    "octets may fill the room");
	tap_ok(tap, !base64_decode(span_of("Zm9vYg=="), octets, 3, &length),
	    "one more is refused");
	base64_encode(&text, SPAN("foobar"));
	tap_ok(tap, text.overflow && text.length == 4,
	    "a text that does not fit is told");
	tap_ok(tap,
	    BASE64_LENGTH(0) == 0 && BASE64_LENGTH(1) == 4 &&
		BASE64_LENGTH(3) == 4 && BASE64_LENGTH(4) == 8,
	    "the length can be computed");
}

int
main(void)
{
	struct tap tap = { 0, 0 };

	test_pairs(&tap);
	test_bad(&tap);
	test_sizes(&tap);
	return tap_done(&tap);
}
