#include "delivery.h"

#include <stddef.h>
#include <string.h>

static const struct delivery_method *const methods[] = {
	&deliver_maildir,
};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* The method whose scheme the setting begins with, or NULL; *target is what
 * follows it. */
static const struct delivery_method *
find_method(const char *setting, const char **target)
{
	for (size_t i = 0; i < METHODS; i++) {
		size_t length = strlen(methods[i]->scheme);

		if (strncmp(setting, methods[i]->scheme, length) == 0) {
			*target = setting + length;
			return methods[i];
		}
	}
	return NULL;
}

const char *
delivery_check(const char *setting)
{
	const char *target;
	const struct delivery_method *method = find_method(setting, &target);

	return method == NULL ? "must be maildir:PATH" : method->check(target);
}

void
delivery_start(struct delivery *d, const char *setting, const char *hostname,
    struct log *log)
{
	const char *target;

	d->method = find_method(setting, &target);
	d->log = log;
	d->method->start(d, target, hostname);
}

int
delivery_root(const struct delivery *d)
{
	return d->method->root(d);
}

const struct reply *
delivery_open(struct delivery *d, const struct envelope *e)
{
	return d->method->open(d, e);
}

void
delivery_write(struct delivery *d, struct span text)
{
	d->method->write(d, text);
}

const struct reply *
delivery_commit(struct delivery *d, const struct envelope *e)
{
	return d->method->commit(d, e);
}

void
delivery_abort(struct delivery *d)
{
	d->method->abort(d);
}
