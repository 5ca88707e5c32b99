#include "source.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "entry.h"
#include "file.h"
#include "line.h"
#include "recipients.h"

struct source {
	const char *name;
	struct job *job;
	struct table *table;
	size_t line;
	bool faulty;
};

static void
complain(struct source *s, const struct line_fault *fault)
{
	job_wipe(s->job);
	s->faulty = true;
	fprintf(stderr, "%s:%zu:%zu: %s\n", s->name, s->line, fault->column,
	    fault->what);
}

static void
complain_of_contradiction(struct source *s, size_t column,
    const struct entry *other)
{
	char what[64];

	snprintf(what, sizeof(what), "contradicts line %zu", other->line);
	complain(s, &(struct line_fault){ column, what });
}

/* A domain is ours if one of its addresses is in the source. */
static void
put_domain(struct source *s, struct span key)
{
	static const struct span nothing = { "", 0 };
	struct entry *ignored;

	table_put(s->table, entry_domain(key), nothing, 0, &ignored);
}

static void
take_line(struct source *s, struct span text)
{
	struct line line;
	struct line_fault fault;
	struct entry *entry;
	struct span key;

	switch (line_parse(text, &line, &fault)) {
	case LINE_EMPTY:
		return;
	case LINE_FAULTY:
		complain(s, &fault);
		return;
	case LINE_ENTRY:
		break;
	}
	key = (struct span){ line.key, line.key_length };
	switch (table_put(s->table, key,
	    (struct span){ line.data, line.data_length }, s->line, &entry)) {
	case TABLE_NEW:
		put_domain(s, key);
		break;
	case TABLE_SAME:
		break;
	case TABLE_DIFFERENT:
		complain_of_contradiction(s, line.column, entry);
		break;
	}
}

static size_t
count_lines(struct span text)
{
	size_t count = 0;
	const char *end = text.data + text.length;

	for (const char *at = text.data; at != NULL && at < end; count++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (at != NULL)
			at++;
	}
	return count;
}

static enum status
take_text(struct source *s, struct span text)
{
	static const struct span byte_order_mark = { "\xEF\xBB\xBF", 3 };
	size_t lines = count_lines(text);
	size_t at = 0;

	table_reserve(s->table, lines);
	if (text.length >= byte_order_mark.length &&
	    span_equal(byte_order_mark,
		(struct span){ text.data, byte_order_mark.length }))
		at = byte_order_mark.length;
	while (at < text.length) {
		struct span rest = span_from(text, at);
		const char *end = memchr(rest.data, '\n', rest.length);
		size_t length = end == NULL ? rest.length
					    : (size_t)(end - rest.data);

		if (!job_step(s->job, "reading", s->line++, lines))
			return STATUS_TROUBLE;
		take_line(s, (struct span){ rest.data, length });
		at += length + 1;
	}
	return s->faulty ? STATUS_NO : STATUS_OK;
}

enum status
source_read(const char *path, struct job *job, struct table *table)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct source s = { .name = is_stdin ? "-" : path,
		.job = job,
		.table = table };
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum status status = STATUS_TROUBLE;
	struct span text;

	if (fd == -1) {
		warn("%s", path);
		return STATUS_TROUBLE;
	}
	if (file_read(fd, s.name, job, &text)) {
		status = take_text(&s, text);
		file_free(&text);
	}
	if (!is_stdin)
		close(fd);
	return status;
}
