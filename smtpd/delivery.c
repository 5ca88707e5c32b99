#include "delivery.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct delivery_method *const methods[] = {
	&deliver_maildir,
	&deliver_smtp,
	&deliver_lmtp,
	&deliver_queue,
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
		return "must be maildir:PATH, lmtp:TARGET, smtp:TARGET or "
		       "qmail-queue:PROGRAM";
	return method->check(setting + strlen(method->scheme));
}

const char *
delivery_program(const char *setting, const char *qmailqueue)
{
	if (find_method(setting) != &deliver_queue)
		return NULL;
	return deliver_queue_program(setting + strlen(deliver_queue.scheme),
	    qmailqueue);
}

bool
delivery_is_relay(const char *setting)
{
	const struct delivery_method *method = find_method(setting);

	return method != NULL && method->is_relay;
}

void
delivery_start(struct delivery *d, const struct delivery_setup *setup)
{
	d->method = find_method(setup->target);
	if (d->method == NULL)
		abort(); /* it was not checked */
	d->log = setup->log;
	d->method->start(d, setup, setup->target + strlen(d->method->scheme));
}

bool
delivery_asks_others(const struct delivery *d)
{
	return d->method->asks_others;
}

void
delivery_use(const struct delivery *d, struct sandbox_needs *needs)
{
	d->method->use(d, needs);
}

const struct reply *
delivery_recipient(struct delivery *d, const struct envelope *e,
    const struct address *to)
{
	return d->method->recipient == NULL ? NULL
					    : d->method->recipient(d, e, to);
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

const char *
delivery_receipt(const struct delivery *d)
{
	return d->method->receipt == NULL ? "" : d->method->receipt(d);
}

void
delivery_abort(struct delivery *d)
{
	d->method->abort(d);
}

void
delivery_reset(struct delivery *d)
{
	if (d->method->reset != NULL)
		d->method->reset(d);
}

void
delivery_close(struct delivery *d)
{
	if (d->method->close != NULL)
		d->method->close(d);
}
