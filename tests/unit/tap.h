/* What a unit test prints: the Test Anything Protocol, which tests/run counts. */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "span.h"
#include "text.h"

struct tap {
	unsigned count;
	unsigned failed;
};

/* A span of a literal, which may hold NUL; as an initializer, and as a value. */
#define OCTETS(literal)                      \
	{                                    \
		literal, sizeof(literal) - 1 \
	}
#define SPAN(literal) ((struct span)OCTETS(literal))

/* One test and its name. */
static inline void
tap_ok(struct tap *tap, bool good, const char *name)
{
	tap->count++;
	if (!good)
		tap->failed++;
	printf("%sok %u - %s\n", good ? "" : "not ", tap->count, name);
}

/* One test of a table: its name is made from a format. */
__attribute__((format(printf, 3, 4))) static inline void
tap_okf(struct tap *tap, bool good, const char *format, ...)
{
	char name[1000];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	tap_ok(tap, good, name);
}

/* Octets as they can stand in a name, in the buffer. */
static inline const char *
tap_show(char *buffer, size_t size, struct span octets)
{
	struct text text = { .data = buffer, .size = size };

	buffer[0] = '\0';
	text_put_escaped(&text, octets);
	return buffer;
}

/* A test that octets are what they should be. */
static inline void
tap_is(struct tap *tap, struct span got, struct span wanted, const char *name)
{
	char buffer[2048];

	tap_ok(tap, span_equal(got, wanted), name);
	if (span_equal(got, wanted))
		return;
	printf("#    got: %s\n", tap_show(buffer, sizeof(buffer), got));
	printf("# wanted: %s\n", tap_show(buffer, sizeof(buffer), wanted));
}

/* Ends the output; gives main's status. */
static inline int
tap_done(const struct tap *tap)
{
	printf("1..%u\n", tap->count);
	return tap->failed != 0;
}

#endif
