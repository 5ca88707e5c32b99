#include "base64.h"

#include <stdint.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* A digit's value, or -1. */
static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Reads so many digits of a group into its 24 bits. */
static bool
read_group(const char *group, size_t digits, uint32_t *bits)
{
	*bits = 0;
	for (size_t i = 0; i < 4; i++) {
		int value = i < digits ? value_of(group[i]) : 0;

		if (value < 0)
			return false;
		*bits = *bits << 6 | (uint32_t)value;
	}
	return true;
}

/* How many "=" end the text: 0 to 2. */
static size_t
padding_of(struct span text)
{
	if (text.length == 0 || text.data[text.length - 1] != '=')
		return 0;
	return text.data[text.length - 2] == '=' ? 2 : 1;
}

bool
base64_decode(struct span text, char *octets, size_t size, size_t *length)
{
	size_t padding, groups = text.length / 4;
	uint32_t bits = 0;

	if (text.length % 4 != 0)
		return false;
	padding = padding_of(text);
	*length = groups * 3 - padding;
	if (*length > size)
		return false;
	for (size_t i = 0, at = 0; i < groups; i++) {
		size_t digits = i + 1 < groups ? 4 : 4 - padding;

		if (!read_group(text.data + 4 * i, digits, &bits))
			return false;
		for (int shift = 16; shift >= 0 && at < *length; shift -= 8)
			octets[at++] = (char)(bits >> shift & 0xff);
	}
	return padding == 0 || (bits & ((1U << 8 * padding) - 1)) == 0;
}

void
base64_encode(struct text *out, struct span octets)
{
	while (octets.length > 0) {
		size_t count = octets.length < 3 ? octets.length : 3;
		uint32_t bits = 0;
		char group[4];

		for (size_t i = 0; i < 3; i++)
			bits = bits << 8 |
			    (i < count ? (unsigned char)octets.data[i] : 0U);
		for (size_t i = 0; i < 4; i++)
			group[i] = i <= count
			    ? alphabet[bits >> (18 - 6 * i) & 63]
			    : '=';
		text_put_span(out, (struct span){ group, sizeof(group) });
		octets = span_from(octets, count);
	}
}
