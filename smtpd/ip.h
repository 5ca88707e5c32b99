/* IPv4 and IPv6 addresses. Pure. */
#ifndef IP_H
#define IP_H

#include <arpa/inet.h>
#include <stdbool.h>

#include "span.h"

/* What the compiler has for 128 bits. */
typedef unsigned __int128 ip_number;

/* An address as a number: 32 or 128 bits. An IPv4-mapped IPv6 address (RFC
 * 4291, 2.5.5.2) is the IPv4 one. */
struct ip_address {
	enum { IP_NONE, IP_V4, IP_V6 } family;
	ip_number number;
};

/* The bits that a mapped address has before the IPv4 one. */
#define IP_MAPPED_BITS 96

#define IP_PORT_MAX 65535

/* From 4 or 16 octets in network order, and back to as many. */
struct ip_address ip_from_ipv4(const void *octets);
struct ip_address ip_from_ipv6(const void *octets);
void ip_to_octets(const struct ip_address *, void *octets);

/*
 * Reads the address at the start of a text that NUL ends, written as
 * inet_pton(3) takes it. What follows is the caller's to judge, even if it is one
 * digit too many.
 * Returns where the address ends, or NULL if there is none.
 */
const char *ip_scan_ipv4(const char *text, struct ip_address *);
const char *ip_scan_ipv6(const char *text, struct ip_address *);

/* The same of a decimal number without leading zeros, up to most, which is below
 * 100,000. */
const char *ip_scan_number(const char *text, unsigned most, unsigned *);

/* A text that is an address and nothing else. */
bool ip_parse(struct span text, struct ip_address *);

static inline bool
ip_equal(const struct ip_address *a, const struct ip_address *b)
{
	return a->family == b->family && a->number == b->number;
}

/* Writes it in its usual form; "" for none. */
void ip_print(const struct ip_address *, char text[INET6_ADDRSTRLEN]);

#endif
