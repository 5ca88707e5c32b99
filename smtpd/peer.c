#include "peer.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "text.h"

static bool
parse_port(const char *text, unsigned *port)
{
	const char *end = ip_scan_number(text, IP_PORT_MAX, port);

	return end != NULL && *end == '\0';
}

static void
put_port(struct peer *peer, unsigned port)
{
	struct text text = TEXT_IN(peer->port);

	text_put_number(&text, port);
}

void
peer_set(struct peer *peer, struct ip_address address, unsigned port)
{
	peer->address = address;
	ip_print(&peer->address, peer->text);
	put_port(peer, port);
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
	if (name.any.sa_family == AF_INET)
		peer_set(peer, ip_from_ipv4(&name.ipv4.sin_addr),
		    ntohs(name.ipv4.sin_port));
	else if (name.any.sa_family == AF_INET6)
		peer_set(peer, ip_from_ipv6(&name.ipv6.sin6_addr),
		    ntohs(name.ipv6.sin6_port));
}

void
peer_identify(struct peer *peer, const char *address, const char *port, int fd)
{
	unsigned number;

	memset(peer, 0, sizeof(*peer));
	if (address == NULL || !ip_parse(span_of(address), &peer->address)) {
		peer->address.family = IP_NONE;
		ask_socket(peer, fd);
		return;
	}
	ip_print(&peer->address, peer->text);
	if (port != NULL && parse_port(port, &number))
		put_port(peer, number);
}
