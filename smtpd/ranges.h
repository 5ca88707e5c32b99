/* Lists of addresses and CIDR ranges, IPv4 and IPv6, between spaces, commas or
 * line ends. Pure. */
#ifndef RANGES_H
#define RANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "ip.h"

/*
 * A list, which stays text: a session asks for one address, so it is searched
 * while it is checked, and nothing is kept but the answer. 1,000 entries take
 * some 15 microseconds.
 */
struct ranges {
	const char *list;
	size_t entries;
	struct ip_address asked; /* while it was checked */
	bool answer;
};

/*
 * Takes a list, and looks whether it holds the address. Every entry must be
 * good: an address or range without bits set behind its prefix.
 * Returns NULL, or the first bad entry in the list; *ranges is then unchanged.
 */
const char *ranges_read(struct ranges *, const char *list,
    const struct ip_address *asked);

/* Whether a list that was read holds an address. No list holds IP_NONE. */
bool ranges_hold(const struct ranges *, const struct ip_address *);

#endif
