#include <err.h>
#include <inttypes.h>
#include <stdio.h>

#include "command.h"
#include "comparison.h"
#include "entry.h"
#include "image.h"
#include "publication.h"
#include "source.h"
#include "writer.h"

struct build {
	const struct options *options;
	const char *source;
	struct job job;
	struct publication publication;
	struct image old;
	struct table new;
	struct comparison comparison;
	uint32_t octets;
};

/* Reads the file in service. An empty one is as good as none; another one that
 * is no CDB may be anything, named by mistake. */
static enum status
read_old(struct build *b)
{
	struct publication *p = &b->publication;

	if (p->old == -1)
		return STATUS_OK;
	switch (image_read(&b->old, p->old, p->path, &b->job)) {
	case IMAGE_READ:
		return STATUS_OK;
	case IMAGE_FAILED:
		return STATUS_TROUBLE;
	case IMAGE_DAMAGED:
		break;
	}
	if (b->options->force || publication_old_is_empty(p))
		return STATUS_OK;
	job_wipe(&b->job);
	warnx("%s: not a whole CDB; --force replaces it", p->path);
	return STATUS_NO;
}

/* An export that came back short must not shut everybody out. */
static enum status
judge(const struct build *b)
{
	const struct comparison *c = &b->comparison;

	if (b->options->force)
		return STATUS_OK;
	if (b->new.count == 0) {
		warnx("%s: no recipients; --force publishes that", b->source);
		return STATUS_NO;
	}
	if (c->shut_out > c->accepted / 2) {
		warnx("%s: %zu of %zu recipients in service would no longer be "
		      "accepted; --force publishes that",
		    b->source, c->shut_out, c->accepted);
		return STATUS_NO;
	}
	return STATUS_OK;
}

static enum status
prepare(struct build *b)
{
	enum status status = source_read(b->source, &b->job, &b->new);

	if (status != STATUS_OK)
		return status;
	status = read_old(b);
	if (status != STATUS_OK)
		return status;
	if (!comparison_make(&b->comparison, &b->old, &b->new, &b->job, NULL))
		return STATUS_TROUBLE;
	job_wipe(&b->job);
	return judge(b);
}

static enum status
publish(struct build *b)
{
	struct publication *p = &b->publication;

	if (!writer_write(p->fd, &b->new, &b->job)) {
		job_wipe(&b->job);
		if (!job_interrupted(&b->job))
			warn("%s: cannot write beside it", p->path);
		return STATUS_TROUBLE;
	}
	if (!publication_sync(p) ||
	    !writer_verify(p->fd, p->path, &b->new, &b->job, &b->octets) ||
	    !publication_commit(p))
		return STATUS_TROUBLE;
	return STATUS_OK;
}

static void
print_summary(struct build *b)
{
	const struct comparison *c = &b->comparison;
	size_t domains = 0;

	for (size_t i = 0; i < b->new.count; i++)
		domains += entry_is_domain(entry_key(&b->new.entries[i]));
	job_wipe(&b->job);
	printf("%s: %zu recipients in %zu domains, %zu added, %zu removed, "
	       "%zu changed, %" PRIu32 " octets, %.2f seconds\n",
	    b->publication.path, b->new.count - domains, domains, c->added,
	    c->removed, c->changed, b->octets, job_seconds(&b->job));
}

enum status
command_build(const struct options *options, char **arguments)
{
	struct build b = { .options = options, .source = arguments[0] };
	enum status status = STATUS_TROUBLE;

	job_start(&b.job, true);
	/* Locked before the source is read: of two builds at once, the last one
	 * has the newest source. */
	if (publication_start(&b.publication, arguments[1], &b.job)) {
		status = prepare(&b);
		if (status == STATUS_OK)
			status = publish(&b);
		publication_end(&b.publication);
	}
	if (status == STATUS_OK)
		print_summary(&b);
	else
		job_end(&b.job);
	image_free(&b.old);
	table_free(&b.new);
	return status;
}
