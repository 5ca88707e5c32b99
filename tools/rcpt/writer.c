#include "writer.h"

#include <cdb.h>
#include <err.h>
#include <errno.h>
#include <unistd.h>

#include "cdbfile.h"
#include "entry.h"
#include "file.h"

bool
writer_write(int fd, const struct table *table, struct job *job)
{
	struct cdb_make make;

	if (cdb_make_start(&make, fd) != 0)
		return false;
	for (size_t i = 0; i < table->count; i++) {
		const struct entry *e = &table->entries[i];

		/* What libcdb has allocated is left to the end of the program,
		 * which is near: it has no function to give it up. */
		if (!job_step(job, "writing", i, table->count) ||
		    cdb_make_add(&make, e->octets, e->key_length,
			entry_data(e).data, e->data_length) != 0)
			return false;
	}
	return cdb_make_finish(&make) == 0;
}

static bool
verify_entry(const struct cdbfile *c, const struct entry *e)
{
	char data[ENTRY_DATA_MAX];
	size_t length;

	return cdbfile_find(c, entry_key(e), data, sizeof(data), &length) ==
	    CDBFILE_FOUND &&
	    length <= sizeof(data) &&
	    span_equal((struct span){ data, length }, entry_data(e));
}

static bool
verify_image(const struct cdbfile *c, const char *name,
    const struct table *table, struct job *job)
{
	for (size_t i = 0; i < table->count; i++) {
		if (!job_step(job, "verifying", i, table->count))
			return false;
		if (verify_entry(c, &table->entries[i]))
			continue;
		job_wipe(job);
		warnx("%s: a record cannot be read back", name);
		return false;
	}
	return true;
}

bool
writer_verify(int fd, const char *name, const struct table *table,
    struct job *job, uint32_t *octets)
{
	struct file image;
	struct cdbfile c;
	bool good = false;

	if (lseek(fd, 0, SEEK_SET) == -1) {
		warn("%s", name);
		return false;
	}
	if (!file_read(fd, name, job, &image))
		return false;
	if (cdbfile_open_memory(&c, file_span(&image)) == 0) {
		*octets = c.size;
		good = verify_image(&c, name, table, job);
	} else {
		job_wipe(job);
		warnx("%s: what was written cannot be read back", name);
	}
	file_free(&image);
	return good;
}
