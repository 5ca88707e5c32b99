/* Who is connected. */
#include "peer.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"
#include "text.h"

static struct peer
identify(const char *address, const char *port, int fd)
{
	struct peer peer;

	peer_identify(&peer, address, port, fd);
	return peer;
}

static bool
is_peer(struct peer peer, const char *address, const char *port)
{
	return strcmp(peer.text, address) == 0 && strcmp(peer.port, port) == 0;
}

static void
test_identify(struct tap *t)
{
	tap_ok(t, is_peer(identify("192.0.2.1", "25", -1), "192.0.2.1", "25"),
	    "the starter tells the address and the port");
	tap_ok(t,
	    is_peer(identify("2001:DB8:0::1", "25", -1), "2001:db8::1", "25"),
	    "the address is written in its usual form");
	tap_ok(t,
	    is_peer(identify("::ffff:192.0.2.1", NULL, -1), "192.0.2.1", ""),
	    "an IPv4-mapped address is written as IPv4");
	tap_ok(t,
	    is_peer(identify("192.0.2.1", "65536", -1), "192.0.2.1", "") &&
		is_peer(identify("192.0.2.1", "smtp", -1), "192.0.2.1", "") &&
		is_peer(identify("192.0.2.1", "", -1), "192.0.2.1", ""),
	    "a port that is none is left out");
	tap_ok(t,
	    is_peer(identify(NULL, "25", -1), "", "") &&
		identify(NULL, NULL, -1).address.family == IP_NONE &&
		identify("unknown", "25", -1).address.family == IP_NONE,
	    "without an address the peer is unknown");
}

static void
test_set(struct tap *t)
{
	struct peer peer = identify("192.0.2.1", "25", -1);

	peer_set(&peer, (struct ip_address){ IP_V6, 1 }, 65535);
	tap_ok(t, is_peer(peer, "::1", "65535"),
	    "another one takes its place, address and port");
}

/* A connection to itself over loopback; gives the accepted end and the port of
 * the other. */
static int
connection(int family, struct text *port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	} name = { .ipv6 = { .sin6_family = (sa_family_t)family } };
	socklen_t length = sizeof(name);
	int off = 0;
	int listener = socket(family, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int accepted;

	if (family == AF_INET6)
		setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off,
		    sizeof(off));
	if (bind(listener, &name.any, sizeof(name)) == -1 ||
	    listen(listener, 1) == -1 ||
	    getsockname(listener, &name.any, &length) == -1)
		exit(1);
	name.ipv4 = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = name.ipv4.sin_port,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (connect(client, &name.any, sizeof(name.ipv4)) == -1)
		exit(1);
	accepted = accept(listener, NULL, NULL);
	length = sizeof(name);
	if (getsockname(client, &name.any, &length) == -1)
		exit(1);
	text_put_number(port, ntohs(name.ipv4.sin_port));
	close(listener);
	return accepted;
}

static void
test_socket(struct tap *t, int family, const char *name)
{
	char buffer[8];
	struct text port = TEXT_IN(buffer);
	int fd = connection(family, &port);

	tap_ok(t, is_peer(identify(NULL, NULL, fd), "127.0.0.1", buffer), name);
	tap_ok(t, is_peer(identify("fe80::1%lo", "1", fd), "127.0.0.1", buffer),
	    "it is asked when the starter's address is none");
	tap_ok(t, is_peer(identify("192.0.2.1", "1", fd), "192.0.2.1", "1"),
	    "it is not asked when the starter has told");
	close(fd);
}

int
main(void)
{
	struct tap t = { 0 };
	int pair[2];

	test_identify(&t);
	test_set(&t);
	test_socket(&t, AF_INET, "an IPv4 socket tells its peer");
	test_socket(&t, AF_INET6, "a socket of both families tells IPv4");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return 1;
	tap_ok(&t, is_peer(identify(NULL, NULL, pair[0]), "", ""),
	    "the peer of a local socket is unknown");
	return tap_done(&t);
}
