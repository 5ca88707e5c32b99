#include "image.h"

#include <cdb.h>
#include <err.h>
#include <fcntl.h>
#include <unistd.h>

#define LENGTHS_SIZE 8

static size_t
number_at(const char *octets)
{
	return cdb_unpack((const unsigned char *)octets);
}

/* Whether the records fill their part of the file, each whole; counts them. */
static bool
check_records(struct image *i)
{
	size_t at = CDBFILE_HEADER_SIZE;
	size_t end = i->cdb.records_end;

	while (at < end) {
		size_t key, data;

		if (end - at < LENGTHS_SIZE)
			return false;
		key = number_at(i->cdb.memory + at);
		data = number_at(i->cdb.memory + at + 4);
		at += LENGTHS_SIZE;
		if (key > end - at || data > end - at - key)
			return false;
		at += key + data;
		i->records++;
	}
	return true;
}

enum image_result
image_read(struct image *i, int fd, const char *name, struct job *job)
{
	*i = (struct image){ 0 };
	if (!file_read(fd, name, job, &i->file))
		return IMAGE_FAILED;
	if (cdbfile_open_memory(&i->cdb, file_span(&i->file)) == 0 &&
	    check_records(i))
		return IMAGE_READ;
	image_free(i);
	return IMAGE_DAMAGED;
}

enum status
image_load(struct image *i, const char *path, struct job *job)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum image_result result;

	if (fd == -1) {
		warn("%s", path);
		return STATUS_TROUBLE;
	}
	result = image_read(i, fd, path, job);
	close(fd);
	job_wipe(job);
	if (result == IMAGE_DAMAGED)
		warnx("%s: not a whole CDB", path);
	return result == IMAGE_READ ? STATUS_OK : STATUS_TROUBLE;
}

bool
image_next(const struct image *i, size_t *at, struct span *key,
    struct span *data)
{
	const char *record;

	if (*at == 0)
		*at = CDBFILE_HEADER_SIZE;
	if (*at >= i->cdb.records_end)
		return false;
	record = i->cdb.memory + *at;
	*key = (struct span){ record + LENGTHS_SIZE, number_at(record) };
	*data = (struct span){ key->data + key->length, number_at(record + 4) };
	*at += LENGTHS_SIZE + key->length + data->length;
	return true;
}

void
image_free(struct image *i)
{
	file_free(&i->file);
	*i = (struct image){ 0 };
}
