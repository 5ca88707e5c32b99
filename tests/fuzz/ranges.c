/* The first line is an address, the rest a list of ranges; both are compared
 * with what inet_pton(3) and a slow look at each bit say. */
#include "ranges.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 4096
#define MAPPED_OCTETS 12
static const unsigned char mapped[MAPPED_OCTETS] = { [10] = 0xff, 0xff };

/* Every address as one of IPv6. */
struct range {
	unsigned char octets[16];
	unsigned bits;
};

static void
must(bool good)
{
	if (!good)
		abort();
}

static bool
parse_address(const char *text, unsigned char octets[16], bool *dotted)
{
	memcpy(octets, mapped, sizeof(mapped));
	*dotted = inet_pton(AF_INET, text, octets + MAPPED_OCTETS) == 1;
	return *dotted || inet_pton(AF_INET6, text, octets) == 1;
}

static bool
parse_bits(const char *text, unsigned most, unsigned *bits)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	*bits = (unsigned)number;
	return *end == '\0' && strspn(text, "0123456789") == strlen(text) &&
	    *text != '\0' && number <= most && (*text != '0' || number == 0) &&
	    (*text != '0' || text[1] == '\0');
}

static bool
bit(const unsigned char octets[16], unsigned n)
{
	return octets[n / 8] >> (7 - n % 8) & 1;
}

/* The text is changed. */
static bool
parse_range(char *text, struct range *r)
{
	char *slash = strchr(text, '/');
	bool dotted;

	if (slash != NULL)
		*slash = '\0';
	if (!parse_address(text, r->octets, &dotted))
		return false;
	r->bits = 128;
	if (slash != NULL &&
	    !parse_bits(slash + 1, dotted ? 32 : 128, &r->bits))
		return false;
	if (slash != NULL && dotted)
		r->bits += 96;
	if (memcmp(r->octets, mapped, sizeof(mapped)) == 0 && r->bits < 96)
		return false;
	for (unsigned n = r->bits; n < 128; n++)
		if (bit(r->octets, n))
			return false;
	return true;
}

static bool
holds(const struct range *r, const unsigned char octets[16])
{
	bool is_mapped = memcmp(octets, mapped, sizeof(mapped)) == 0;

	for (unsigned n = 0; n < r->bits; n++)
		if (bit(r->octets, n) != bit(octets, n))
			return false;
	/* A range holds only its own family. */
	return !is_mapped || r->bits >= 96;
}

/* Returns the place of the first bad entry, or -1. */
static ptrdiff_t
search(char *list, const unsigned char octets[16], size_t *entries, bool *held)
{
	static const char separators[] = " ,\t\r\n";
	char *saved;

	*entries = 0;
	*held = false;
	for (char *entry = strtok_r(list, separators, &saved); entry != NULL;
	     entry = strtok_r(NULL, separators, &saved)) {
		struct range r;

		if (!parse_range(entry, &r))
			return entry - list;
		*entries += 1;
		*held = *held || holds(&r, octets);
	}
	return -1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX + 1], copy[TEXT_MAX + 1];
	unsigned char octets[16];
	struct ip_address asked;
	struct ranges ranges;
	const char *bad;
	ptrdiff_t wanted_bad;
	size_t entries;
	char *list;
	bool dotted, held;

	if (size > TEXT_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	list = strchr(text, '\n');
	if (list == NULL)
		return 0;
	*list++ = '\0';
	must(ip_parse(span_of(text), &asked) ==
	    parse_address(text, octets, &dotted));
	if (!parse_address(text, octets, &dotted))
		return 0;
	memcpy(copy, list, strlen(list) + 1);
	wanted_bad = search(copy, octets, &entries, &held);
	bad = ranges_read(&ranges, list, &asked);
	must((bad == NULL ? -1 : bad - list) == wanted_bad);
	if (bad == NULL)
		must(ranges.entries == entries && ranges.answer == held);
	return 0;
}
