/* What came of a header of the PROXY protocol so far, and what follows it. */
#include "proxy_header.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool good)
{
	if (!good)
		abort();
}

/* In memory of just that length, so that a look behind it is seen. */
static enum proxy_header_result
parse(const uint8_t *data, size_t length, struct proxy_header *h)
{
	char *copy = malloc(length > 0 ? length : 1);
	enum proxy_header_result result;

	must(copy != NULL);
	memcpy(copy, data, length);
	result = proxy_header_parse((struct span){ copy, length }, h);
	free(copy);
	return result;
}

/* Of a good header each part is incomplete, and asks for no more than there is
 * of it. */
static void
must_be_good(const uint8_t *data, const struct proxy_header *whole)
{
	struct proxy_header h;

	must(whole->length >= PROXY_HEADER_MIN);
	must(whole->port <= 65535);
	must(whole->client.family != IP_NONE || whole->port == 0);
	for (size_t length = 0; length < whole->length; length++) {
		must(parse(data, length, &h) == PROXY_HEADER_INCOMPLETE);
		must(h.length > length && h.length <= whole->length);
	}
	must(parse(data, whole->length, &h) == PROXY_HEADER_OK);
	must(h.length == whole->length && h.port == whole->port &&
	    ip_equal(&h.client, &whole->client));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header h;

	switch (parse(data, size, &h)) {
	case PROXY_HEADER_OK:
		must(h.length <= size);
		must_be_good(data, &h);
		break;
	case PROXY_HEADER_INCOMPLETE:
		must(h.length > size && h.length >= PROXY_HEADER_MIN);
		must(h.length <= 16 + PROXY_HEADER_V2_BODY_MAX);
		break;
	case PROXY_HEADER_BAD:
		must(h.reason != NULL);
		break;
	}
	return 0;
}
