#include "cdbfile.h"

#include <cdb.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLES 256
#define PAIR_SIZE 8 /* two numbers of 32 bits */
#define SLOTS_AT_ONCE 256
#define NEIGHBOURS 32

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

static enum cdbfile_result
damaged_result(void)
{
	damaged();
	return CDBFILE_FAILED;
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

static struct pair
unpack(const unsigned char octets[PAIR_SIZE])
{
	return (struct pair){ cdb_unpack(octets), cdb_unpack(octets + 4) };
}

static int
read_pair(const struct cdbfile *c, struct pair *pair, uint64_t at)
{
	unsigned char octets[PAIR_SIZE];

	if (read_at(c, octets, sizeof(octets), at) != 0)
		return -1;
	*pair = unpack(octets);
	return 0;
}

/* The tables, empty ones too, follow each other from the end of the records to
 * the end of the file. */
static int
check_header(struct cdbfile *c)
{
	unsigned char header[CDBFILE_HEADER_SIZE];
	uint64_t end;

	if (read_at(c, header, sizeof(header), 0) != 0)
		return -1;
	end = c->records_end = unpack(header).first;
	for (size_t i = 0; i < TABLES; i++) {
		struct pair table = unpack(header + i * PAIR_SIZE);

		if (table.first != end)
			return damaged();
		end += (uint64_t)table.second * PAIR_SIZE;
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

static bool
is_unused(const struct pair *slot)
{
	return slot->first == 0 && slot->second == 0;
}

/* Whether a slot can be one of the table that hash belongs to. */
static bool
slot_fits(const struct cdbfile *c, const struct pair *slot, uint32_t hash)
{
	return slot->first % TABLES == hash % TABLES &&
	    slot->second >= CDBFILE_HEADER_SIZE &&
	    slot->second <= c->records_end - PAIR_SIZE;
}

/* Counts the used slots of a table. False if it cannot be read, or one does
 * not fit. */
static bool
count_used(const struct cdbfile *c, const struct pair *table, uint32_t hash,
    uint32_t *used)
{
	unsigned char octets[SLOTS_AT_ONCE * PAIR_SIZE];

	*used = 0;
	for (uint32_t i = 0; i < table->second; i += SLOTS_AT_ONCE) {
		uint32_t left = table->second - i;
		uint32_t count = left < SLOTS_AT_ONCE ? left : SLOTS_AT_ONCE;

		if (read_at(c, octets, (size_t)count * PAIR_SIZE,
			table->first + (uint64_t)i * PAIR_SIZE) != 0)
			return false;
		for (uint32_t j = 0; j < count; j++) {
			struct pair slot = unpack(octets + j * PAIR_SIZE);

			if (is_unused(&slot))
				continue;
			++*used;
			if (!slot_fits(c, &slot, hash)) {
				damaged();
				return false;
			}
		}
	}
	return true;
}

/* Whether the slots around an unused one are such as they should be. What a
 * crash leaves empty are whole sectors: a slot in one has at least 32 others
 * of it on one side. */
static bool
neighbours_fit(const struct cdbfile *c, const struct pair *table, uint32_t hash,
    uint64_t slot)
{
	unsigned char octets[(2 * NEIGHBOURS + 1) * PAIR_SIZE];
	bool used_before = false, used_behind = false;

	if (slot < NEIGHBOURS || slot + NEIGHBOURS >= table->second ||
	    read_at(c, octets, sizeof(octets),
		table->first + (slot - NEIGHBOURS) * PAIR_SIZE) != 0)
		return false;
	for (size_t i = 0; i < sizeof(octets) / PAIR_SIZE; i++) {
		struct pair neighbour = unpack(octets + i * PAIR_SIZE);

		if (is_unused(&neighbour))
			continue;
		if (!slot_fits(c, &neighbour, hash))
			return false;
		if (i < NEIGHBOURS)
			used_before = true;
		else
			used_behind = true;
	}
	return used_before && used_behind;
}

/* Looks around the unused slot that ended a search, after so many used ones,
 * before it is believed that the key is not there. If that leaves a doubt, as
 * in a small table, goes through all of the table: all makers leave one half of
 * its slots unused, so one that lost a part shows. */
static enum cdbfile_result
absent(const struct cdbfile *c, const struct pair *table, uint32_t hash,
    uint32_t passed)
{
	uint64_t slot = hash / TABLES + (uint64_t)passed;
	uint32_t used;

	if (passed <= NEIGHBOURS && table->second > 0 &&
	    neighbours_fit(c, table, hash, slot % table->second))
		return CDBFILE_ABSENT;
	if (!count_used(c, table, hash, &used))
		return CDBFILE_FAILED;
	if ((uint64_t)used * 2 == table->second)
		return CDBFILE_ABSENT;
	return damaged_result();
}

/* Compares the key of a record whose slot has the hash of the key wanted. Its
 * own hash tells damage from a different key of the same hash. One too long to
 * be a key here would have to be both. */
static enum cdbfile_result
match_key(const struct cdbfile *c, uint64_t at, uint32_t length,
    struct span key)
{
	char found[CDBFILE_KEY_MAX];

	if (length > sizeof(found))
		return damaged_result();
	if (read_at(c, found, length, at) != 0)
		return CDBFILE_FAILED;
	if (span_equal(key, (struct span){ found, length }))
		return CDBFILE_FOUND;
	if (cdb_hash(found, length) == cdb_hash(key.data, (unsigned)key.length))
		return CDBFILE_ABSENT;
	return damaged_result();
}

/* Compares one record; if it is the one wanted, reads its data. */
static enum cdbfile_result
match_record(const struct cdbfile *c, uint64_t at, struct span key,
    char *buffer, size_t size, size_t *data_length)
{
	struct pair lengths;
	enum cdbfile_result result;

	if (read_pair(c, &lengths, at) != 0)
		return CDBFILE_FAILED;
	at += PAIR_SIZE;
	if (at + lengths.first + lengths.second > c->records_end)
		return damaged_result();
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
	uint32_t i;

	if (read_pair(c, &table, (uint64_t)(hash % TABLES) * PAIR_SIZE) != 0)
		return CDBFILE_FAILED;
	for (i = 0; i < table.second; i++) {
		uint64_t slot = (hash / TABLES + (uint64_t)i) % table.second;
		enum cdbfile_result result = CDBFILE_ABSENT;
		struct pair found;

		if (read_pair(c, &found, table.first + slot * PAIR_SIZE) != 0)
			return CDBFILE_FAILED;
		if (is_unused(&found))
			break;
		if (found.first == hash)
			result = match_record(c, found.second, key, buffer,
			    size, length);
		if (result != CDBFILE_ABSENT)
			return result;
	}
	return absent(c, &table, hash, i);
}
