#include "comparison.h"

#include "entry.h"

/* Writes the line of a source that makes the record, or what it is. */
static void
print_entry(FILE *lines, const struct entry *e)
{
	char buffer[ENTRY_LINE_MAX + 1];
	struct text line = TEXT_IN(buffer);

	if (!entry_write(&line, entry_key(e), entry_data(e))) {
		line = TEXT_IN(buffer);
		text_put_escaped(&line, entry_key(e));
	}
	fwrite(line.data, 1, line.length, lines);
}

static void
print_change(FILE *lines, const char *what, const struct entry *before,
    const struct entry *after)
{
	if (lines == NULL)
		return;
	fprintf(lines, "%s ", what);
	if (before != NULL)
		print_entry(lines, before);
	if (before != NULL && after != NULL)
		fputs(" to ", lines);
	if (after != NULL)
		print_entry(lines, after);
	putc('\n', lines);
}

static void
compare_old(struct comparison *c, const struct entry *before,
    struct entry *after, FILE *lines)
{
	bool accepted = entry_is_accepted(entry_data(before));

	if (accepted)
		c->accepted++;
	if (accepted &&
	    (after == NULL || !entry_is_accepted(entry_data(after))))
		c->shut_out++;
	if (after == NULL) {
		c->removed++;
		print_change(lines, "removed", before, NULL);
		return;
	}
	after->seen = true;
	if (!span_equal(entry_data(before), entry_data(after))) {
		c->changed++;
		print_change(lines, "changed", before, after);
	}
}

bool
comparison_make(struct comparison *c, const struct table *old,
    const struct table *new, struct job *job, FILE *lines)
{
	*c = (struct comparison){ 0 };
	for (size_t i = 0; i < old->count; i++) {
		const struct entry *e = &old->entries[i];

		if (!job_step(job, "comparing", i, old->count))
			return false;
		if (!entry_is_domain(entry_key(e)))
			compare_old(c, e, table_find(new, entry_key(e)), lines);
	}
	for (size_t i = 0; i < new->count; i++) {
		const struct entry *e = &new->entries[i];

		if (e->seen || entry_is_domain(entry_key(e)))
			continue;
		c->added++;
		print_change(lines, "added", NULL, e);
	}
	return true;
}
