#include "maildir_path.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "span.h"
#include "text.h"

/* A name of NAME_MAX octets is one that goes on in the next. */
#define NAME_WHOLE_MAX (NAME_MAX - 1)

static const char hex_digits[] = "0123456789abcdef";

static bool
is_dots(const char *name, size_t length)
{
	return (length == 1 && name[0] == '.') ||
	    (length == 2 && name[0] == '.' && name[1] == '.');
}

/*
 * Between two placeholders in one name there must be an "@": it is escaped in
 * both parts, so "%l@%d" has one reading. With "%l-%d", a-b at c and a at b-c
 * would share a Maildir.
 */
static const char *
check_name(const char *name, size_t length, size_t *placeholders)
{
	bool open = false;

	if (is_dots(name, length))
		return "\".\" and \"..\" cannot stand behind a %";
	for (size_t i = 0; i < length; i++) {
		if (name[i] == '@')
			open = false;
		if (name[i] != '%')
			continue;
		i++;
		if (i < length && name[i] == '%')
			continue;
		if (i == length || (name[i] != 'd' && name[i] != 'l'))
			return "only %d, %l and %% are known";
		if (open)
			return "put a / or an @ between %d and %l";
		open = true;
		(*placeholders)++;
	}
	return NULL;
}

const char *
maildir_pattern_check(const char *pattern)
{
	size_t placeholders = 0;

	if (strlen(pattern) > MAILDIR_PATTERN_MAX)
		return "too long behind the first %";
	while (*pattern != '\0') {
		size_t length = strcspn(pattern, "/");
		const char *reason = check_name(pattern, length, &placeholders);

		if (reason != NULL)
			return reason;
		pattern += length + strspn(pattern + length, "/");
	}
	if (placeholders > MAILDIR_PLACEHOLDERS_MAX)
		return "too many placeholders";
	return NULL;
}

struct writer {
	struct text names;
	size_t length; /* of the name so far */
};

static void
end_name(struct writer *w)
{
	if (w->length > 0)
		text_put_char(&w->names, '\0');
	w->length = 0;
}

static void
put_octet(struct writer *w, char c)
{
	if (w->length == NAME_WHOLE_MAX) {
		text_put_char(&w->names, '%');
		end_name(w);
	}
	text_put_char(&w->names, c);
	w->length++;
}

static void
put_escaped(struct writer *w, char c)
{
	put_octet(w, '%');
	put_octet(w, hex_digits[(unsigned char)c >> 4]);
	put_octet(w, hex_digits[(unsigned char)c & 15]);
}

/* A dot that the pattern has at the start of a name is meant so; one that gets
 * there because a long name was cut is not. */
static void
put_literal(struct writer *w, char c)
{
	if (c == '.' && w->length == NAME_WHOLE_MAX)
		put_escaped(w, c);
	else
		put_octet(w, c);
}

/* What neither a file system nor a shell nor a Maildir reader takes for
 * something else. Octets of UTF-8 are letters. */
static bool
is_safe(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    (unsigned char)c >= 0x80 ||
	    (c != '\0' && strchr("-._+=", c) != NULL);
}

/* A leading dot hides or is "..", a leading "-" looks like an option. A lone
 * "%" stands for nothing at all: ""@domain. */
static void
put_part(struct writer *w, struct span part)
{
	if (part.length == 0)
		put_octet(w, '%');
	for (size_t i = 0; i < part.length; i++) {
		char c = part.data[i];
		bool first = w->length == 0 || w->length == NAME_WHOLE_MAX;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!is_safe(c) || (first && (c == '.' || c == '-')))
			put_escaped(w, c);
		else
			put_octet(w, c);
	}
}

void
maildir_path_write(struct maildir_path *path, const char *pattern,
    const struct address *to)
{
	struct writer w = { TEXT_IN(path->names), 0 };

	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '/') {
			end_name(&w);
		} else if (*pattern != '%') {
			put_literal(&w, *pattern);
		} else {
			pattern++;
			if (*pattern == 'd')
				put_part(&w, address_domain(to));
			else if (*pattern == 'l')
				put_part(&w, address_local(to));
			else
				put_literal(&w, '%');
		}
	}
	end_name(&w);
	path->length = w.names.length;
}

const char *
maildir_path_next(const struct maildir_path *path, const char *name)
{
	name = name == NULL ? path->names : name + strlen(name) + 1;
	return name < path->names + path->length ? name : NULL;
}
