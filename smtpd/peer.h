/* Who is connected, and whether an address is in a list of ranges. */
#ifndef PEER_H
#define PEER_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>

#include "span.h"

/* An address in network order. An IPv4-mapped IPv6 address is an IPv4 one. */
struct peer_address {
	enum { PEER_UNKNOWN, PEER_IPV4, PEER_IPV6 } family;
	unsigned char octets[16];
};

struct peer {
	struct peer_address address;
	char text[INET6_ADDRSTRLEN]; /* "" if unknown */
	char port[6];		     /* "" if unknown */
};

/*
 * From REMOTE_ADDR and REMOTE_PORT (systemd), else TCPREMOTEIP and
 * TCPREMOTEPORT (ucspi), as config.c has read them (NULL if unset), else from
 * getpeername on fd. A text that is no address counts as unset. A peer that
 * cannot be told is PEER_UNKNOWN, and in no range.
 */
void peer_identify(struct peer *, const char *address, const char *port,
    int fd);

/* Reads a numeric address. False if it is none. */
bool peer_parse_address(struct span text, struct peer_address *);

/*
 * Whether the address is in a list of addresses and CIDR ranges, IPv4 and
 * IPv6, between spaces, commas or line ends. The list is one that
 * peer_check_ranges took.
 */
bool peer_in_ranges(const struct peer_address *, const char *ranges);

/* The first entry of a list that is no address or range, or has bits set
 * behind its prefix; length 0 if all are good. It points into the list. */
struct span peer_check_ranges(const char *ranges);

#endif
