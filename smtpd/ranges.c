#include "ranges.h"

#include <stdint.h>

struct range {
	struct ip_address address;
	ip_number behind; /* the bits behind the prefix */
};

static inline bool
is_separator(char c)
{
	return c == ' ' || c == ',' || c == '\t' || c == '\r' || c == '\n';
}

/* So many bits, from the lowest on. */
static inline ip_number
low_bits(unsigned count)
{
	return count < 128 ? ((ip_number)1 << count) - 1 : ~(ip_number)0;
}

/* Returns where the entry ends, or NULL if it is bad. */
static inline const char *
scan_range(const char *at, struct range *r)
{
	const char *end = ip_scan_ipv4(at, &r->address);
	unsigned least = 0, all = 32;
	unsigned bits;

	if (end == NULL) {
		end = ip_scan_ipv6(at, &r->address);
		if (end == NULL)
			return NULL;
		/* The prefix of a mapped address counts what is before it. */
		if (r->address.family == IP_V4)
			least = IP_MAPPED_BITS;
		all = 128;
	}
	r->behind = 0;
	if (*end != '/')
		return end;
	end = ip_scan_number(end + 1, all, &bits);
	if (end == NULL || bits < least)
		return NULL;
	r->behind = low_bits(all - bits);
	return end;
}

static inline bool
has_bits_behind_prefix(const struct range *r)
{
	return (r->address.number & r->behind) != 0;
}

static inline bool
range_holds(const struct range *r, const struct ip_address *a)
{
	return r->address.family == a->family &&
	    ((r->address.number ^ a->number) & ~r->behind) == 0;
}

const char *
ranges_read(struct ranges *ranges, const char *list,
    const struct ip_address *asked)
{
	struct ranges read = { .list = list, .asked = *asked };

	for (const char *at = list;;) {
		const char *entry;
		struct range range;

		while (is_separator(*at))
			at++;
		if (*at == '\0')
			break;
		entry = at;
		at = scan_range(entry, &range);
		if (at == NULL || (*at != '\0' && !is_separator(*at)) ||
		    has_bits_behind_prefix(&range))
			return entry;
		read.entries++;
		if (range_holds(&range, asked))
			read.answer = true;
	}
	*ranges = read;
	return NULL;
}

bool
ranges_hold(const struct ranges *ranges, const struct ip_address *a)
{
	struct ranges again;

	if (ip_equal(a, &ranges->asked))
		return ranges->answer;
	return ranges_read(&again, ranges->list, a) == NULL && again.answer;
}
