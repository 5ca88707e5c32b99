#include "comparison.h"

#include "entry.h"

struct comparing {
	struct comparison *result;
	struct table *new;
	struct table gone; /* what the new one does not have */
	size_t expected;   /* the number of the entry that is likely next */
	FILE *lines;
};

/* Writes the line of a source that makes the record, or what it is. */
static void
print_record(FILE *lines, struct span key, struct span data)
{
	char buffer[ENTRY_LINE_MAX + 1];
	struct text line = TEXT_IN(buffer);

	if (!entry_write(&line, key, data)) {
		line = TEXT_IN(buffer);
		text_put_escaped(&line, key);
	}
	fwrite(line.data, 1, line.length, lines);
}

static void
print_one(FILE *lines, const char *what, struct span key, struct span data)
{
	if (lines == NULL)
		return;
	fprintf(lines, "%s ", what);
	print_record(lines, key, data);
	putc('\n', lines);
}

static void
print_change(FILE *lines, const struct entry *after, struct span before)
{
	if (lines == NULL)
		return;
	fputs("changed ", lines);
	print_record(lines, entry_key(after), before);
	fputs(" to ", lines);
	print_record(lines, entry_key(after), entry_data(after));
	putc('\n', lines);
}

/* Looks first at the entry behind the one found last: mostly the order is the
 * same in both, and it saves a walk through memory. */
static struct entry *
find_new(struct comparing *c, struct span key)
{
	struct entry *e = NULL;

	if (c->expected < c->new->count)
		e = &c->new->entries[c->expected];
	if (e == NULL || !span_equal(entry_key(e), key))
		e = table_find(c->new, key);
	if (e != NULL)
		c->expected = (size_t)(e - c->new->entries) + 1;
	return e;
}

/* False if it is not the first record with this key. */
static bool
compare_record(struct comparing *c, struct span key, struct span before,
    struct entry *after)
{
	struct entry *ignored;

	if (after == NULL) {
		if (table_put(&c->gone, key, before, 0, &ignored) != TABLE_NEW)
			return false;
		c->result->removed++;
		print_one(c->lines, "removed", key, before);
		return true;
	}
	if (after->seen)
		return false;
	after->seen = true;
	if (!span_equal(before, entry_data(after))) {
		c->result->changed++;
		print_change(c->lines, after, before);
	}
	return true;
}

static void
compare_old(struct comparing *c, struct span key, struct span before)
{
	struct entry *after = find_new(c, key);

	if (entry_is_domain(key) || !compare_record(c, key, before, after) ||
	    !entry_is_accepted(before))
		return;
	c->result->accepted++;
	if (after == NULL || !entry_is_accepted(entry_data(after)))
		c->result->shut_out++;
}

bool
comparison_make(struct comparison *result, const struct image *old,
    struct table *new, struct job *job, FILE *lines)
{
	struct comparing c = { .result = result, .new = new, .lines = lines };
	struct span key, data;
	size_t done = 0;
	bool goes_on = true;

	*result = (struct comparison){ 0 };
	for (size_t at = 0; goes_on && image_next(old, &at, &key, &data);) {
		compare_old(&c, key, data);
		goes_on = job_step(job, "comparing", ++done, old->records);
	}
	table_free(&c.gone);
	for (size_t i = 0; goes_on && i < new->count; i++) {
		const struct entry *e = &new->entries[i];

		if (e->seen || entry_is_domain(entry_key(e)))
			continue;
		result->added++;
		print_one(lines, "added", entry_key(e), entry_data(e));
	}
	return goes_on;
}
