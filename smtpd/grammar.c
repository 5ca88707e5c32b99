#include "grammar.h"

#include <arpa/inet.h>
#include <string.h>

size_t
grammar_utf8(struct span s)
{
	/* The first octet sets the length and the range of the second (RFC
	 * 3629, 4); every other one is 80 to BF. */
	static const struct {
		unsigned char first, last;
		unsigned char low, high;
		unsigned char length;
	} forms[] = {
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, /* without U+0080 to U+009F */
		{ 0xc3, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, /* without the surrogates */
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *octets = (const unsigned char *)s.data;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s.length < forms[i].length || octets[0] < forms[i].first ||
		    octets[0] > forms[i].last)
			continue;
		if (octets[1] < forms[i].low || octets[1] > forms[i].high)
			return 0;
		for (size_t j = 2; j < forms[i].length; j++)
			if ((octets[j] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

/* The longest run of letters, digits, characters of the set and UTF-8. */
static size_t
run_of(struct span s, const char *set)
{
	size_t length = 0;

	while (length < s.length) {
		char c = s.data[length];
		size_t step = grammar_is_alphanumeric(c) ||
		    (c != '\0' && strchr(set, c) != NULL);

		if (step == 0)
			step = grammar_utf8(span_from(s, length));
		if (step == 0)
			break;
		length += step;
	}
	return length;
}

static size_t
atom(struct span s)
{
	return run_of(s, "!#$%&'*+-/=?^_`{|}~");
}

static size_t
label(struct span s)
{
	size_t length = run_of(s, "-_");

	if (length > 0 && s.data[0] == '-')
		return 0;
	while (length > 0 && s.data[length - 1] == '-')
		length--;
	return length;
}

static size_t
dotted(struct span s, size_t (*word)(struct span))
{
	size_t length = word(s);

	while (length > 0 && length < s.length && s.data[length] == '.') {
		size_t more = word(span_from(s, length + 1));

		if (more == 0)
			break;
		length += 1 + more;
	}
	return length;
}

size_t
grammar_dot_string(struct span s)
{
	return dotted(s, atom);
}

size_t
grammar_domain(struct span s)
{
	return dotted(s, label);
}

/* One to three digits for at most 255. inet_pton would not take the leading
 * zeros that the grammar allows. */
static size_t
octet_number(struct span s)
{
	unsigned number = 0;
	size_t length = 0;

	while (length < s.length && length < 3 && s.data[length] >= '0' &&
	    s.data[length] <= '9')
		number = number * 10 + (unsigned)(s.data[length++] - '0');
	return number <= 255 ? length : 0;
}

static bool
is_ipv4(struct span s)
{
	for (int i = 0; i < 4; i++) {
		size_t length;

		if (i > 0) {
			if (s.length == 0 || s.data[0] != '.')
				return false;
			s = span_from(s, 1);
		}
		length = octet_number(s);
		if (length == 0)
			return false;
		s = span_from(s, length);
	}
	return s.length == 0;
}

static bool
is_ipv6(struct span s)
{
	char string[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (s.length >= sizeof(string) ||
	    (s.length > 0 && memchr(s.data, '\0', s.length) != NULL))
		return false;
	if (s.length > 0)
		memcpy(string, s.data, s.length);
	string[s.length] = '\0';
	return inet_pton(AF_INET6, string, &address) == 1;
}

/* A tag of letters, digits and inner hyphens, a colon, and more. */
static bool
is_general(struct span s)
{
	size_t at = 0;

	while (at < s.length &&
	    (grammar_is_alphanumeric(s.data[at]) || s.data[at] == '-'))
		at++;
	if (at == 0 || s.data[at - 1] == '-' || s.length - at < 2 ||
	    s.data[at] != ':')
		return false;
	for (at++; at < s.length; at++) {
		char c = s.data[at];

		if (c < '!' || c > '~' || (c >= '[' && c <= ']'))
			return false;
	}
	return true;
}

size_t
grammar_literal(struct span s)
{
	static const char ipv6_tag[] = "IPv6:";
	const size_t tag_length = sizeof(ipv6_tag) - 1;
	const char *end;
	struct span inner;
	bool good;

	if (s.length == 0 || s.data[0] != '[')
		return 0;
	end = memchr(s.data, ']', s.length);
	if (end == NULL)
		return 0;
	inner = (struct span){ s.data + 1, (size_t)(end - s.data) - 1 };
	if (inner.length >= tag_length &&
	    strncasecmp(inner.data, ipv6_tag, tag_length) == 0)
		good = is_ipv6(span_from(inner, tag_length));
	else
		good = is_ipv4(inner) || is_general(inner);
	return good ? inner.length + 2 : 0;
}
