/* The kinds of setting that are lists. */
#include "setting.h"

#include <stdbool.h>
#include <string.h>

#include "ranges.h"

/* The port at the front of a list, which is taken off; 0 if none is there. */
static unsigned
take_port(const char **list)
{
	unsigned port;
	const char *end = ip_scan_number(*list, IP_PORT_MAX, &port);

	if (end == NULL)
		return 0;
	*list = end;
	return port;
}

static const char *
skip_separators(const char *list)
{
	return list + strspn(list, ", ");
}

static const char *
parse_ports(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	const char *rest = skip_separators(text);

	while (*rest != '\0') {
		const char *begin = rest;

		if (take_port(&rest) == 0 || strchr(", ", *rest) == NULL)
			return setting_wrong_at(setting, text, begin, position);
		rest = skip_separators(rest);
	}
	*(const char **)field = text;
	return NULL;
}

bool
setting_has_port(const char *ports, unsigned port)
{
	const char *rest = skip_separators(ports);

	while (*rest != '\0') {
		if (take_port(&rest) == port)
			return true;
		rest = skip_separators(rest);
	}
	return false;
}

static void
show_ports(const void *field, FILE *out)
{
	setting_print_escaped(*(const char *const *)field, out);
}

static const char *
parse_ranges(const struct setting *setting, const char *text, void *field,
    size_t *position)
{
	struct ranges *ranges = field;
	const char *bad = ranges_read(ranges, text, &ranges->asked);

	if (bad != NULL)
		return setting_wrong_at(setting, text, bad, position);
	return NULL;
}

static void
show_ranges(const void *field, FILE *out)
{
	setting_print_escaped(((const struct ranges *)field)->list, out);
}

const struct setting_kind setting_ports = { parse_ports, show_ports };
const struct setting_kind setting_ranges = { parse_ranges, show_ranges };
