#include "ip.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define GROUPS 8 /* of 16 bits, in an IPv6 address */
#define GROUP_BITS 16

static ip_number
read_number(const unsigned char *octets, size_t count)
{
	ip_number number = 0;

	for (size_t i = 0; i < count; i++)
		number = number << 8 | octets[i];
	return number;
}

static struct ip_address
from_number(ip_number number)
{
	if (number >> 32 == 0xffff)
		return (struct ip_address){ IP_V4, (uint32_t)number };
	return (struct ip_address){ IP_V6, number };
}

struct ip_address
ip_from_ipv4(const void *octets)
{
	return (struct ip_address){ IP_V4, read_number(octets, 4) };
}

struct ip_address
ip_from_ipv6(const void *octets)
{
	return from_number(read_number(octets, 16));
}

void
ip_to_octets(const struct ip_address *a, void *octets)
{
	unsigned char *to = octets;
	ip_number number = a->number;

	for (size_t i = a->family == IP_V4 ? 4 : 16; i-- > 0; number >>= 8)
		to[i] = (unsigned char)number;
}

/* What a character stands for as a digit; more than 9 if it is none. */
static inline unsigned
digit(char c)
{
	return (unsigned)(unsigned char)c - '0';
}

/* A number up to 255 without leading zeros. */
static inline const char *
scan_octet(const char *at, unsigned *octet)
{
	unsigned number = digit(*at++);

	if (number > 9)
		return NULL;
	if (number != 0 && digit(*at) <= 9) {
		number = 10 * number + digit(*at++);
		if (digit(*at) <= 9)
			number = 10 * number + digit(*at++);
	}
	*octet = number;
	return number <= 255 ? at : NULL;
}

const char *
ip_scan_ipv4(const char *at, struct ip_address *a)
{
	uint32_t number = 0;

	for (int i = 0; i < 4; i++) {
		unsigned octet;

		if (i > 0 && *at++ != '.')
			return NULL;
		at = scan_octet(at, &octet);
		if (at == NULL)
			return NULL;
		number = number << 8 | octet;
	}
	*a = (struct ip_address){ IP_V4, number };
	return at;
}

const char *
ip_scan_number(const char *at, unsigned most, unsigned *number)
{
	unsigned n = digit(*at++);

	if (n > 9)
		return NULL;
	while (n != 0 && n <= most && digit(*at) <= 9)
		n = 10 * n + digit(*at++);
	*number = n;
	return n <= most ? at : NULL;
}

/* What a character stands for as a hexadecimal digit; 16 if it is none. */
static inline unsigned
hex_digit(char c)
{
	unsigned letter = ((unsigned)(unsigned char)c | 0x20) - 'a';

	if (digit(c) <= 9)
		return digit(c);
	return letter <= 5 ? letter + 10 : 16;
}

/* One to four digits. */
static inline const char *
scan_group(const char *at, unsigned *group)
{
	unsigned number = hex_digit(*at++);
	unsigned next;

	if (number > 15)
		return NULL;
	for (int i = 1; i < 4 && (next = hex_digit(*at)) <= 15; i++, at++)
		number = number << 4 | next;
	*group = number;
	return at;
}

/* Groups with one colon between them, the last two perhaps as an IPv4 address,
 * behind which there are none; at most one group too many. */
static inline const char *
scan_groups(const char *at, size_t *count, ip_number *number)
{
	for (;;) {
		unsigned group;
		const char *end = scan_group(at, &group);

		if (end == NULL)
			return NULL;
		if (*end == '.') {
			struct ip_address last;

			end = ip_scan_ipv4(at, &last);
			if (end == NULL || *end == ':')
				return NULL;
			*number = *number << 32 | last.number;
			*count += 2;
			return end;
		}
		*number = *number << GROUP_BITS | group;
		*count += 1;
		if (*count >= GROUPS || end[0] != ':' || end[1] == ':')
			return end;
		at = end + 1;
	}
}

/* RFC 4291, 2.2. A "::" stands for one group at least. */
const char *
ip_scan_ipv6(const char *at, struct ip_address *a)
{
	ip_number before = 0, behind = 0;
	size_t count = 0, more = 0;

	if (*at != ':')
		at = scan_groups(at, &count, &before);
	if (at == NULL || count > GROUPS)
		return NULL;
	if (count < GROUPS) {
		if (at[0] != ':' || at[1] != ':')
			return NULL;
		at += 2;
		if (hex_digit(*at) <= 15)
			at = scan_groups(at, &more, &behind);
		if (at == NULL || count + more >= GROUPS)
			return NULL;
		if (count > 0)
			before <<= GROUP_BITS * (GROUPS - count);
	}
	*a = from_number(before | behind);
	return at;
}

bool
ip_parse(struct span text, struct ip_address *a)
{
	char string[INET6_ADDRSTRLEN];
	const char *end;

	if (text.length >= sizeof(string))
		return false;
	memcpy(string, text.data, text.length);
	string[text.length] = '\0';
	end = ip_scan_ipv4(string, a);
	if (end == NULL)
		end = ip_scan_ipv6(string, a);
	return end == string + text.length;
}

void
ip_print(const struct ip_address *a, char text[INET6_ADDRSTRLEN])
{
	unsigned char octets[16];

	text[0] = '\0';
	if (a->family == IP_NONE)
		return;
	ip_to_octets(a, octets);
	inet_ntop(a->family == IP_V4 ? AF_INET : AF_INET6, octets, text,
	    INET6_ADDRSTRLEN);
}
