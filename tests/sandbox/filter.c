/*
 * Runs the seccomp filter that it is linked with, as the kernel would, for
 * every call number and the arguments that matter, and compares with a list of
 * its own.
 *
 * usage: filter x86_64|aarch64		compares; says what differs
 *        filter x86_64|aarch64 list	prints the numbers that may be allowed
 */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "sandbox_filter.h"

#define NUMBERS 4096
#define X32 0x40000000
#define NONE (-1)

/* As they are on the one architecture and the other. */
static const struct {
	const char *name;
	int number[2];
} calls[] = {
	{ "clock_gettime", { 228, 113 } },
	{ "clock_nanosleep", { 230, 115 } },
	{ "close", { 3, 57 } },
	{ "exit_group", { 231, 94 } },
	{ "fcntl", { 72, 25 } },
	{ "fstat", { 5, 80 } },
	{ "fsync", { 74, 82 } },
	{ "linkat", { 265, 37 } },
	{ "mkdirat", { 258, 34 } },
	{ "openat", { 257, 56 } },
	{ "poll", { 7, NONE } },
	{ "ppoll", { 271, 73 } },
	{ "pread64", { 17, 67 } },
	{ "read", { 0, 63 } },
	{ "rt_sigprocmask", { 14, 135 } },
	{ "rt_sigreturn", { 15, 139 } },
	{ "sendto", { 44, 206 } },
	{ "sync_file_range", { 277, 84 } },
	{ "unlinkat", { 263, 35 } },
	{ "write", { 1, 64 } },
};

/* Arguments that are allowed or not; the others may be anything. */
static const struct {
	const char *name;
	unsigned argument;
	uint64_t value[2];
	bool allowed;
} arguments[] = {
	{ "fcntl", 1, { 3, 3 }, true },	   /* F_GETFL */
	{ "fcntl", 1, { 4, 4 }, true },	   /* F_SETFL */
	{ "fcntl", 1, { 0, 0 }, false },   /* F_DUPFD */
	{ "fcntl", 1, { 8, 8 }, false },   /* F_SETOWN */
	{ "fcntl", 1, { 10, 10 }, false }, /* F_SETSIG */
	{ "fcntl", 1, { 15, 15 }, false }, /* F_SETOWN_EX */
	{ "linkat", 4, { 0, 0 }, true },
	{ "linkat", 4, { 0x400, 0x400 }, false },   /* AT_SYMLINK_FOLLOW */
	{ "linkat", 4, { 0x1000, 0x1000 }, false }, /* AT_EMPTY_PATH */
	{ "unlinkat", 2, { 0, 0 }, true },
	{ "unlinkat", 2, { 0x200, 0x200 }, false }, /* AT_REMOVEDIR */
	{ "sendto", 4, { 0, 0 }, true },
	{ "sendto", 4, { 1, 1 }, false },
	{ "sendto", 4, { 1ULL << 32, 1ULL << 32 }, false },
	/* O_DIRECTORY; with O_CLOEXEC, O_NOFOLLOW; with O_PATH, O_LARGEFILE */
	{ "openat", 2, { 0x10000, 0x4000 }, true },
	{ "openat", 2, { 0xb0000, 0x8c000 }, true },
	{ "openat", 2, { 0x2b8000, 0x2ac000 }, true },
	/* O_WRONLY, O_CREAT, O_EXCL; with all of the above but O_DIRECTORY */
	{ "openat", 2, { 0xc1, 0xc1 }, true },
	{ "openat", 2, { 0xa80c1, 0xa80c1 }, true },
	/* O_RDONLY, O_WRONLY, O_RDWR, O_PATH alone */
	{ "openat", 2, { 0, 0 }, false },
	{ "openat", 2, { 1, 1 }, false },
	{ "openat", 2, { 2, 2 }, false },
	{ "openat", 2, { 0x200000, 0x200000 }, false },
	/* O_CREAT without O_EXCL; with O_RDWR; O_TRUNC; O_APPEND */
	{ "openat", 2, { 0x41, 0x41 }, false },
	{ "openat", 2, { 0xc2, 0xc2 }, false },
	{ "openat", 2, { 0x2c1, 0x2c1 }, false },
	{ "openat", 2, { 0x401, 0x401 }, false },
	/* O_TMPFILE to be written */
	{ "openat", 2, { 0x410001, 0x404001 }, false },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const uint32_t architectures[] = { AUDIT_ARCH_X86_64,
	AUDIT_ARCH_AARCH64 };

/* What the filter returns; SECCOMP_RET_LOG if it does what it should not. */
static uint32_t
run(const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0; at < sandbox_filter_length; at++) {
		const struct sock_filter *i = &sandbox_filter[at];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + i->k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_MISC | BPF_TAX:
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			return SECCOMP_RET_LOG;
		}
	}
	return SECCOMP_RET_LOG;
}

/* With every argument: whether there is one that the filter allows. */
static bool
may_be_allowed(size_t architecture, int number)
{
	struct seccomp_data data = { .nr = number,
		.arch = architectures[architecture] };

	if (run(&data) == SECCOMP_RET_ALLOW)
		return true;
	for (size_t i = 0; i < COUNT(arguments); i++) {
		data.args[arguments[i].argument] =
		    arguments[i].value[architecture];
		if (run(&data) == SECCOMP_RET_ALLOW)
			return true;
		data.args[arguments[i].argument] = 0;
	}
	return false;
}

static int
number_of(size_t architecture, const char *name)
{
	for (size_t i = 0; i < COUNT(calls); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].number[architecture];
	return NONE;
}

static bool
is_listed(size_t architecture, int number)
{
	for (size_t i = 0; i < COUNT(calls); i++)
		if (calls[i].number[architecture] == number)
			return true;
	return false;
}

static int
compare_numbers(size_t architecture)
{
	int differences = 0;

	for (int number = 0; number < NUMBERS; number++) {
		bool listed = is_listed(architecture, number);

		if (may_be_allowed(architecture, number) != listed) {
			printf("%d is %s\n", number,
			    listed ? "not allowed" : "allowed");
			differences++;
		}
		if (may_be_allowed(architecture, number | X32) ||
		    may_be_allowed(architecture, -1 - number)) {
			printf("%d is allowed with other bits\n", number);
			differences++;
		}
	}
	return differences;
}

/* Every octet of the other arguments is set, so none of them matters. */
static int
compare_arguments(size_t architecture)
{
	int differences = 0;

	for (size_t i = 0; i < COUNT(arguments); i++) {
		struct seccomp_data data;

		memset(&data, 0xff, sizeof(data));
		data.nr = number_of(architecture, arguments[i].name);
		data.arch = architectures[architecture];
		data.args[arguments[i].argument] =
		    arguments[i].value[architecture];
		if (run(&data) !=
		    (arguments[i].allowed ? SECCOMP_RET_ALLOW
					  : SECCOMP_RET_KILL_PROCESS)) {
			printf("%s: argument %u of %#llx is wrong\n",
			    arguments[i].name, arguments[i].argument,
			    (unsigned long long)arguments[i]
				.value[architecture]);
			differences++;
		}
	}
	return differences;
}

/* What is not allowed kills the process and does nothing else; so does
 * everything on any other architecture. */
static int
compare_actions(size_t architecture)
{
	static const uint32_t others[] = { AUDIT_ARCH_I386, AUDIT_ARCH_ARM,
		AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, 0 };
	int differences = 0;

	for (int number = 0; number < NUMBERS; number++) {
		struct seccomp_data data = { .nr = number,
			.arch = architectures[architecture] };
		uint32_t action = run(&data);

		if (action != SECCOMP_RET_ALLOW &&
		    action != SECCOMP_RET_KILL_PROCESS)
			differences++;
		for (size_t i = 0; i < COUNT(others); i++) {
			data.arch = others[i];
			if (others[i] != architectures[architecture] &&
			    run(&data) != SECCOMP_RET_KILL_PROCESS)
				differences++;
		}
	}
	if (differences > 0)
		printf("%d actions are wrong\n", differences);
	return differences;
}

int
main(int argc, char **argv)
{
	size_t architecture = argc > 1 && strcmp(argv[1], "aarch64") == 0;

	if (argc > 2) {
		for (int number = 0; number < NUMBERS; number++)
			if (may_be_allowed(architecture, number))
				printf("%d\n", number);
		return 0;
	}
	return compare_numbers(architecture) + compare_arguments(architecture) +
	    compare_actions(architecture) !=
	    0;
}
