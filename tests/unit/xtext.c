#include "xtext.h"

#include "tap.h"

int
main(void)
{
	static const struct {
		struct span text;
		const char *wanted; /* NULL: it is none */
	} cases[] = {
		{ OCTETS(""), "" },
		{ OCTETS("alice@example.org"), "alice@example.org" },
		{ OCTETS("a+2Bb+3Dc+20d"), "a+b=c d" },
		{ OCTETS("!~<>,*"), "!~<>,*" },
		{ OCTETS("+C3+A9"), "\xc3\xa9" },
		{ OCTETS("a=b"), NULL },
		{ OCTETS("a b"), NULL },
		{ OCTETS("a\x7f"), NULL },
		{ OCTETS("a\0"), NULL },
		{ OCTETS("\xc3\xa9"), NULL },
		{ OCTETS("+"), NULL },
		{ OCTETS("+2"), NULL },
		{ OCTETS("+2b"), NULL },
		{ OCTETS("+G0"), NULL },
		{ OCTETS("+0:"), NULL },
		{ OCTETS("++2B"), NULL },
		{ OCTETS("12345678901234567890"), "12345678901234567890" },
		{ OCTETS("123456789012345678901"), NULL },
	};
	struct tap tap = { 0, 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char octets[20], name[64];
		size_t length;
		bool good = xtext_decode(cases[i].text, octets, sizeof(octets),
		    &length);

		tap_okf(&tap,
		    cases[i].wanted == NULL ? !good
					    : good &&
			    span_equal((struct span){ octets, length },
				span_of(cases[i].wanted)),
		    "%s: %s", cases[i].wanted == NULL ? "none" : "decoded",
		    tap_show(name, sizeof(name), cases[i].text));
	}
	return tap_done(&tap);
}
