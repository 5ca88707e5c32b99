#include "setting.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "address.h"
#include "config.h"
#include "delivery.h"
#include "span.h"
#include "text.h"

const char *
setting_wrong_at(const struct setting *setting, const char *text,
    const char *at, size_t *position)
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
parse_socket(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	*position = 0;
	if (*text != '\0' &&
	    (*text != '/' ||
		strlen(text) >= sizeof(((struct sockaddr_un *)0)->sun_path)))
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
parse_punctuation(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	/* Not "@": it would end the local part. */
	const char *odd = find_odd_octet(text,
	    "@0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	if (odd != NULL)
		return setting_wrong_at(setting, text, odd, position);
	*(const char **)field = text;
	return NULL;
}

static const char *
parse_suffix(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	const char *odd = find_odd_octet(text, "\"(),:;<>\\");

	if (odd != NULL)
		return setting_wrong_at(setting, text, odd, position);
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
		return setting_wrong_at(setting, text, odd, position);
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
setting_print(const struct text *text, FILE *out)
{
	fwrite(text->data, 1, text->length, out);
}

void
setting_print_escaped(const char *string, FILE *out)
{
	char buffer[8];

	for (; *string != '\0'; string++) {
		struct text text = TEXT_IN(buffer);

		text_put_escaped(&text, (struct span){ string, 1 });
		setting_print(&text, out);
	}
}

const struct setting_kind setting_switch = { parse_switch, show_switch };
const struct setting_kind setting_path = { parse_path, show_text };
const struct setting_kind setting_socket = { parse_socket, show_text };
const struct setting_kind setting_delivery = { parse_delivery, show_text };
const struct setting_kind setting_program = { parse_program, show_text };
const struct setting_kind setting_punctuation = { parse_punctuation,
	show_text };
const struct setting_kind setting_suffix = { parse_suffix, show_text };
const struct setting_kind setting_hostname = { parse_hostname, show_hostname };
