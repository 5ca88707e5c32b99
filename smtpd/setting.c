#include "setting.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "address.h"
#include "clock.h"
#include "config.h"
#include "delivery.h"
#include "peer.h"
#include "span.h"
#include "text.h"

#define MICROSECOND_DIGITS 6

static const char *
wrong_at(const struct setting *setting, const char *text, const char *at,
    size_t *position)
{
	*position = *text == '\0' ? 0 : (size_t)(at - text) + 1;
	return setting->expected;
}

/* The first octet that is not printable ASCII or is one of the forbidden ones;
 * NULL if there is none. */
static const char *
find_odd_octet(const char *text, const char *forbidden)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~' ||
		    strchr(forbidden, *text) != NULL)
			return text;
	return NULL;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads decimal digits at *at, as UINT64_MAX if it is more. False if none is
 * there. */
static bool
read_number(const char **at, uint64_t *number)
{
	const char *start = *at;
	uint64_t n = 0;

	for (; is_digit(**at); (*at)++) {
		unsigned digit = (unsigned)(**at - '0');

		n = n > (UINT64_MAX - digit) / 10 ? UINT64_MAX : 10 * n + digit;
	}
	*number = n;
	return *at > start;
}

static const char *
parse_number(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	const char *at = text;
	uint64_t number;

	if (!read_number(&at, &number) || *at != '\0')
		return wrong_at(setting, text, at, position);
	*position = 0;
	if (number < setting->minimum || number > setting->maximum)
		return setting->expected;
	*(uint64_t *)field = number;
	return NULL;
}

static void
show_number(const void *field, FILE *out)
{
	char buffer[24];
	struct text text = TEXT_IN(buffer);

	text_put_number(&text, *(const uint64_t *)field);
	fputs(buffer, out);
}

/* The "mm" or "ss" of "hh:mm:ss", with its colon, added to *seconds. */
static bool
read_sixtieth(const char **at, uint64_t *seconds)
{
	if (**at != ':')
		return false;
	(*at)++;
	for (int i = 0; i < 2; i++, (*at)++)
		if (!is_digit(**at) || (i == 0 && **at > '5'))
			return false;
	*seconds = 60 * *seconds + 10 * (uint64_t)((*at)[-2] - '0') +
	    (uint64_t)((*at)[-1] - '0');
	return true;
}

/* The decimals of a number of seconds, with their point. */
static bool
read_decimals(const char **at, long *nanoseconds)
{
	long unit = CLOCK_NSEC_PER_SEC / 10;
	const char *start = ++*at;

	for (; is_digit(**at); (*at)++, unit /= 10) {
		if (*at - start == MICROSECOND_DIGITS)
			return false;
		*nanoseconds += unit * (**at - '0');
	}
	return *at > start;
}

static bool
read_time(const char **at, uint64_t *seconds, long *nanoseconds)
{
	const char *start = *at;

	*nanoseconds = 0;
	if (!read_number(at, seconds))
		return false;
	if (**at == '.')
		return read_decimals(at, nanoseconds);
	if (**at != ':')
		return true;
	/* No more digits than two: nothing below can overflow. */
	return *at - start <= 2 && read_sixtieth(at, seconds) &&
	    read_sixtieth(at, seconds);
}

static const char *
parse_time(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	const char *at = text;
	uint64_t seconds;
	long nanoseconds;

	if (!read_time(&at, &seconds, &nanoseconds) || *at != '\0')
		return wrong_at(setting, text, at, position);
	*position = 0;
	if (seconds < setting->minimum || seconds > setting->maximum ||
	    (seconds == setting->maximum && nanoseconds > 0))
		return setting->expected;
	*(struct timespec *)field = (struct timespec){ (time_t)seconds,
		nanoseconds };
	return NULL;
}

static void
show_time(const void *field, FILE *out)
{
	const struct timespec *time = field;
	char buffer[32];
	struct text text = TEXT_IN(buffer);
	long unit = CLOCK_NSEC_PER_SEC / 10;
	long rest = time->tv_nsec;

	text_put_number(&text, (uint64_t)time->tv_sec);
	if (rest > 0)
		text_put_char(&text, '.');
	for (; rest > 0; rest %= unit, unit /= 10)
		text_put_char(&text, (char)('0' + rest / unit));
	fputs(buffer, out);
}

static const char *
parse_switch(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	bool yes = strcmp(text, "yes") == 0;

	*position = 0;
	if (!yes && strcmp(text, "no") != 0)
		return setting->expected;
	*(bool *)field = yes;
	return NULL;
}

static void
show_switch(const void *field, FILE *out)
{
	fputs(*(const bool *)field ? "yes" : "no", out);
}

static const char *
parse_path(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	*position = 0;
	if (*text == '\0' || strlen(text) >= PATH_MAX)
		return setting->expected;
	*(const char **)field = text;
	return NULL;
}

static const char *
parse_delivery(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	const char *reason = delivery_check(text);

	(void)setting;
	*position = 0;
	if (reason == NULL)
		*(const char **)field = text;
	return reason;
}

static const char *
parse_program(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	const char *reason = deliver_queue_check(text);

	(void)setting;
	*position = 0;
	if (reason == NULL)
		*(const char **)field = text;
	return reason;
}

static const char *
parse_ranges(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	struct span bad = peer_check_ranges(text);

	if (bad.length > 0)
		return wrong_at(setting, text, bad.data, position);
	*(const char **)field = text;
	return NULL;
}

static const char *
parse_punctuation(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	/* Not "@": it would end the local part. */
	const char *odd = find_odd_octet(text,
	    "@0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	if (odd != NULL)
		return wrong_at(setting, text, odd, position);
	*(const char **)field = text;
	return NULL;
}

static const char *
parse_suffix(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	const char *odd = find_odd_octet(text, "\"(),:;<>\\");

	if (odd != NULL)
		return wrong_at(setting, text, odd, position);
	*position = 0;
	if (strlen(text) > ADDRESS_DOMAIN_MAX)
		return setting->expected;
	*(const char **)field = text;
	return NULL;
}

static void
show_text(const void *field, FILE *out)
{
	setting_print_escaped(*(const char *const *)field, out);
}

static const char *
parse_hostname(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	/* ASCII: the greeting comes before SMTPUTF8 can be agreed on. */
	const char *odd = find_odd_octet(text, "");
	size_t length = strlen(text);

	if (odd != NULL)
		return wrong_at(setting, text, odd, position);
	*position = 0;
	if (length > CONFIG_HOSTNAME_MAX ||
	    !address_is_domain_or_literal((struct span){ text, length }))
		return setting->expected;
	memcpy(field, text, length + 1);
	return NULL;
}

static void
show_hostname(const void *field, FILE *out)
{
	setting_print_escaped(field, out);
}

void
setting_print_escaped(const char *string, FILE *out)
{
	char buffer[8];

	for (; *string != '\0'; string++) {
		struct text text = TEXT_IN(buffer);

		text_put_escaped(&text, (struct span){ string, 1 });
		fputs(buffer, out);
	}
}

const struct setting_kind setting_number = { parse_number, show_number };
const struct setting_kind setting_time = { parse_time, show_time };
const struct setting_kind setting_switch = { parse_switch, show_switch };
const struct setting_kind setting_path = { parse_path, show_text };
const struct setting_kind setting_delivery = { parse_delivery, show_text };
const struct setting_kind setting_program = { parse_program, show_text };
const struct setting_kind setting_ranges = { parse_ranges, show_text };
const struct setting_kind setting_punctuation = { parse_punctuation,
	show_text };
const struct setting_kind setting_suffix = { parse_suffix, show_text };
const struct setting_kind setting_hostname = { parse_hostname, show_hostname };
