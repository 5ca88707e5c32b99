#include "received.h"

#include <string.h>

#include "grammar.h"

#define SECONDS_PER_DAY 86400

/* The client's name for itself, with "?" for each octet that has no place in a
 * domain name or an address literal. */
static void
put_hello(struct text *t, struct span hello)
{
	if (hello.length == 0)
		text_put(t, "unknown");
	for (size_t i = 0; i < hello.length && i < ADDRESS_DOMAIN_MAX; i++) {
		char c = hello.data[i];
		bool good = grammar_is_alphanumeric(c) ||
		    (c != '\0' && strchr("-._[]:", c) != NULL);

		text_put_char(t, good ? c : '?');
	}
}

/* RFC 5321, 4.1.3. */
static void
put_peer(struct text *t, const struct peer *peer)
{
	switch (peer->address.family) {
	case IP_NONE:
		return;
	case IP_V4:
		text_put(t, " ([");
		break;
	case IP_V6:
		text_put(t, " ([IPv6:");
		break;
	}
	text_put(t, peer->text);
	text_put(t, "])");
}

/* RFC 3848 and, with SMTPUTF8, RFC 6531, 4.3: SMTP alone has no variants. */
static void
put_protocol(struct text *t, const struct received *r)
{
	if (!r->envelope->smtputf8 && !r->extended) {
		text_put(t, "SMTP");
		return;
	}
	text_put(t, r->envelope->smtputf8 ? "UTF8SMTP" : "ESMTP");
	if (r->tls != NULL)
		text_put(t, "S");
	if (r->authenticated)
		text_put(t, "A");
}

static void
put_tls(struct text *t, const struct tls_terms *tls)
{
	if (tls == NULL || tls->version[0] == '\0')
		return;
	text_put(t, " (");
	text_put(t, tls->version);
	if (tls->cipher[0] != '\0') {
		text_put(t, " ");
		text_put(t, tls->cipher);
	}
	text_put(t, ")");
}

static void
put_recipient(struct text *t, const struct envelope *envelope)
{
	struct address to;
	size_t at = 0;

	if (envelope->recipients != 1 || !envelope_next(envelope, &at, &to))
		return;
	text_put(t, "\n\tfor <");
	address_write(t, &to);
	text_put_char(t, '>');
}

static void
put_two_digits(struct text *t, int64_t number)
{
	text_put_char(t, (char)('0' + number / 10));
	text_put_char(t, (char)('0' + number % 10));
}

static bool
is_leap_year(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Takes the days of whole years and months off a day that is counted from the
 * first of January 1970. gmtime is not used: with glibc it reads the zone
 * file, which the sandbox does not allow. */
static void
put_date(struct text *t, int64_t day)
{
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	int64_t year = 1970;
	int month = 0;

	for (; day >= 365 + is_leap_year(year); year++)
		day -= 365 + is_leap_year(year);
	for (;; month++) {
		int length = lengths[month];

		if (month == 1 && is_leap_year(year))
			length++;
		if (day < length)
			break;
		day -= length;
	}
	text_put_number(t, (uint64_t)day + 1);
	text_put_char(t, ' ');
	text_put(t, months[month]);
	text_put_char(t, ' ');
	text_put_number(t, (uint64_t)year);
}

/* RFC 5322, 3.3. A clock that stands before 1970 is not believed. */
static void
put_time(struct text *t, int64_t seconds)
{
	static const char weekdays[][4] = { "Thu", "Fri", "Sat", "Sun", "Mon",
		"Tue", "Wed" };
	int64_t day, second;

	if (seconds < 0)
		seconds = 0;
	day = seconds / SECONDS_PER_DAY;
	second = seconds % SECONDS_PER_DAY;
	text_put(t, weekdays[day % 7]);
	text_put(t, ", ");
	put_date(t, day);
	text_put_char(t, ' ');
	put_two_digits(t, second / 3600);
	text_put_char(t, ':');
	put_two_digits(t, second / 60 % 60);
	text_put_char(t, ':');
	put_two_digits(t, second % 60);
	text_put(t, " +0000");
}

void
received_write(struct text *t, const struct received *r)
{
	text_put(t, "Received: from ");
	put_hello(t, r->hello);
	put_peer(t, r->peer);
	text_put(t, "\n\tby ");
	text_put(t, r->hostname);
	text_put(t, " with ");
	put_protocol(t, r);
	put_tls(t, r->tls);
	put_recipient(t, r->envelope);
	text_put(t, ";\n\t");
	put_time(t, r->time.tv_sec);
	text_put_char(t, '\n');
}
