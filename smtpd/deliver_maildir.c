/*
 * Delivery to Maildirs. The message is written once on each file system, to the
 * tmp of the first Maildir there, and linked to the new of every recipient's.
 * Its name is the same everywhere, so a Maildir that several recipients share
 * gets it once.
 *
 * When one recipient's Maildir fails, the message is taken back from the others
 * before the client is told to send it again: if it stayed, every attempt until
 * the Maildir is mended would be one more copy for them.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "delivery.h"

/* Octets of the Maildir's path that a fault record holds. */
#define FAULT_PATH_MAX 512

/* The directories before the first name with a "%": all, if there is none. */
static size_t
root_length(const char *target)
{
	size_t length = strcspn(target, "%");

	if (target[length] == '\0')
		return length;
	while (length > 0 && target[length - 1] != '/')
		length--;
	return length;
}

static const char *
check(const char *target)
{
	size_t length = root_length(target);

	if (target[0] != '/')
		return "the path must begin with a /";
	if (length >= PATH_MAX)
		return "too long";
	return maildir_pattern_check(target + length);
}

/* One Maildir for everybody is made if need be; the root of many is not, lest
 * mail goes below a mount point while nothing is mounted there. */
static void
start(struct delivery *d, const struct delivery_setup *setup,
    const char *target)
{
	struct maildir_delivery *m = &d->maildir;
	char root[PATH_MAX];
	struct text text = TEXT_IN(root);
	size_t length = root_length(target);

	maildir_namer_start(&m->namer, setup->hostname);
	text_put_span(&text, (struct span){ target, length });
	m->pattern = target + length;
	m->shared = *m->pattern == '\0';
	if (m->shared) {
		m->pattern = ".";
		(void)mkdir(root, 0700);
	}
	m->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	m->error = m->root < 0 ? errno : 0;
}

static const struct reply *
fault(struct delivery *d, const char *what, int error)
{
	char buffer[FAULT_PATH_MAX];
	struct text text = TEXT_IN(buffer);
	const struct maildir_path *path = &d->maildir.path;
	const char *name = NULL;

	text_put(&text, what);
	while ((name = maildir_path_next(path, name)) != NULL) {
		text_put(&text, name == path->names ? " " : "/");
		text_put(&text, name);
	}
	log_fault(d->log, buffer, error);
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return &reply_no_space;
	default:
		return &reply_local_fault;
	}
}

/* Takes the next recipient's Maildir in hand. */
static void
set_path(struct maildir_delivery *m, const struct envelope *e, size_t *at)
{
	struct address to;

	(void)envelope_next(e, at, &to);
	maildir_path_write(&m->path, m->pattern, &to);
}

static void
write_return_path(struct maildir_file *f, const struct address *sender)
{
	char buffer[ADDRESS_TEXT_MAX + sizeof("Return-Path: <>\n")];
	struct text text = TEXT_IN(buffer);

	text_put(&text, "Return-Path: <");
	address_write(&text, sender);
	text_put(&text, ">\n");
	maildir_file_write(f, text_span(&text));
}

/* What is done with the Maildir of each recipient, one step for all before the
 * next: once one directory is synced, a journal has the others too. */
typedef int step(struct maildir_delivery *, struct maildir *);

static int
step_reach(struct maildir_delivery *m, struct maildir *to)
{
	return maildir_file_reach(&m->file, &to->tmp);
}

static int
step_link(struct maildir_delivery *m, struct maildir *to)
{
	return maildir_file_link(&m->file, to->new);
}

static int
step_sync(struct maildir_delivery *m, struct maildir *to)
{
	(void)m;
	return fsync(to->new);
}

static int
step_take_back(struct maildir_delivery *m, struct maildir *to)
{
	(void)unlinkat(to->new, m->file.name, 0);
	return 0;
}

/* How many recipients there are to go through. */
static size_t
count_recipients(const struct maildir_delivery *m, const struct envelope *e)
{
	return m->shared ? 1 : e->recipients;
}

static int
do_elsewhere(struct maildir_delivery *m, step *do_step)
{
	struct maildir maildir;
	int result;

	if (maildir_open(&maildir, m->root, &m->path) != 0)
		return -1;
	result = do_step(m, &maildir);
	maildir_close(&maildir);
	return result;
}

/* Does it for the first count recipients, up to one that fails.
 * Returns how many went well; behind these, errno and m->path tell. */
static size_t
for_each(struct maildir_delivery *m, const struct envelope *e, size_t count,
    step *do_step)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		int result;

		set_path(m, e, &at);
		result = i == 0 ? do_step(m, &m->first)
				: do_elsewhere(m, do_step);
		if (result != 0)
			return i;
	}
	return count;
}

/* Nothing is in tmp any more and nothing is open. */
static void
discard(struct delivery *d)
{
	maildir_file_discard(&d->maildir.file);
	maildir_close(&d->maildir.first);
}

static const struct reply *
open_message(struct delivery *d, const struct envelope *e)
{
	struct maildir_delivery *m = &d->maildir;
	size_t all = count_recipients(m, e);
	size_t at = 0;

	m->path.length = 0;
	if (m->root < 0)
		return fault(d, "cannot open the root of the Maildirs",
		    m->error);
	set_path(m, e, &at);
	if (maildir_open(&m->first, m->root, &m->path) != 0)
		return fault(d, "cannot open Maildir", errno);
	maildir_file_start(&m->file, &m->namer);
	if (for_each(m, e, all, step_reach) < all) {
		const struct reply *reply = fault(d,
		    "cannot make a file in Maildir", errno);

		discard(d);
		return reply;
	}
	write_return_path(&m->file, &e->sender);
	return NULL;
}

static void
write_text(struct delivery *d, struct span text)
{
	maildir_file_write(&d->maildir.file, text);
}

static const struct reply *
put_everywhere(struct delivery *d, const struct envelope *e)
{
	struct maildir_delivery *m = &d->maildir;
	const struct reply *reply;
	size_t all = count_recipients(m, e);
	size_t linked = for_each(m, e, all, step_link);

	if (linked == all && for_each(m, e, all, step_sync) == all)
		return NULL;
	reply = fault(d, "cannot deliver to Maildir", errno);
	(void)for_each(m, e, linked, step_take_back);
	return reply;
}

static const struct reply *
commit(struct delivery *d, const struct envelope *e)
{
	struct maildir_delivery *m = &d->maildir;
	const struct reply *reply;

	maildir_file_sync(&m->file);
	if (m->file.error == 0) {
		reply = put_everywhere(d, e);
	} else {
		m->path.length = 0;
		reply = fault(d, "cannot write a message", m->file.error);
	}
	discard(d);
	return reply;
}

static void
use(const struct delivery *d, struct sandbox_needs *needs)
{
	needs->maildir_root = d->maildir.root;
}

const struct delivery_method deliver_maildir = {
	.scheme = "maildir:",
	.check = check,
	.start = start,
	.use = use,
	.open = open_message,
	.write = write_text,
	.commit = commit,
	.abort = discard,
};
