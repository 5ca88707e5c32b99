#include "auth_line.h"

#include "base64.h"

/* Takes the field before the next tab off the front. */
static struct span
take_field(struct span *line)
{
	const char *tab = memchr(line->data, '\t', line->length);
	struct span field = *line;

	if (tab != NULL)
		field.length = (size_t)(tab - line->data);
	*line = span_from(*line, field.length + (tab != NULL ? 1 : 0));
	return field;
}

static bool
take_number(struct span *line, uint32_t *number)
{
	struct span digits = take_field(line);

	*number = 0;
	for (size_t i = 0; i < digits.length; i++) {
		uint32_t digit = (unsigned char)digits.data[i] - (uint32_t)'0';

		if (digit > 9 || *number > (UINT32_MAX - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return digits.length > 0;
}

/* What a \001 and this character stand for. */
static bool
unescape(char *c)
{
	switch (*c) {
	case '0':
		*c = '\0';
		return true;
	case '1':
		*c = '\001';
		return true;
	case 't':
		*c = '\t';
		return true;
	case 'r':
		*c = '\r';
		return true;
	case 'n':
		*c = '\n';
		return true;
	}
	return false;
}

static bool
read_user(struct auth_line *l, struct span value)
{
	for (l->user_length = 0; value.length > 0;
	     value = span_from(value, 1)) {
		char c = value.data[0];

		if (c == '\001') {
			value = span_from(value, 1);
			if (value.length == 0)
				return false;
			c = value.data[0];
			if (!unescape(&c))
				return false;
		}
		if (l->user_length == sizeof(l->user))
			return false;
		l->user[l->user_length++] = c;
	}
	return true;
}

/* Takes "name=" off the front. */
static bool
take_name(struct span *field, const char *name)
{
	size_t length = strlen(name);

	if (field->length < length || memcmp(field->data, name, length) != 0)
		return false;
	*field = span_from(*field, length);
	return true;
}

static bool
read_ok(struct auth_line *l, struct span rest)
{
	while (rest.length > 0) {
		struct span field = take_field(&rest);

		if (take_name(&field, "user=") && !read_user(l, field))
			return false;
	}
	return true;
}

static bool
read_fail(struct auth_line *l, struct span rest)
{
	while (rest.length > 0) {
		struct span field = take_field(&rest);

		if (span_equal(field, span_of("temp")) ||
		    span_equal(field, span_of("code=temp_fail")))
			l->temporary = true;
	}
	return true;
}

static bool
read_mechanism(struct auth_line *l, struct span rest)
{
	if (!span_equal_nocase(take_field(&rest), span_of("PLAIN")))
		l->kind = AUTH_LINE_OTHER;
	return true;
}

static const struct command {
	const char *name;
	enum auth_line_kind kind;
	bool has_number;
	bool (*read)(struct auth_line *, struct span rest);
} commands[] = {
	{ "VERSION", AUTH_LINE_VERSION, true, NULL },
	{ "MECH", AUTH_LINE_PLAIN, false, read_mechanism },
	{ "DONE", AUTH_LINE_DONE, false, NULL },
	{ "OK", AUTH_LINE_OK, true, read_ok },
	{ "FAIL", AUTH_LINE_FAIL, true, read_fail },
	{ "CONT", AUTH_LINE_CONTINUE, true, NULL },
};

void
auth_line_read(struct auth_line *l, struct span line)
{
	struct span name = take_field(&line);

	*l = (struct auth_line){ .kind = AUTH_LINE_OTHER };
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *command = &commands[i];

		if (!span_equal(name, span_of(command->name)))
			continue;
		l->kind = command->kind;
		if ((command->has_number && !take_number(&line, &l->number)) ||
		    (command->read != NULL && !command->read(l, line)))
			l->kind = AUTH_LINE_BAD;
		return;
	}
}

void
auth_line_hello(struct text *t, uint32_t process)
{
	text_put(t, "VERSION\t1\t1\nCPID\t");
	text_put_number(t, process);
	text_put_char(t, '\n');
}

/* Nothing here needs an escape: addresses and ports are numbers. "nologin"
 * says that nobody will ask for this login again; resp= must be last. */
void
auth_line_request(struct text *t, const struct auth_request *r)
{
	text_put(t, "AUTH\t");
	text_put_number(t, r->number);
	text_put(t, "\tPLAIN\tservice=smtp\tnologin");
	if (r->secured)
		text_put(t, "\tsecured");
	if (r->client->text[0] != '\0') {
		text_put(t, "\trip=");
		text_put(t, r->client->text);
	}
	if (r->client->port[0] != '\0') {
		text_put(t, "\trport=");
		text_put(t, r->client->port);
	}
	text_put(t, "\tresp=");
	base64_encode(t, r->message);
	text_put_char(t, '\n');
}
