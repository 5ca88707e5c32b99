#include "recipients.h"

#include <cdb.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

#define IMAGE_MAX 2097152
#define MANY 300
/* So many that most of a table is far from its ends. */
#define VERY_MANY 30000
#define FIRST_RECORD CDBFILE_HEADER_SIZE

/* A CDB in memory, one copy whole and one to be damaged. */
struct image {
	size_t length;
	char whole[IMAGE_MAX];
	char octets[IMAGE_MAX];
};

static void
add(struct cdb_make *make, const char *key, struct span data)
{
	cdb_make_add(make, key, (unsigned)strlen(key), data.data,
	    (unsigned)data.length);
}

static void
make_image(struct image *image, unsigned many)
{
	int fd = memfd_create("cdb", 0);
	struct cdb_make make;

	cdb_make_start(&make, fd);
	add(&make, "alice@example.org", SPAN(""));
	add(&make, "example.org", SPAN(""));
	add(&make, "bob@example.org", SPAN("-"));
	add(&make, "sales@example.org", SPAN("=Alice@example.org"));
	add(&make, "odd@example.org", SPAN("yes"));
	add(&make, "nobody@example.org", SPAN("=nobody"));
	add(&make, "hole@example.org", SPAN("\0"));
	add(&make, "@example.net", SPAN("!"));
	for (unsigned i = 0; i < many; i++) {
		char key[32];

		snprintf(key, sizeof(key), "user%u@example.org", i);
		add(&make, key, SPAN(""));
	}
	cdb_make_finish(&make);
	image->length = (size_t)pread(fd, image->whole, IMAGE_MAX, 0);
	memcpy(image->octets, image->whole, image->length);
	close(fd);
}

/* Looks an address up in what is in memory now. */
static struct recipients_found
find(const struct image *image, size_t length, const char *address)
{
	struct recipients r = { .subaddress = "+-" };
	struct recipients_found found;
	struct address to;
	/* No octet behind its end, so that the sanitizers see a look at it. */
	char *copy = malloc(length > 0 ? length : 1);

	memcpy(copy, image->octets, length);
	if (cdbfile_open_memory(&r.file, (struct span){ copy, length }) != 0)
		r.error = errno;
	address_parse_mailbox(span_of(address), &to);
	recipients_find(&r, &to, &found);
	free(copy);
	return found;
}

static void
test_data(struct tap *tap, const struct image *image)
{
	static const struct {
		const char *address;
		enum recipients_answer answer;
		enum recipients_rule rule;
	} cases[] = {
		{ "ALICE@EXAMPLE.ORG", RECIPIENTS_ACCEPTED,
		    RECIPIENTS_BY_ADDRESS },
		{ "alice+a-b@example.org", RECIPIENTS_ACCEPTED,
		    RECIPIENTS_BY_BASE_ADDRESS },
		{ "bob@example.org", RECIPIENTS_BLOCKED,
		    RECIPIENTS_BY_ADDRESS },
		{ "odd@example.org", RECIPIENTS_ACCEPTED,
		    RECIPIENTS_BY_ADDRESS },
		{ "x@example.net", RECIPIENTS_TRAP,
		    RECIPIENTS_BY_WHOLE_DOMAIN },
		{ "postmaster@example.net", RECIPIENTS_ACCEPTED,
		    RECIPIENTS_BY_POSTMASTER },
		{ "x@example.org", RECIPIENTS_UNKNOWN, RECIPIENTS_BY_DOMAIN },
		{ "x@example.com", RECIPIENTS_NOT_OURS, RECIPIENTS_BY_NOTHING },
		{ "nobody@example.org", RECIPIENTS_CANNOT_TELL,
		    RECIPIENTS_BY_NOTHING },
		{ "hole@example.org", RECIPIENTS_CANNOT_TELL,
		    RECIPIENTS_BY_NOTHING },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct recipients_found found = find(image, image->length,
		    cases[i].address);

		tap_okf(tap,
		    found.answer == cases[i].answer &&
			found.rule == cases[i].rule,
		    "%s has the right answer by the right rule",
		    cases[i].address);
	}
}

static void
test_delivery(struct tap *tap, const struct image *image)
{
	struct recipients_found found = find(image, image->length,
	    "Sales+x@example.org");

	tap_is(tap, address_local(&found.delivery), SPAN("alice"),
	    "the delivery address is followed, in small letters");
	found = find(image, image->length, "User7+Spam@Example.ORG");
	tap_is(tap, address_local(&found.delivery), SPAN("User7"),
	    "a subaddress is delivered to the base address, as it was given");
	tap_is(tap, address_domain(&found.delivery), SPAN("example.org"),
	    "the domain is in small letters");
}

/* Every separator is a place to cut, but what one RCPT costs is bounded. */
static void
test_separators(struct tap *tap, const struct image *image)
{
	struct recipients_found found = find(image, image->length,
	    "alice+1+2+3+4+5+6+7+8@example.org");

	tap_ok(tap, found.rule == RECIPIENTS_BY_BASE_ADDRESS,
	    "eight separators are tried");
	found = find(image, image->length,
	    "alice+1+2+3+4+5+6+7+8+9@example.org");
	tap_ok(tap, found.rule == RECIPIENTS_BY_DOMAIN,
	    "a ninth separator is not");
}

/* Whatever is cut off, nobody who is there is refused. */
static void
test_truncation(struct tap *tap, const struct image *image)
{
	size_t wrong = 0;

	for (size_t length = 0; length < image->length; length++)
		if (find(image, length, "alice@example.org").answer !=
		    RECIPIENTS_CANNOT_TELL)
			wrong++;
	tap_ok(tap, wrong == 0, "a file of any shorter length cannot tell");
}

static bool
is_refused(const struct image *image, const char *address)
{
	enum recipients_answer answer =
	    find(image, image->length, address).answer;

	return answer != RECIPIENTS_ACCEPTED &&
	    answer != RECIPIENTS_CANNOT_TELL;
}

/* Overwrites every stretch of some length in turn. */
static void
test_damage(struct tap *tap, struct image *image, size_t length, int octet)
{
	size_t refused = 0;

	for (size_t at = 0; at + length <= image->length; at += length / 2) {
		memset(image->octets + at, octet, length);
		refused += is_refused(image, "alice@example.org");
		refused += is_refused(image, "sales@example.org");
		for (unsigned i = 0; i < MANY; i += 37) {
			char address[32];

			snprintf(address, sizeof(address), "user%u@example.org",
			    i);
			refused += is_refused(image, address);
		}
		memcpy(image->octets + at, image->whole + at, length);
	}
	tap_okf(tap, refused == 0,
	    "with %zu octets of 0x%02x anywhere nobody is refused", length,
	    (unsigned)octet);
}

/* Puts a number in the place of another, as the format has it. */
static void
set_number(struct image *image, size_t at, unsigned number)
{
	cdb_pack(number, (unsigned char *)image->octets + at);
}

static void
test_numbers(struct tap *tap, struct image *image)
{
	size_t told = 0;

	for (size_t table = 0; table < 256; table++) {
		set_number(image, table * 8, FIRST_RECORD + 8);
		if (find(image, image->length, "x@example.com").answer !=
		    RECIPIENTS_CANNOT_TELL)
			told++;
		memcpy(image->octets, image->whole, image->length);
	}
	tap_ok(tap, told == 0, "a table in a wrong place is damage");

	/* The first record is the one of alice. */
	set_number(image, FIRST_RECORD, CDBFILE_KEY_MAX + 1);
	tap_ok(tap, !is_refused(image, "alice@example.org"),
	    "a key that is too long is damage");
	set_number(image, FIRST_RECORD, 0xFFFFFFF0);
	tap_ok(tap, !is_refused(image, "alice@example.org"),
	    "a key longer than the file is damage");
	memcpy(image->octets, image->whole, image->length);
	set_number(image, FIRST_RECORD + 4, 0xFFFFFFF0);
	tap_ok(tap,
	    find(image, image->length, "alice@example.org").answer ==
		RECIPIENTS_CANNOT_TELL,
	    "data longer than the file is damage");
	memcpy(image->octets, image->whole, image->length);
}

/* Whatever becomes of one octet of a slot that tells its table or the place of
 * its record. */
static void
test_slots(struct tap *tap, struct image *image)
{
	size_t refused = 0;
	size_t first = cdb_unpack((const unsigned char *)image->whole);

	for (size_t at = first; at < image->length; at += 8) {
		for (size_t octet = 0; octet < 8; octet++) {
			/* The rest of the hash is not told by anything. */
			if (octet >= 1 && octet <= 3)
				continue;
			image->octets[at + octet] ^= 1;
			refused += is_refused(image, "alice@example.org");
			image->octets[at + octet] ^= 1;
		}
	}
	tap_ok(tap, refused == 0, "with a slot damaged nobody is refused");
}

/* Where the first slot that a key may have is in the file. */
static size_t
slot_of(const struct image *image, const char *key)
{
	unsigned hash = cdb_hash(key, (unsigned)strlen(key));
	const unsigned char *table = (const unsigned char *)image->whole +
	    hash % 256 * 8;

	return cdb_unpack(table) +
	    (size_t)(hash / 256 % cdb_unpack(table + 4)) * 8;
}

/* A crash leaves whole sectors empty. */
static void
test_lost_sectors(struct tap *tap, struct image *image)
{
	size_t refused = 0, doubted = 0;

	for (unsigned i = 0; i < VERY_MANY; i += 100) {
		char known[32], stranger[32];
		size_t sector;

		snprintf(known, sizeof(known), "user%u@example.org", i);
		snprintf(stranger, sizeof(stranger), "x%u@example.org", i);
		doubted += !is_refused(image, stranger);
		sector = slot_of(image, known) / 512 * 512;
		memset(image->octets + sector, 0, 512);
		refused += is_refused(image, known);
		memcpy(image->octets + sector, image->whole + sector, 512);
	}
	tap_ok(tap, refused == 0, "with a sector lost nobody is refused");
	tap_ok(tap, doubted == 0, "a stranger among many is refused");
}

int
main(void)
{
	static struct image image;
	struct tap tap = { 0 };

	make_image(&image, MANY);
	test_data(&tap, &image);
	test_delivery(&tap, &image);
	test_separators(&tap, &image);
	test_truncation(&tap, &image);
	test_numbers(&tap, &image);
	test_slots(&tap, &image);
	test_damage(&tap, &image, 512, 0);
	test_damage(&tap, &image, 64, 0);
	test_damage(&tap, &image, 16, 0);
	test_damage(&tap, &image, 512, 0xFF);
	test_damage(&tap, &image, 64, 0xFF);
	test_damage(&tap, &image, 64, 'x');
	make_image(&image, VERY_MANY);
	test_lost_sectors(&tap, &image);
	return tap_done(&tap);
}
