/* What a unit test prints: the Test Anything Protocol, which tests/run counts. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>

struct tap {
	unsigned count;
	unsigned failed;
};

/* One test and its name. */
static inline void
tap_ok(struct tap *tap, bool good, const char *name)
{
	tap->count++;
	if (!good)
		tap->failed++;
	printf("%sok %u - %s\n", good ? "" : "not ", tap->count, name);
}

/* Ends the output; gives main's status. */
static inline int
tap_done(const struct tap *tap)
{
	printf("1..%u\n", tap->count);
	return tap->failed != 0;
}

#endif
