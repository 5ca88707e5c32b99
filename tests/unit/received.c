#include "received.h"

#include <stdlib.h>
#include <time.h>

#include "tap.h"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X255 X50 X50 X50 X50 X50 "xxxxx"

/* All that a header can be made from; what a case leaves out is usual. */
struct received_case {
	const char *name;
	struct span hello;
	const char *peer;
	bool helo;
	bool smtputf8;
	bool authenticated;
	const struct tls_terms *tls;
	const char *recipients[2];
	int64_t time;
	const char *wanted;
};

#define EPOCH "Thu, 1 Jan 1970 00:00:00 +0000\n"

static const struct tls_terms usual_terms = { .version = "TLSv1.3",
	.cipher = "TLS_AES_256_GCM_SHA384" };
static const struct tls_terms version_alone = { .version = "TLSv1.2" };
static const struct tls_terms unknown_terms = { .version = "" };

static const struct received_case cases[] = {
	{ .name = "EHLO, IPv4 and one recipient",
	    .hello = OCTETS("client.example.net"),
	    .peer = "192.0.2.1",
	    .recipients = { "<alice@example.org>" },
	    .time = 1795259164,
	    .wanted = "Received: from client.example.net ([192.0.2.1])\n"
		      "\tby mx.example.org with ESMTP\n"
		      "\tfor <alice@example.org>;\n"
		      "\tSat, 21 Nov 2026 11:06:04 +0000\n" },
	{ .name = "HELO, IPv6 and two recipients",
	    .hello = OCTETS("[IPv6:2001:db8::1]"),
	    .peer = "2001:db8::1",
	    .helo = true,
	    .recipients = { "<alice@example.org>", "<bob@example.org>" },
	    .wanted = "Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\n"
		      "\tby mx.example.org with SMTP;\n\t" EPOCH },
	{ .name = "SMTPUTF8, no peer and a quoted recipient",
	    .hello = OCTETS("c"),
	    .smtputf8 = true,
	    .recipients = { "<\"a \\\"b\"@\xc3\xa9.example>" },
	    .wanted = "Received: from c\n"
		      "\tby mx.example.org with UTF8SMTP\n"
		      "\tfor <\"a \\\"b\"@\xc3\xa9.example>;\n\t" EPOCH },
	{ .name = "an authenticated client",
	    .hello = OCTETS("c"),
	    .authenticated = true,
	    .wanted = "Received: from c\n"
		      "\tby mx.example.org with ESMTPA;\n\t" EPOCH },
	{ .name = "an authenticated client and SMTPUTF8",
	    .hello = OCTETS("c"),
	    .authenticated = true,
	    .smtputf8 = true,
	    .wanted = "Received: from c\n"
		      "\tby mx.example.org with UTF8SMTPA;\n\t" EPOCH },
	{ .name = "an authenticated client that said HELO then",
	    .hello = OCTETS("c"),
	    .authenticated = true,
	    .helo = true,
	    .wanted = "Received: from c\n"
		      "\tby mx.example.org with SMTP;\n\t" EPOCH },
	{ .name = "a name that would get out of its word",
	    .hello = OCTETS("a b\r\nX: y\0\t(z)\"\\;<>,@\x7f\xc3\xa9_-.["),
	    .wanted = "Received: from a?b??X:?y???z???????????_-.[\n"
		      "\tby mx.example.org with ESMTP;\n\t" EPOCH },
	{ .name = "no name",
	    .wanted = "Received: from unknown\n"
		      "\tby mx.example.org with ESMTP;\n\t" EPOCH },
	{ .name = "a name that is too long",
	    .hello = OCTETS(X255 X255),
	    .wanted = "Received: from " X255 "\n"
		      "\tby mx.example.org with ESMTP;\n\t" EPOCH },
	{ .name = "postmaster",
	    .hello = OCTETS("c"),
	    .recipients = { "<Postmaster>" },
	    .wanted = "Received: from c\n"
		      "\tby mx.example.org with ESMTP\n"
		      "\tfor <Postmaster>;\n\t" EPOCH },
	{ .name = "TLS",
	    .hello = OCTETS("c"),
	    .tls = &usual_terms,
	    .recipients = { "<alice@example.org>" },
	    .wanted = "Received: from c\n"
		      "\tby mx.example.org with ESMTPS "
		      "(TLSv1.3 TLS_AES_256_GCM_SHA384)\n"
		      "\tfor <alice@example.org>;\n\t" EPOCH },
	{ .name = "TLS whose cipher is not known",
	    .hello = OCTETS("c"),
	    .tls = &version_alone,
	    .wanted = "Received: from c\n"
		      "\tby mx.example.org with ESMTPS (TLSv1.2);\n\t" EPOCH },
	{ .name = "TLS of which nothing is known",
	    .hello = OCTETS("c"),
	    .tls = &unknown_terms,
	    .wanted = "Received: from c\n"
		      "\tby mx.example.org with ESMTPS;\n\t" EPOCH },
	{ .name = "SMTPUTF8 and TLS",
	    .hello = OCTETS("c"),
	    .smtputf8 = true,
	    .tls = &version_alone,
	    .wanted =
		"Received: from c\n"
		"\tby mx.example.org with UTF8SMTPS (TLSv1.2);\n\t" EPOCH },
	{ .name = "TLS and HELO, for which there is no keyword",
	    .hello = OCTETS("c"),
	    .helo = true,
	    .tls = &version_alone,
	    .wanted = "Received: from c\n"
		      "\tby mx.example.org with SMTP (TLSv1.2);\n\t" EPOCH },
	{ .name = "an authenticated client",
	    .hello = OCTETS("c"),
	    .authenticated = true,
	    .wanted = "Received: from c\n"
		      "\tby mx.example.org with ESMTPA;\n\t" EPOCH },
	{ .name = "an authenticated client with SMTPUTF8 and TLS",
	    .hello = OCTETS("c"),
	    .smtputf8 = true,
	    .authenticated = true,
	    .tls = &unknown_terms,
	    .wanted = "Received: from c\n"
		      "\tby mx.example.org with UTF8SMTPSA;\n\t" EPOCH },
};

static void
add_recipient(struct envelope *e, const char *path)
{
	struct span span = span_of(path);
	struct address to;

	if (address_parse_path(&span, &to) != ADDRESS_OK)
		abort();
	envelope_add(e, &to);
}

static struct peer
peer_of(const char *address)
{
	struct peer peer = { .text = "" };

	if (address == NULL)
		return peer;
	if (!ip_parse(span_of(address), &peer.address))
		abort();
	snprintf(peer.text, sizeof(peer.text), "%s", address);
	return peer;
}

static void
test_headers(struct tap *tap, struct envelope *envelope)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct received_case *c = &cases[i];
		struct peer peer = peer_of(c->peer);
		struct received received = { .hello = c->hello,
			.peer = &peer,
			.hostname = "mx.example.org",
			.extended = !c->helo,
			.authenticated = c->authenticated,
			.tls = c->tls,
			.envelope = envelope,
			.time = { .tv_sec = c->time } };
		char buffer[RECEIVED_MAX];
		struct text text = TEXT_IN(buffer);

		envelope_reset(envelope);
		envelope->smtputf8 = c->smtputf8;
		for (size_t j = 0; j < 2 && c->recipients[j] != NULL; j++)
			add_recipient(envelope, c->recipients[j]);
		received_write(&text, &received);
		tap_is(tap, text_span(&text), span_of(c->wanted), c->name);
	}
}

/* The last line of a header of that time. */
static struct span
date_of(char *buffer, size_t size, const struct envelope *envelope,
    int64_t seconds)
{
	struct peer peer = { .text = "" };
	struct received received = { .hello = SPAN("c"),
		.peer = &peer,
		.hostname = "h",
		.envelope = envelope,
		.time = { .tv_sec = seconds } };
	struct text text = { .data = buffer, .size = size };
	const char *date;

	received_write(&text, &received);
	date = strstr(buffer, ";\n\t");
	return date == NULL ? SPAN("") : span_of(date + 3);
}

/* Every day of four centuries, at changing times, as the C library has it. */
static void
test_dates(struct tap *tap, struct envelope *envelope)
{
	unsigned bad = 0;

	envelope_reset(envelope);
	for (int64_t day = 0; day < 146097; day++) {
		time_t seconds = day * 86400 + day * 7919 % 86400;
		char buffer[RECEIVED_MAX], wanted[64];
		struct tm tm;

		gmtime_r(&seconds, &tm);
		strftime(wanted, sizeof(wanted),
		    "%a, %-d %b %Y %H:%M:%S +0000\n", &tm);
		if (!span_equal(date_of(buffer, sizeof(buffer), envelope,
				    seconds),
			span_of(wanted)))
			bad++;
	}
	tap_ok(tap, bad == 0, "every day from 1970 to 2370 has its date");
}

static void
test_odd_times(struct tap *tap, const struct envelope *envelope)
{
	char buffer[RECEIVED_MAX];

	tap_is(tap, date_of(buffer, sizeof(buffer), envelope, -1),
	    span_of(EPOCH), "a time before 1970 is shown as its begin");
	tap_is(tap, date_of(buffer, sizeof(buffer), envelope, 951868799),
	    SPAN("Tue, 29 Feb 2000 23:59:59 +0000\n"),
	    "a century's leap day is known");
}

/* The longest names and addresses. */
static void
test_longest(struct tap *tap, struct envelope *envelope)
{
	static const char host[] = X255;
	struct peer peer = peer_of("1111:2222:3333:4444:5555:6666:7777:8888");
	struct address to = { .kind = ADDRESS_MAILBOX,
		.local_length = ADDRESS_LOCAL_MAX,
		.domain_length = ADDRESS_DOMAIN_MAX };
	struct received received = { .hello = SPAN(X255 X255),
		.peer = &peer,
		.hostname = host,
		.extended = true,
		.envelope = envelope,
		.time = { .tv_sec = 253402300799 } };
	char buffer[RECEIVED_MAX];
	struct text text = TEXT_IN(buffer);
	size_t longest = 0;

	memset(to.local, '"', sizeof(to.local));
	memset(to.domain, 'x', sizeof(to.domain));
	envelope_reset(envelope);
	envelope->smtputf8 = true;
	envelope_add(envelope, &to);
	received_write(&text, &received);
	for (char *line = strtok(buffer, "\n"); line != NULL;
	     line = strtok(NULL, "\n"))
		if (strlen(line) > longest)
			longest = strlen(line);
	tap_ok(tap, !text.overflow, "the longest header fits");
	tap_ok(tap, longest <= 998, "no line is longer than RFC 5322 allows");
}

int
main(void)
{
	static struct envelope envelope;
	struct tap tap = { 0, 0 };

	test_headers(&tap, &envelope);
	test_dates(&tap, &envelope);
	test_odd_times(&tap, &envelope);
	test_longest(&tap, &envelope);
	return tap_done(&tap);
}
