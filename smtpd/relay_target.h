/* Where a relay hands mail on: what follows "smtp:" or "lmtp:". */
#ifndef RELAY_TARGET_H
#define RELAY_TARGET_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct relay_target {
	socklen_t length;
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
		struct sockaddr_un local;
	} address;
};

/*
 * Reads "unix:PATH" with an absolute path, "ADDRESS:PORT", or
 * "[ADDRESS]:PORT" with an IPv6 address. Both are numeric: nothing here
 * resolves names.
 * Returns NULL, or the reason why it cannot be used.
 */
const char *relay_target_parse(struct relay_target *, const char *text);

#endif
