#include "cdbfile.h"

#include <cdb.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLES 256
#define PAIR_SIZE 8 /* two numbers of 32 bits */
#define PAIRS_AT_ONCE 64

/* What the whole file is made of: the header has position and length of each
 * table, a slot of a table hash and position of a record, a record starts with
 * the lengths of key and data. */
struct pair {
	uint32_t first;
	uint32_t second;
};

static int
damaged(void)
{
	errno = CDBFILE_DAMAGED;
	return -1;
}

/* Reads exactly length octets. A file that has become shorter is damaged. */
static int
read_at(const struct cdbfile *c, void *to, size_t length, uint64_t at)
{
	if (at > c->size || length > c->size - at)
		return damaged();
	if (c->memory != NULL) {
		memcpy(to, c->memory + at, length);
		return 0;
	}
	for (size_t done = 0; done < length;) {
		ssize_t n = pread(c->fd, (char *)to + done, length - done,
		    (off_t)(at + done));

		if (n == 0)
			return damaged();
		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			return -1;
	}
	return 0;
}

static int
read_pairs(const struct cdbfile *c, struct pair *pairs, size_t count,
    uint64_t at)
{
	unsigned char octets[PAIRS_AT_ONCE * PAIR_SIZE];

	if (read_at(c, octets, count * PAIR_SIZE, at) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		pairs[i].first = cdb_unpack(octets + i * PAIR_SIZE);
		pairs[i].second = cdb_unpack(octets + i * PAIR_SIZE + 4);
	}
	return 0;
}

/* The tables, empty ones too, follow each other from the end of the records to
 * the end of the file. */
static int
check_header(struct cdbfile *c)
{
	struct pair tables[PAIRS_AT_ONCE];
	uint64_t end = 0;

	for (size_t i = 0; i < TABLES; i++) {
		const struct pair *t = &tables[i % PAIRS_AT_ONCE];

		if (i % PAIRS_AT_ONCE == 0 &&
		    read_pairs(c, tables, PAIRS_AT_ONCE, i * PAIR_SIZE) != 0)
			return -1;
		if (i == 0)
			end = c->records_end = t->first;
		if (t->first != end)
			return damaged();
		end += (uint64_t)t->second * PAIR_SIZE;
	}
	if (c->records_end < CDBFILE_HEADER_SIZE || end != c->size)
		return damaged();
	return 0;
}

int
cdbfile_open(struct cdbfile *c, const char *path)
{
	struct stat status;
	int error;

	*c = (struct cdbfile){ .fd = -1 };
	/* Not blocking: it might be a FIFO. */
	c->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (c->fd == -1)
		return -1;
	if (fstat(c->fd, &status) == 0) {
		errno = S_ISDIR(status.st_mode) ? EISDIR : CDBFILE_DAMAGED;
		if (S_ISREG(status.st_mode) && status.st_size <= UINT32_MAX) {
			c->size = (uint32_t)status.st_size;
			if (check_header(c) == 0)
				return 0;
		}
	}
	error = errno;
	cdbfile_close(c);
	errno = error;
	return -1;
}

int
cdbfile_open_memory(struct cdbfile *c, struct span image)
{
	*c = (struct cdbfile){ .fd = -1, .memory = image.data };
	if (image.length > UINT32_MAX)
		return damaged();
	c->size = (uint32_t)image.length;
	return check_header(c);
}

void
cdbfile_close(struct cdbfile *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->memory = NULL;
}

/* Whether a slot can be one of the table that hash belongs to. */
static bool
slot_fits(const struct cdbfile *c, const struct pair *slot, uint32_t hash)
{
	return slot->first % TABLES == hash % TABLES &&
	    slot->second >= CDBFILE_HEADER_SIZE &&
	    slot->second <= c->records_end - PAIR_SIZE;
}

/* Goes through a table before it is believed that a key is not there: all
 * makers leave one half of its slots unused, so one that lost a part, as a
 * crash leaves it, shows. */
static enum cdbfile_result
absent(const struct cdbfile *c, const struct pair *table, uint32_t hash)
{
	struct pair slots[PAIRS_AT_ONCE];
	uint32_t used = 0;

	for (uint32_t i = 0; i < table->second; i += PAIRS_AT_ONCE) {
		uint32_t left = table->second - i;
		uint32_t count = left < PAIRS_AT_ONCE ? left : PAIRS_AT_ONCE;

		if (read_pairs(c, slots, count,
			table->first + (uint64_t)i * PAIR_SIZE) != 0)
			return CDBFILE_FAILED;
		for (uint32_t j = 0; j < count; j++) {
			if (slots[j].second == 0 && slots[j].first == 0)
				continue;
			used++;
			if (!slot_fits(c, &slots[j], hash)) {
				damaged();
				return CDBFILE_FAILED;
			}
		}
	}
	if (used * 2 != table->second) {
		damaged();
		return CDBFILE_FAILED;
	}
	return CDBFILE_ABSENT;
}

/* Compares the key of a record whose slot has the hash of the key wanted. Its
 * own hash tells damage from a different key of the same hash. One too long to
 * be a key here would have to be both. */
static enum cdbfile_result
match_key(const struct cdbfile *c, uint64_t at, uint32_t length,
    struct span key)
{
	char found[CDBFILE_KEY_MAX];

	if (length > sizeof(found)) {
		damaged();
		return CDBFILE_FAILED;
	}
	if (read_at(c, found, length, at) != 0)
		return CDBFILE_FAILED;
	if (span_equal(key, (struct span){ found, length }))
		return CDBFILE_FOUND;
	if (cdb_hash(found, length) == cdb_hash(key.data, (unsigned)key.length))
		return CDBFILE_ABSENT;
	damaged();
	return CDBFILE_FAILED;
}

/* Compares one record; if it is the one wanted, reads its data. */
static enum cdbfile_result
match_record(const struct cdbfile *c, uint64_t at, struct span key,
    char *buffer, size_t size, size_t *data_length)
{
	struct pair lengths;
	enum cdbfile_result result;

	if (read_pairs(c, &lengths, 1, at) != 0)
		return CDBFILE_FAILED;
	at += PAIR_SIZE;
	if (at + lengths.first + lengths.second > c->records_end) {
		damaged();
		return CDBFILE_FAILED;
	}
	result = match_key(c, at, lengths.first, key);
	if (result != CDBFILE_FOUND)
		return result;
	*data_length = lengths.second;
	if (size > lengths.second)
		size = lengths.second;
	if (read_at(c, buffer, size, at + lengths.first) != 0)
		return CDBFILE_FAILED;
	return CDBFILE_FOUND;
}

enum cdbfile_result
cdbfile_find(const struct cdbfile *c, struct span key, char *buffer,
    size_t size, size_t *length)
{
	uint32_t hash = cdb_hash(key.data, (unsigned)key.length);
	struct pair table;

	if (read_pairs(c, &table, 1, hash % TABLES * PAIR_SIZE) != 0)
		return CDBFILE_FAILED;
	/* The header may have changed since it was checked. */
	if (table.second > c->size / PAIR_SIZE) {
		damaged();
		return CDBFILE_FAILED;
	}
	for (uint32_t i = 0; i < table.second; i++) {
		uint64_t slot = (hash / TABLES + (uint64_t)i) % table.second;
		enum cdbfile_result result = CDBFILE_ABSENT;
		struct pair found;

		if (read_pairs(c, &found, 1, table.first + slot * PAIR_SIZE) !=
		    0)
			return CDBFILE_FAILED;
		if (found.first == 0 && found.second == 0)
			break;
		if (!slot_fits(c, &found, hash)) {
			damaged();
			return CDBFILE_FAILED;
		}
		if (found.first == hash)
			result = match_record(c, found.second, key, buffer,
			    size, length);
		if (result != CDBFILE_ABSENT)
			return result;
	}
	return absent(c, &table, hash);
}
