/* The kinds of setting that are numbers and times. */
#include "setting.h"

#include <stdbool.h>
#include <time.h>

#include "clock.h"
#include "text.h"

#define MICROSECOND_DIGITS 6

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
		return setting_wrong_at(setting, text, at, position);
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
	setting_print(&text, out);
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
		return setting_wrong_at(setting, text, at, position);
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
	setting_print(&text, out);
}

const struct setting_kind setting_number = { parse_number, show_number };
const struct setting_kind setting_time = { parse_time, show_time };
