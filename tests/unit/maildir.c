/* Where Maildirs lie, and the names of the files in them. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "delivery.h"
#include "maildir_file.h"
#include "maildir_path.h"
#include "tap.h"

static void
set_mailbox(struct address *a, struct span local, struct span domain)
{
	a->kind = ADDRESS_MAILBOX;
	a->local_length = local.length;
	a->domain_length = domain.length;
	memcpy(a->local, local.data, local.length);
	memcpy(a->domain, domain.data, domain.length);
}

/* The names on the way, with "|" between them. */
static const char *
join(const char *pattern, struct span local, struct span domain)
{
	static char joined[MAILDIR_PATH_SIZE];
	static struct maildir_path path;
	struct text text = TEXT_IN(joined);
	struct address to;
	const char *name = NULL;

	set_mailbox(&to, local, domain);
	maildir_path_write(&path, pattern, &to);
	while ((name = maildir_path_next(&path, name)) != NULL) {
		if (text.length > 0)
			text_put_char(&text, '|');
		text_put(&text, name);
	}
	return text.overflow ? "(overflow)" : joined;
}

static const struct {
	const char *setting;
	bool good;
} settings[] = {
	{ "maildir:/var/mail/%d/%l", true },
	{ "maildir:/%d", true },
	{ "maildir:/var/mail", true },
	{ "maildir:/var/../mail", true },
	{ "maildir:/var/mail//%d//%l/", true },
	{ "maildir:/var/mail/%l@%d", true },
	{ "maildir:/var/mail/%d/.%l", true },
	{ "maildir:/var/100%%/new", true },
	{ "maildir:/%d/%l/%d/%l", true },
	{ "", false },
	{ "maildir", false },
	{ "maildir:", false },
	{ "maildir:mail/%d", false },
	{ "maildir:%d/%l", false },
	{ "mbox:/var/mail", false },
	{ "maildir:/var/mail/%", false },
	{ "maildir:/var/mail/%u", false },
	{ "maildir:/var/mail/%D", false },
	{ "maildir:/var/mail/%d%l", false },
	{ "maildir:/var/mail/%l-%d", false },
	{ "maildir:/var/mail/%d@%l%%%d", false },
	{ "maildir:/var/mail/%d/../%l", false },
	{ "maildir:/var/mail/%d/./%l", false },
	{ "maildir:/var/mail/%d/..", false },
	{ "maildir:/%d/%l/%d/%l/%d", false },
};

static void
test_settings(struct tap *tap)
{
	char name[200];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const char *setting = settings[i].setting;
		bool good = delivery_check(setting) == NULL;

		snprintf(name, sizeof(name), "the setting '%s' is %s", setting,
		    settings[i].good ? "taken" : "refused");
		tap_ok(tap, good == settings[i].good, name);
	}
}

static void
test_longest_pattern(struct tap *tap)
{
	char pattern[MAILDIR_PATTERN_MAX + 2];

	memset(pattern, 'x', sizeof(pattern));
	pattern[MAILDIR_PATTERN_MAX + 1] = '\0';
	tap_ok(tap, maildir_pattern_check(pattern) != NULL,
	    "a pattern too long is refused");
	pattern[MAILDIR_PATTERN_MAX] = '\0';
	tap_ok(tap, maildir_pattern_check(pattern) == NULL,
	    "the longest pattern is taken");
}

#define TEXT(string)                         \
	{                                    \
		(string), sizeof(string) - 1 \
	}

static const struct {
	const char *pattern;
	struct span local;
	struct span domain;
	const char *names;
} paths[] = {
	{ "%d/%l", TEXT("alice"), TEXT("example.org"), "example.org|alice" },
	{ "%l", TEXT("alice"), TEXT("example.org"), "alice" },
	{ "%d", TEXT("alice"), TEXT("example.org"), "example.org" },
	{ ".", TEXT("alice"), TEXT("example.org"), "." },
	{ "//%d//%l//", TEXT("a"), TEXT("b"), "b|a" },
	{ "%l@%d", TEXT("a@b"), TEXT("c"), "a%40b@c" },
	{ "100%%/.%d.x", TEXT("a"), TEXT("b"), "100%|.b.x" },
	{ "%d/%l", TEXT("Alice.B"), TEXT("EXAMPLE.Org"),
	    "example.org|alice.b" },
	{ "%d/%l", TEXT("a-b_c+d=e1"), TEXT("b"), "b|a-b_c+d=e1" },
	{ "%d/%l", TEXT("j\303\274rgen"), TEXT("b"), "b|j\303\274rgen" },
	{ "%d/%l", TEXT("."), TEXT("b"), "b|%2e" },
	{ "%d/%l", TEXT(".."), TEXT(".."), "%2e.|%2e." },
	{ "%d/%l", TEXT(".hidden"), TEXT("b"), "b|%2ehidden" },
	{ "%d/%l", TEXT("-rf"), TEXT("b"), "b|%2drf" },
	{ "%d/%l", TEXT("../../etc"), TEXT("b"), "b|%2e.%2f..%2fetc" },
	{ "%d/%l", TEXT("a/b"), TEXT("[::1]"), "%5b%3a%3a1%5d|a%2fb" },
	{ "%d/%l", TEXT("a\0b"), TEXT("b"), "b|a%00b" },
	{ "%d/%l", TEXT("a\n\r\t\033\177"), TEXT("b"), "b|a%0a%0d%09%1b%7f" },
	{ "%d/%l", TEXT("a b\\\"c"), TEXT("b"), "b|a%20b%5c%22c" },
	{ "%d/%l", TEXT("a%2fb"), TEXT("b"), "b|a%252fb" },
	{ "%d/%l", TEXT("$(x)`y`;*?~"), TEXT("b"),
	    "b|%24%28x%29%60y%60%3b%2a%3f%7e" },
	{ "%d/%l", TEXT(""), TEXT("b"), "b|%" },
};

static void
test_paths(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char name[200];
		const char *names = join(paths[i].pattern, paths[i].local,
		    paths[i].domain);
		bool good = strcmp(names, paths[i].names) == 0;

		snprintf(name, sizeof(name), "%s leads to %s", paths[i].pattern,
		    paths[i].names);
		tap_ok(tap, good, name);
		if (!good)
			printf("# it leads to %s\n", names);
	}
}

static void
test_long_names(struct tap *tap)
{
	char local[ADDRESS_LOCAL_MAX], expected[2 * ADDRESS_LOCAL_MAX];
	struct span all = { local, sizeof(local) };
	struct span domain = span_of("b");
	int whole = NAME_MAX - 1;

	memset(local, 'x', sizeof(local));
	snprintf(expected, sizeof(expected), "b|%.*s", whole, local);
	tap_ok(tap,
	    strcmp(join("%d/%l", (struct span){ local, NAME_MAX - 1 }, domain),
		expected) == 0,
	    "254 octets are one name");
	snprintf(expected, sizeof(expected), "b|%.*s%%|x", whole, local);
	tap_ok(tap, strcmp(join("%d/%l", all, domain), expected) == 0,
	    "255 octets are two names");
	local[NAME_MAX - 1] = '.';
	snprintf(expected, sizeof(expected), "b|%.*s%%|%%2e", whole, local);
	tap_ok(tap, strcmp(join("%d/%l", all, domain), expected) == 0,
	    "a dot of an address that starts the second name is escaped");
	local[NAME_MAX - 1] = 'x';
	snprintf(expected, sizeof(expected), "%.*s%%|%%2e.", whole, local);
	tap_ok(tap,
	    strcmp(join("%l..", (struct span){ local, NAME_MAX - 1 }, domain),
		expected) == 0,
	    "a dot of the pattern that starts the second name is escaped");
}

static void
test_largest_path(struct tap *tap)
{
	char part[ADDRESS_LOCAL_MAX], pattern[MAILDIR_PATTERN_MAX + 1];
	struct span all = { part, sizeof(part) };

	memset(part, '/', sizeof(part));
	memset(pattern, '.', sizeof(pattern));
	memcpy(pattern, "%d/%l/%d/%l", 11);
	pattern[MAILDIR_PATTERN_MAX] = '\0';
	tap_ok(tap,
	    maildir_pattern_check(pattern) == NULL &&
		join(pattern, all, all)[0] != '(',
	    "the largest path fits");
}

static bool
name_is(struct maildir_namer *n, const char *number, const char *host)
{
	char buffer[NAME_MAX + 1];
	struct text name = TEXT_IN(buffer);
	unsigned long long seconds, musec, pid, count, random;
	int end = 0;
	char text[40];

	maildir_namer_write(n, &name);
	if (sscanf(buffer, "%llu.M%lluP%lluQ%lluR%16llx.%n", &seconds, &musec,
		&pid, &count, &random, &end) != 5 ||
	    end == 0)
		return false;
	snprintf(text, sizeof(text), "%llu", count);
	return seconds > 1000000000 && musec < 1000000 && pid == n->pid &&
	    random == n->random && random != 0 && strcmp(text, number) == 0 &&
	    strcmp(buffer + end, host) == 0;
}

static void
test_file_names(struct tap *tap)
{
	struct maildir_namer n;
	char host[CONFIG_HOSTNAME_MAX + 1];
	char buffer[NAME_MAX + 1];
	struct text name = TEXT_IN(buffer);

	maildir_namer_start(&n, "mx.example.org");
	tap_ok(tap, name_is(&n, "1", "mx.example.org"),
	    "a file name is by the Maildir specification");
	tap_ok(tap, name_is(&n, "2", "mx.example.org"),
	    "the next one has the next number");
	maildir_namer_start(&n, "a/b:c");
	tap_ok(tap, name_is(&n, "1", "a\\057b\\072c"),
	    "a slash and a colon in the host's name are escaped");
	memset(host, 'h', CONFIG_HOSTNAME_MAX);
	host[CONFIG_HOSTNAME_MAX] = '\0';
	maildir_namer_start(&n, host);
	maildir_namer_write(&n, &name);
	tap_ok(tap, name.length == NAME_MAX,
	    "the longest host name is cut to what a file name can hold");
}

int
main(void)
{
	struct tap tap = { 0 };

	test_settings(&tap);
	test_longest_pattern(&tap);
	test_paths(&tap);
	test_long_names(&tap);
	test_largest_path(&tap);
	test_file_names(&tap);
	return tap_done(&tap);
}
