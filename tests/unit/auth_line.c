/* Dovecot's authentication protocol. */
#include "auth_line.h"

#include "tap.h"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X255 X50 X50 X50 X50 X50 "xxxxx"

static const struct {
	struct span line;
	enum auth_line_kind kind;
	uint32_t number;
	bool temporary;
	struct span user;
} lines[] = {
	{ OCTETS("VERSION\t1\t2"), AUTH_LINE_VERSION, 1, false, OCTETS("") },
	{ OCTETS("VERSION\t2"), AUTH_LINE_VERSION, 2, false, OCTETS("") },
	{ OCTETS("VERSION"), AUTH_LINE_BAD, 0, false, OCTETS("") },
	{ OCTETS("VERSION\tx"), AUTH_LINE_BAD, 0, false, OCTETS("") },
	{ OCTETS("MECH\tPLAIN\tplaintext"), AUTH_LINE_PLAIN, 0, false,
	    OCTETS("") },
	{ OCTETS("MECH\tLOGIN\tplaintext"), AUTH_LINE_OTHER, 0, false,
	    OCTETS("") },
	{ OCTETS("MECH\tXPLAIN"), AUTH_LINE_OTHER, 0, false, OCTETS("") },
	{ OCTETS("MECH"), AUTH_LINE_OTHER, 0, false, OCTETS("") },
	{ OCTETS("DONE"), AUTH_LINE_DONE, 0, false, OCTETS("") },
	{ OCTETS("DONE\tmore"), AUTH_LINE_DONE, 0, false, OCTETS("") },
	{ OCTETS("DONEX"), AUTH_LINE_OTHER, 0, false, OCTETS("") },
	{ OCTETS("done"), AUTH_LINE_OTHER, 0, false, OCTETS("") },
	{ OCTETS(""), AUTH_LINE_OTHER, 0, false, OCTETS("") },
	{ OCTETS("\t"), AUTH_LINE_OTHER, 0, false, OCTETS("") },
	{ OCTETS("\tOK\t1"), AUTH_LINE_OTHER, 0, false, OCTETS("") },
	{ OCTETS("COOKIE\tabc"), AUTH_LINE_OTHER, 0, false, OCTETS("") },
	{ OCTETS("OK\t7\tuser=alice"), AUTH_LINE_OK, 7, false,
	    OCTETS("alice") },
	{ OCTETS("OK\t7"), AUTH_LINE_OK, 7, false, OCTETS("") },
	{ OCTETS("OK\t7\t\tx=y\tuser=alice\tz"), AUTH_LINE_OK, 7, false,
	    OCTETS("alice") },
	{ OCTETS("OK\t7\tuser=a\001tb\0010c\0011d\001ne\001rf"), AUTH_LINE_OK,
	    7, false, OCTETS("a\tb\0c\001d\ne\rf") },
	{ OCTETS("OK\t7\tuser=" X255), AUTH_LINE_OK, 7, false, OCTETS(X255) },
	{ OCTETS("OK\t7\tuser=x" X255), AUTH_LINE_BAD, 7, false, OCTETS(X255) },
	{ OCTETS("OK\t7\tuser=a\001"), AUTH_LINE_BAD, 7, false, OCTETS("a") },
	{ OCTETS("OK\t7\tuser=a\001x"), AUTH_LINE_BAD, 7, false, OCTETS("a") },
	{ OCTETS("OK\t7\tuser="), AUTH_LINE_OK, 7, false, OCTETS("") },
	{ OCTETS("OK\t7\tauser=b"), AUTH_LINE_OK, 7, false, OCTETS("") },
	{ OCTETS("OK"), AUTH_LINE_BAD, 0, false, OCTETS("") },
	{ OCTETS("OK\t"), AUTH_LINE_BAD, 0, false, OCTETS("") },
	{ OCTETS("OK\t-1"), AUTH_LINE_BAD, 0, false, OCTETS("") },
	{ OCTETS("OK\t1x"), AUTH_LINE_BAD, 1, false, OCTETS("") },
	{ OCTETS("OK 1"), AUTH_LINE_OTHER, 0, false, OCTETS("") },
	{ OCTETS("OK\t4294967295"), AUTH_LINE_OK, UINT32_MAX, false,
	    OCTETS("") },
	{ OCTETS("OK\t4294967296"), AUTH_LINE_BAD, 429496729, false,
	    OCTETS("") },
	{ OCTETS("OK\t42949672950"), AUTH_LINE_BAD, UINT32_MAX, false,
	    OCTETS("") },
	{ OCTETS("FAIL\t2"), AUTH_LINE_FAIL, 2, false, OCTETS("") },
	{ OCTETS("FAIL\t2\tuser=bob\treason=temp"), AUTH_LINE_FAIL, 2, false,
	    OCTETS("") },
	{ OCTETS("FAIL\t2\tuser=bob\ttemp"), AUTH_LINE_FAIL, 2, true,
	    OCTETS("") },
	{ OCTETS("FAIL\t2\tcode=temp_fail\treason=x"), AUTH_LINE_FAIL, 2, true,
	    OCTETS("") },
	{ OCTETS("FAIL\t2\tcode=user_disabled"), AUTH_LINE_FAIL, 2, false,
	    OCTETS("") },
	{ OCTETS("FAIL\t2\ttemporary"), AUTH_LINE_FAIL, 2, false, OCTETS("") },
	{ OCTETS("CONT\t3\tabcd"), AUTH_LINE_CONTINUE, 3, false, OCTETS("") },
};

static void
test_lines(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct auth_line line;
		char name[512];

		auth_line_read(&line, lines[i].line);
		tap_okf(tap,
		    line.kind == lines[i].kind &&
			line.number == lines[i].number &&
			line.temporary == lines[i].temporary &&
			span_equal((struct span){ line.user, line.user_length },
			    lines[i].user),
		    "%s", tap_show(name, sizeof(name), lines[i].line));
	}
}

static void
test_requests(struct tap *tap)
{
	struct peer client = { .text = "2001:db8::1", .port = "4000" };
	struct peer unknown = { .text = "" };
	char buffer[256];
	struct text text = TEXT_IN(buffer);

	auth_line_hello(&text, 4242);
	tap_is(tap, text_span(&text), SPAN("VERSION\t1\t1\nCPID\t4242\n"),
	    "the greeting");
	text = TEXT_IN(buffer);
	auth_line_request(&text,
	    &(struct auth_request){ .number = 3,
		.message = SPAN("\0a\0b"),
		.secured = true,
		.client = &client });
	tap_is(tap, text_span(&text),
	    SPAN("AUTH\t3\tPLAIN\tservice=smtp\tnologin\tsecured"
		 "\trip=2001:db8::1\trport=4000\tresp=AGEAYg==\n"),
	    "a request under TLS");
	text = TEXT_IN(buffer);
	auth_line_request(&text,
	    &(struct auth_request){ .number = 1,
		.message = SPAN("\0a\0b"),
		.client = &unknown });
	tap_is(tap, text_span(&text),
	    SPAN("AUTH\t1\tPLAIN\tservice=smtp\tnologin\tresp=AGEAYg==\n"),
	    "a request of a client that is not known");
}

int
main(void)
{
	struct tap tap = { 0, 0 };

	test_lines(&tap);
	test_requests(&tap);
	return tap_done(&tap);
}
