#include <err.h>
#include <stdio.h>

#include "command.h"
#include "entry.h"
#include "image.h"
#include "table.h"

#define COMMENT_MAX (4 * (RECIPIENTS_KEY_MAX + ENTRY_DATA_MAX))

/* What no line of a source makes becomes a comment. */
static bool
print_entry(const struct entry *e)
{
	char buffer[COMMENT_MAX];
	struct text line = TEXT_IN(buffer);
	bool is_entry = entry_write(&line, entry_key(e), entry_data(e));

	if (!is_entry) {
		line = TEXT_IN(buffer);
		text_put(&line, "# ");
		text_put_escaped(&line, entry_key(e));
		text_put(&line, " ");
		text_put_escaped(&line, entry_data(e));
	}
	fwrite(line.data, 1, line.length, stdout);
	putchar('\n');
	return is_entry;
}

/* Of several records with one key only the first is ever looked up. */
static void
fill_table(struct table *table, const struct image *image)
{
	struct span key, data;
	struct entry *ignored;

	table_reserve(table, image->records);
	for (size_t at = 0; image_next(image, &at, &key, &data);)
		table_put(table, key, data, 0, &ignored);
}

/* The records of domains that the others make again. */
static void
mark_domains(struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct span key = entry_key(&table->entries[i]);
		struct entry *domain;

		if (entry_is_domain(key))
			continue;
		domain = table_find(table, entry_domain(key));
		if (domain != NULL)
			domain->seen = true;
	}
}

enum status
command_dump(const struct options *options, char **arguments)
{
	struct table table = { 0 };
	struct image image = { 0 };
	struct job job;
	enum status status;
	size_t lost = 0;

	(void)options;
	job_start(&job, false);
	status = image_load(&image, arguments[0], &job);
	if (status == STATUS_OK) {
		fill_table(&table, &image);
		mark_domains(&table);
		for (size_t i = 0; i < table.count; i++)
			if (!table.entries[i].seen &&
			    !print_entry(&table.entries[i]))
				lost++;
	}
	if (lost > 0) {
		warnx("%s: %zu records are no recipients, and are comments",
		    arguments[0], lost);
		status = STATUS_NO;
	}
	table_free(&table);
	image_free(&image);
	return status;
}
