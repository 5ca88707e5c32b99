/*
 * The header of the PROXY protocol, versions 1 and 2, by which a proxy says for
 * which client it has connected (proxy-protocol.txt of HAProxy). Pure.
 */
#ifndef PROXY_HEADER_H
#define PROXY_HEADER_H

#include <stddef.h>

#include "ip.h"
#include "span.h"

/* No header is shorter: "PROXY UNKNOWN" with CRLF. */
#define PROXY_HEADER_MIN 15
/* Section 2.1. */
#define PROXY_HEADER_V1_MAX 107
/* What we take behind the fixed part of version 2; senders stay below 536. */
#define PROXY_HEADER_V2_BODY_MAX 4096

struct proxy_header {
	size_t length;		  /* of the header, or what is known of it */
	struct ip_address client; /* IP_NONE: who is connected is the client */
	unsigned port;
	const char *reason; /* why it is bad */
};

enum proxy_header_result {
	PROXY_HEADER_OK,
	PROXY_HEADER_INCOMPLETE, /* at least up to length, there is more */
	PROXY_HEADER_BAD,
};

/* Reads a header from all that came so far, which may go on behind it. It is
 * bad as soon as no more octets could make it good. */
enum proxy_header_result proxy_header_parse(struct span so_far,
    struct proxy_header *);

#endif
