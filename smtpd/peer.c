#include "peer.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "text.h"

/* ::ffff:0:0/96 (RFC 4291, 2.5.5.2). */
#define MAPPED_BITS 96
static const unsigned char
    mapped_prefix[MAPPED_BITS / 8] = { [10] = 0xff, [11] = 0xff };

struct range {
	struct peer_address address;
	unsigned bits;
};

static unsigned
address_bits(const struct peer_address *a)
{
	return a->family == PEER_IPV4 ? 32 : 128;
}

static void
set_ipv4(struct peer_address *a, const void *octets)
{
	memset(a, 0, sizeof(*a));
	a->family = PEER_IPV4;
	memcpy(a->octets, octets, 4);
}

/* True if it was an IPv4-mapped one. */
static bool
set_ipv6(struct peer_address *a, const unsigned char *octets)
{
	if (memcmp(octets, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		set_ipv4(a, octets + sizeof(mapped_prefix));
		return true;
	}
	a->family = PEER_IPV6;
	memcpy(a->octets, octets, sizeof(a->octets));
	return false;
}

static bool
parse_address(struct span text, struct peer_address *a, bool *mapped)
{
	char string[INET6_ADDRSTRLEN];
	unsigned char octets[16];

	*mapped = false;
	if (text.length >= sizeof(string) || text.length == 0 ||
	    memchr(text.data, '\0', text.length) != NULL)
		return false;
	memcpy(string, text.data, text.length);
	string[text.length] = '\0';
	if (inet_pton(AF_INET, string, octets) == 1) {
		set_ipv4(a, octets);
		return true;
	}
	if (inet_pton(AF_INET6, string, octets) != 1)
		return false;
	*mapped = set_ipv6(a, octets);
	return true;
}

bool
peer_parse_address(struct span text, struct peer_address *a)
{
	bool mapped;

	return parse_address(text, a, &mapped);
}

/* A decimal number without leading zeros, at most the maximum. */
static bool
parse_number(struct span text, unsigned maximum, unsigned *number)
{
	unsigned n = 0;

	if (text.length == 0 || (text.length > 1 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		n = 10 * n + (unsigned)(text.data[i] - '0');
		if (n > maximum)
			return false;
	}
	*number = n;
	return true;
}

static bool
parse_range(struct span text, struct range *r)
{
	const char *slash = memchr(text.data, '/', text.length);
	struct span address = text;
	bool mapped;
	unsigned offset;

	if (slash != NULL)
		address.length = (size_t)(slash - text.data);
	if (!parse_address(address, &r->address, &mapped))
		return false;
	r->bits = address_bits(&r->address);
	if (slash == NULL)
		return true;

	/* The prefix of a mapped address counts the 96 bits before it. */
	offset = mapped ? MAPPED_BITS : 0;
	if (!parse_number(span_from(text, address.length + 1), r->bits + offset,
		&r->bits) ||
	    r->bits < offset)
		return false;
	r->bits -= offset;
	return true;
}

/* The octet's bits that belong to a prefix of so many bits. */
static unsigned char
prefix_mask(unsigned bits, unsigned octet)
{
	if (bits >= 8 * (octet + 1))
		return 0xff;
	if (bits <= 8 * octet)
		return 0;
	return (unsigned char)(0xff << (8 * (octet + 1) - bits));
}

static bool
has_bits_behind_prefix(const struct range *r)
{
	for (unsigned i = 0; i < address_bits(&r->address) / 8; i++)
		if (r->address.octets[i] &
		    (unsigned char)~prefix_mask(r->bits, i))
			return true;
	return false;
}

static bool
range_holds(const struct range *r, const struct peer_address *a)
{
	if (r->address.family != a->family)
		return false;
	for (unsigned i = 0; 8 * i < r->bits; i++)
		if ((r->address.octets[i] ^ a->octets[i]) &
		    prefix_mask(r->bits, i))
			return false;
	return true;
}

/* The next entry of the list at *at, which is moved behind it; length 0 at the
 * end. */
static struct span
next_entry(const char **at)
{
	static const char separators[] = " ,\t\r\n";
	struct span entry;

	*at += strspn(*at, separators);
	entry.data = *at;
	entry.length = strcspn(*at, separators);
	*at += entry.length;
	return entry;
}

bool
peer_in_ranges(const struct peer_address *a, const char *ranges)
{
	struct span entry;
	struct range range;

	while ((entry = next_entry(&ranges)).length > 0)
		if (parse_range(entry, &range) && range_holds(&range, a))
			return true;
	return false;
}

struct span
peer_check_ranges(const char *ranges)
{
	struct span entry;
	struct range range;

	while ((entry = next_entry(&ranges)).length > 0)
		if (!parse_range(entry, &range) ||
		    has_bits_behind_prefix(&range))
			break;
	return entry;
}

static void
put_port(struct peer *peer, unsigned port)
{
	struct text text = TEXT_IN(peer->port);

	text_put_number(&text, port);
}

static void
ask_socket(struct peer *peer, int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
		struct sockaddr_storage storage;
	} name = { .storage = { 0 } };
	socklen_t length = sizeof(name);

	if (getpeername(fd, &name.any, &length) == -1)
		return;
	if (name.any.sa_family == AF_INET) {
		set_ipv4(&peer->address, &name.ipv4.sin_addr);
		put_port(peer, ntohs(name.ipv4.sin_port));
	} else if (name.any.sa_family == AF_INET6) {
		set_ipv6(&peer->address, name.ipv6.sin6_addr.s6_addr);
		put_port(peer, ntohs(name.ipv6.sin6_port));
	}
}

void
peer_identify(struct peer *peer, const char *address, const char *port, int fd)
{
	unsigned number;

	memset(peer, 0, sizeof(*peer));
	if (address == NULL ||
	    !peer_parse_address(span_of(address), &peer->address))
		ask_socket(peer, fd);
	else if (port != NULL && parse_number(span_of(port), 65535, &number))
		put_port(peer, number);

	if (peer->address.family != PEER_UNKNOWN)
		inet_ntop(peer->address.family == PEER_IPV4 ? AF_INET
							    : AF_INET6,
		    peer->address.octets, peer->text, sizeof(peer->text));
}
