#include "proxy_header.h"

#include <stdbool.h>
#include <string.h>

/* Version 2, section 2.2: the fixed part, and what its octets 13 and 14 say. */
#define V2_FIXED 16
#define V2_VERSION 2

enum { V2_LOCAL, V2_PROXY };
enum { V2_UNIX = 3 };  /* the last family */
enum { V2_DGRAM = 2 }; /* the last transport */
enum { V2_TCP4 = 0x11, V2_TCP6 = 0x21 };

/* Two addresses and two ports. */
#define V2_TCP4_BODY 12
#define V2_TCP6_BODY 36

static const struct span v1_signature = { "PROXY ", 6 };
static const struct span v2_signature = { "\r\n\r\n\0\r\nQUIT\n", 12 };

static enum proxy_header_result
bad(struct proxy_header *h, const char *reason)
{
	h->reason = reason;
	return PROXY_HEADER_BAD;
}

static enum proxy_header_result
incomplete(struct proxy_header *h, size_t length)
{
	h->length = length;
	return PROXY_HEADER_INCOMPLETE;
}

/* True, too, for text that may yet become so. */
static bool
begins_with(struct span text, struct span begin)
{
	size_t length = text.length < begin.length ? text.length : begin.length;

	return memcmp(text.data, begin.data, length) == 0;
}

static unsigned
read_16(const unsigned char *octets)
{
	return (unsigned)octets[0] << 8 | octets[1];
}

/* What version 1 knows, and the length of the shortest line with it. */
static const struct v1_kind {
	struct span name;
	size_t shortest;
	const char *(*scan)(const char *, struct ip_address *);
} v1_kinds[] = {
	{ { "TCP4 ", 5 }, sizeof("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n") - 1,
	    ip_scan_ipv4 },
	{ { "TCP6 ", 5 }, sizeof("PROXY TCP6 :: :: 0 0\r\n") - 1,
	    ip_scan_ipv6 },
	{ { "UNKNOWN", 7 }, PROXY_HEADER_MIN, NULL },
};

static const struct v1_kind *
find_v1_kind(struct span words)
{
	for (size_t i = 0; i < sizeof(v1_kinds) / sizeof(v1_kinds[0]); i++)
		if (begins_with(words, v1_kinds[i].name))
			return &v1_kinds[i];
	return NULL;
}

/* Source and destination, first their addresses and then their ports, each
 * behind one space. */
static const char *
scan_v1_ends(const struct v1_kind *kind, const char *at, struct proxy_header *h)
{
	struct ip_address server;
	unsigned port;

	at = kind->scan(at, &h->client);
	if (at == NULL || *at != ' ')
		return NULL;
	at = kind->scan(at + 1, &server);
	if (at == NULL || *at != ' ')
		return NULL;
	at = ip_scan_number(at + 1, IP_PORT_MAX, &h->port);
	if (at == NULL || *at != ' ')
		return NULL;
	return ip_scan_number(at + 1, IP_PORT_MAX, &port);
}

/* The words behind the signature, without CRLF. */
static bool
parse_v1_words(const struct v1_kind *kind, struct span words,
    struct proxy_header *h)
{
	char text[PROXY_HEADER_V1_MAX];

	if (words.length < kind->name.length)
		return false;
	words = span_from(words, kind->name.length);
	if (kind->scan == NULL)
		return words.length == 0 || words.data[0] == ' ';
	memcpy(text, words.data, words.length);
	text[words.length] = '\0';
	return scan_v1_ends(kind, text, h) == text + words.length;
}

/* How long the header of an unfinished line will be at least. */
static size_t
v1_shortest(const struct v1_kind *kind, size_t text_length)
{
	size_t shortest = PROXY_HEADER_MIN;

	if (text_length >= v1_signature.length + kind->name.length)
		shortest = kind->shortest;
	return text_length + 2 > shortest ? text_length + 2 : shortest;
}

static enum proxy_header_result
parse_v1(struct span all, struct proxy_header *h)
{
	const char *crlf;
	const struct v1_kind *kind;
	struct span text = all;

	if (all.length <= v1_signature.length)
		return incomplete(h, PROXY_HEADER_MIN);
	if (text.length > PROXY_HEADER_V1_MAX)
		text.length = PROXY_HEADER_V1_MAX;
	crlf = memmem(text.data, text.length, "\r\n", 2);
	if (crlf != NULL)
		text.length = (size_t)(crlf - text.data);
	else if (text.data[text.length - 1] == '\r')
		text.length--;

	kind = find_v1_kind(span_from(text, v1_signature.length));
	if (kind == NULL)
		return bad(h, "unknown protocol in the PROXY header");
	if (memchr(text.data, '\r', text.length) != NULL ||
	    memchr(text.data, '\n', text.length) != NULL)
		return bad(h, "bare CR or LF in the PROXY header");
	h->length = text.length + 2;
	if (crlf == NULL) {
		h->length = v1_shortest(kind, text.length);
		return h->length <= PROXY_HEADER_V1_MAX
		    ? PROXY_HEADER_INCOMPLETE
		    : bad(h, "PROXY header too long");
	}
	if (!parse_v1_words(kind, span_from(text, v1_signature.length), h))
		return bad(h, "malformed PROXY header");
	return PROXY_HEADER_OK;
}

/* The fixed part is complete. */
static const char *
check_v2(const unsigned char *fixed, size_t body)
{
	unsigned version = fixed[12] >> 4, command = fixed[12] & 0xf;
	unsigned family = fixed[13] >> 4, transport = fixed[13] & 0xf;

	if (version != V2_VERSION)
		return "unknown version of the PROXY header";
	if (command > V2_PROXY)
		return "unknown command in the PROXY header";
	if (body > PROXY_HEADER_V2_BODY_MAX)
		return "PROXY header too long";
	if (command == V2_LOCAL)
		return NULL;
	if (family > V2_UNIX || transport > V2_DGRAM)
		return "unknown protocol in the PROXY header";
	if (fixed[13] == V2_TCP4 && body < V2_TCP4_BODY)
		return "PROXY header too short for its addresses";
	if (fixed[13] == V2_TCP6 && body < V2_TCP6_BODY)
		return "PROXY header too short for its addresses";
	return NULL;
}

/* Behind the addresses, there may be more (TLVs) that is not for us. */
static enum proxy_header_result
parse_v2(struct span all, struct proxy_header *h)
{
	const unsigned char *fixed = (const unsigned char *)all.data;
	const unsigned char *body = fixed + V2_FIXED;

	if (all.length < V2_FIXED)
		return incomplete(h, V2_FIXED);
	h->length = V2_FIXED + read_16(fixed + 14);
	h->reason = check_v2(fixed, h->length - V2_FIXED);
	if (h->reason != NULL)
		return PROXY_HEADER_BAD;
	if (all.length < h->length)
		return PROXY_HEADER_INCOMPLETE;
	if ((fixed[12] & 0xf) == V2_LOCAL)
		return PROXY_HEADER_OK;
	if (fixed[13] == V2_TCP4) {
		h->client = ip_from_ipv4(body);
		h->port = read_16(body + 8);
	} else if (fixed[13] == V2_TCP6) {
		h->client = ip_from_ipv6(body);
		h->port = read_16(body + 32);
	}
	return PROXY_HEADER_OK;
}

enum proxy_header_result
proxy_header_parse(struct span so_far, struct proxy_header *h)
{
	*h = (struct proxy_header){ .client.family = IP_NONE };
	if (begins_with(so_far, v1_signature))
		return parse_v1(so_far, h);
	if (begins_with(so_far, v2_signature))
		return parse_v2(so_far, h);
	return bad(h, "no PROXY header");
}
