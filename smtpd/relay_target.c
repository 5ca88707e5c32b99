#include "relay_target.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "peer.h"
#include "span.h"

static const char unix_prefix[] = "unix:";

static const char *
parse_local(struct relay_target *target, const char *path)
{
	struct sockaddr_un *local = &target->address.local;
	size_t length = strlen(path);

	if (path[0] != '/')
		return "the path of the socket must begin with a /";
	if (length >= sizeof(local->sun_path))
		return "the path of the socket is too long";
	local->sun_family = AF_UNIX;
	memcpy(local->sun_path, path, length + 1);
	target->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    length + 1);
	return NULL;
}

static bool
parse_port(struct span text, in_port_t *port)
{
	unsigned number = 0;

	if (text.length == 0 || text.length > 5)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		unsigned digit = (unsigned char)text.data[i] - '0';

		if (digit > 9)
			return false;
		number = number * 10 + digit;
	}
	*port = htons((uint16_t)number);
	return number > 0 && number <= UINT16_MAX;
}

/* Splits "ADDRESS:PORT" at its last colon, and takes the brackets off. */
static bool
split(const char *text, struct span *address, struct span *port)
{
	const char *colon = strrchr(text, ':');

	if (colon == NULL)
		return false;
	*address = (struct span){ text, (size_t)(colon - text) };
	*port = span_of(colon + 1);
	if (text[0] != '[')
		return memchr(text, ':', address->length) == NULL;
	if (address->length < 2 || colon[-1] != ']')
		return false;
	*address = (struct span){ text + 1, address->length - 2 };
	return true;
}

const char *
relay_target_parse(struct relay_target *target, const char *text)
{
	static const char reason[] =
	    "must be unix:PATH, ADDRESS:PORT or [ADDRESS]:PORT, numeric";
	struct ip_address parsed;
	struct span address, port;
	in_port_t number;

	memset(target, 0, sizeof(*target));
	if (strncmp(text, unix_prefix, strlen(unix_prefix)) == 0)
		return parse_local(target, text + strlen(unix_prefix));
	if (!split(text, &address, &port) || !parse_port(port, &number) ||
	    !ip_parse(address, &parsed))
		return reason;
	if (parsed.family == IP_V4) {
		target->address.ipv4.sin_family = AF_INET;
		target->address.ipv4.sin_port = number;
		ip_to_octets(&parsed, &target->address.ipv4.sin_addr);
		target->length = sizeof(target->address.ipv4);
	} else {
		target->address.ipv6.sin6_family = AF_INET6;
		target->address.ipv6.sin6_port = number;
		ip_to_octets(&parsed, &target->address.ipv6.sin6_addr);
		target->length = sizeof(target->address.ipv6);
	}
	return NULL;
}
