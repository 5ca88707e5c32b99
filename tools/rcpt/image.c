#include "image.h"

#include <cdb.h>
#include <err.h>
#include <fcntl.h>
#include <unistd.h>

#include "cdbfile.h"
#include "file.h"

#define LENGTHS_SIZE 8
#define SLOTS_SIZE 16

/* Takes the record at *at, if there is a whole one, and moves on. */
static bool
take_record(const struct cdbfile *c, struct table *table, size_t *at)
{
	const char *record = c->memory + *at;
	size_t room = c->records_end - *at;
	struct span key, data;
	struct entry *ignored;

	if (room < LENGTHS_SIZE)
		return false;
	key.length = cdb_unpack((const unsigned char *)record);
	data.length = cdb_unpack((const unsigned char *)record + 4);
	room -= LENGTHS_SIZE;
	if (key.length > room || data.length > room - key.length)
		return false;
	key.data = record + LENGTHS_SIZE;
	data.data = key.data + key.length;
	table_put(table, key, data, 0, &ignored);
	*at += LENGTHS_SIZE + key.length + data.length;
	return true;
}

static enum image_result
parse(struct span image, struct job *job, struct table *table)
{
	struct cdbfile c;
	size_t records;

	if (cdbfile_open_memory(&c, image) != 0)
		return IMAGE_DAMAGED;
	/* The tables have two slots for each record. */
	records = (c.size - c.records_end) / SLOTS_SIZE;
	table_reserve(table, records);
	for (size_t at = CDBFILE_HEADER_SIZE; at < c.records_end;) {
		if (!job_step(job, "comparing", table->count, records))
			return IMAGE_FAILED;
		if (!take_record(&c, table, &at))
			return IMAGE_DAMAGED;
	}
	return IMAGE_READ;
}

enum image_result
image_read(int fd, const char *name, struct job *job, struct table *table)
{
	enum image_result result;
	struct span image;

	if (!file_read(fd, name, job, &image))
		return IMAGE_FAILED;
	result = parse(image, job, table);
	file_free(&image);
	return result;
}

enum status
image_load(const char *path, struct job *job, struct table *table)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum image_result result;

	if (fd == -1) {
		warn("%s", path);
		return STATUS_TROUBLE;
	}
	result = image_read(fd, path, job, table);
	close(fd);
	job_wipe(job);
	if (result == IMAGE_DAMAGED)
		warnx("%s: not a whole CDB", path);
	return result == IMAGE_READ ? STATUS_OK : STATUS_TROUBLE;
}
