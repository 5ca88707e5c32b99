#include "envelope.h"

#include <stdlib.h>

#include "tap.h"

static struct address
address_of(const char *path)
{
	struct span span = span_of(path);
	struct address a;

	if (address_parse_path(&span, &a) != ADDRESS_OK)
		abort();
	return a;
}

static bool
is_same(const struct address *a, const struct address *b)
{
	return a->kind == b->kind &&
	    span_equal(address_local(a), address_local(b)) &&
	    span_equal(address_domain(a), address_domain(b));
}

static void
fill(struct span *s, char *data, size_t length)
{
	memset(data, 'x', length);
	*s = (struct span){ data, length };
}

/* The longest there can be. */
static struct address
longest_address(void)
{
	struct address a = { .kind = ADDRESS_MAILBOX };
	struct span part;

	fill(&part, a.local, sizeof(a.local));
	a.local_length = part.length;
	fill(&part, a.domain, sizeof(a.domain));
	a.domain_length = part.length;
	return a;
}

static void
test_recipients(struct tap *tap, struct envelope *e)
{
	const struct address wanted[] = { address_of("<alice@example.org>"),
		address_of("<postmaster>"), address_of("<\"a b\"@[192.0.2.1]>"),
		longest_address() };
	const size_t total = sizeof(wanted) / sizeof(wanted[0]);
	struct address got;
	size_t at = 0;

	envelope_reset(e);
	tap_ok(tap, !envelope_next(e, &at, &got), "at first it is empty");
	for (size_t i = 0; i < total; i++) {
		tap_okf(tap, envelope_has_room(e, &wanted[i]),
		    "there is room for recipient %zu", i);
		envelope_add(e, &wanted[i]);
	}
	tap_ok(tap, e->recipients == total, "recipients are counted");
	at = 0;
	for (size_t i = 0; i < total; i++)
		tap_okf(tap,
		    envelope_next(e, &at, &got) && is_same(&got, &wanted[i]),
		    "recipient %zu comes back as it was", i);
	tap_ok(tap, !envelope_next(e, &at, &got), "and no more of them");
}

/* RFC 5321, 4.5.3.1.8. */
static void
test_limit(struct tap *tap, struct envelope *e)
{
	struct address longest = longest_address();
	struct address got;
	size_t added = 0, found = 0, at = 0;

	envelope_reset(e);
	while (envelope_has_room(e, &longest)) {
		envelope_add(e, &longest);
		added++;
	}
	tap_ok(tap, added >= 100, "100 of the longest recipients fit");
	tap_ok(tap, e->recipients == added, "and all are counted");
	while (envelope_next(e, &at, &got) && is_same(&got, &longest))
		found++;
	tap_ok(tap, found == added, "all that fit come back");
}

static void
test_reset(struct tap *tap, struct envelope *e)
{
	struct address got;
	size_t at = 0;

	envelope_reset(e);
	e->sender = address_of("<alice@example.org>");
	e->declared_size = 1;
	e->eight_bit = e->smtputf8 = true;
	envelope_add(e, &e->sender);
	envelope_reset(e);
	tap_ok(tap,
	    e->sender.kind == ADDRESS_NULL && e->declared_size == 0 &&
		!e->eight_bit && !e->smtputf8 && e->recipients == 0 &&
		!envelope_next(e, &at, &got),
	    "a reset forgets everything");
}

int
main(void)
{
	static struct envelope envelope;
	struct tap tap = { 0, 0 };

	test_recipients(&tap, &envelope);
	test_limit(&tap, &envelope);
	test_reset(&tap, &envelope);
	return tap_done(&tap);
}
