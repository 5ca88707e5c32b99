#include "delivery.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct delivery_method *const methods[] = {
	&deliver_maildir,
};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* The method whose scheme the setting begins with, or NULL. */
static const struct delivery_method *
find_method(const char *setting)
{
	for (size_t i = 0; i < METHODS; i++) {
		const char *scheme = methods[i]->scheme;

		if (strncmp(setting, scheme, strlen(scheme)) == 0)
			return methods[i];
	}
	return NULL;
}

const char *
delivery_check(const char *setting)
{
	const struct delivery_method *method = find_method(setting);

	if (method == NULL)
		return "must be maildir:PATH";
	return method->check(setting + strlen(method->scheme));
}

void
delivery_start(struct delivery *d, const char *setting, const char *hostname,
    struct log *log)
{
	d->method = find_method(setting);
	if (d->method == NULL)
		abort();	/* it was not checked */
	d->log = log;
	d->method->start(d, setting + strlen(d->method->scheme), hostname);
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
