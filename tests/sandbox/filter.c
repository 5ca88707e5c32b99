/*
 * Runs the seccomp filters that it is linked with, as the kernel would, for
 * every call number and the arguments that matter, and compares with a list of
 * its own.
 *
 * usage: filter x86_64|aarch64		compares; says what differs
 *        filter x86_64|aarch64 list	prints the numbers that the plain one
 *					may allow
 */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "sandbox_filter.h"

#define NUMBERS 4096
#define X32 0x40000000
#define NONE (-1)

/* What a filter is made for, beside what all are. */
enum need { NOTHING, NEXT_HOP, STARTER, AUTH, TLS, NEEDS };

/* The descriptor of the local socket with AUTH and TLS. */
#define LOCAL_SOCKET 7

/* Who has a call, as a set. */
#define PLAIN ((1U << NEEDS) - 1)
#define ONLY(need) (1U << (need))

/* As they are on the one architecture and the other. */
static const struct {
	const char *name;
	int number[2];
	unsigned needs;
} calls[] = {
	{ "clock_gettime", { 228, 113 }, PLAIN },
	{ "clock_nanosleep", { 230, 115 }, PLAIN },
	{ "close", { 3, 57 }, PLAIN },
	{ "exit_group", { 231, 94 }, PLAIN },
	{ "fcntl", { 72, 25 }, PLAIN },
	{ "fsync", { 74, 82 }, PLAIN },
	{ "linkat", { 265, 37 }, PLAIN },
	{ "mkdirat", { 258, 34 }, PLAIN },
	{ "openat", { 257, 56 }, PLAIN },
	{ "poll", { 7, NONE }, PLAIN },
	{ "ppoll", { 271, 73 }, PLAIN },
	{ "pread64", { 17, 67 }, PLAIN },
	{ "read", { 0, 63 }, PLAIN },
	{ "rt_sigprocmask", { 14, 135 }, PLAIN },
	{ "rt_sigreturn", { 15, 139 }, PLAIN },
	{ "sendto", { 44, 206 }, PLAIN },
	{ "shutdown", { 48, 210 }, PLAIN },
	{ "sync_file_range", { 277, 84 }, PLAIN },
	{ "unlinkat", { 263, 35 }, PLAIN },
	{ "write", { 1, 64 }, PLAIN },
	{ "socket", { 41, 198 }, ONLY(NEXT_HOP) },
	{ "connect", { 42, 203 }, ONLY(NEXT_HOP) | ONLY(AUTH) | ONLY(TLS) },
	{ "sendmsg", { 46, 211 }, ONLY(TLS) },
	{ "getsockopt", { 55, 209 }, ONLY(NEXT_HOP) },
	{ "recvmsg", { 47, 212 }, ONLY(STARTER) },
	{ "recvfrom", { 45, 207 }, ONLY(STARTER) },
};

/* Arguments that are allowed or not; the others may be anything. */
static const struct {
	const char *name;
	size_t argument;
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

/* The filter under test. */
struct filter {
	size_t architecture;
	enum need need;
	struct sock_fprog program;
	struct sock_filter room[SANDBOX_FILTER_MAX];
};

/* What the filter returns; SECCOMP_RET_LOG if it does what it should not. */
static uint32_t
run(const struct filter *f, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0; at < f->program.len; at++) {
		const struct sock_filter *i = &f->program.filter[at];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + i->k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_MISC | BPF_TAX:
			break;
		case BPF_JMP | BPF_JA:
			at += i->k;
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

/* Whether there are arguments with which the filter allows it. */
static bool
may_be_allowed(const struct filter *f, int number)
{
	struct seccomp_data data = { .nr = number,
		.arch = architectures[f->architecture] };

	data.args[0] = AF_INET;
	data.args[1] = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	if (run(f, &data) == SECCOMP_RET_ALLOW)
		return true;
	data.args[0] = LOCAL_SOCKET;
	if (run(f, &data) == SECCOMP_RET_ALLOW)
		return true;
	for (size_t i = 0; i < COUNT(arguments); i++) {
		struct seccomp_data other = data;

		other.args[arguments[i].argument] =
		    arguments[i].value[f->architecture];
		if (run(f, &other) == SECCOMP_RET_ALLOW)
			return true;
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
is_listed(const struct filter *f, int number)
{
	for (size_t i = 0; i < COUNT(calls); i++)
		if (calls[i].number[f->architecture] == number)
			return (calls[i].needs & 1U << f->need) != 0;
	return false;
}

static int
compare_numbers(const struct filter *f)
{
	int differences = 0;

	for (int number = 0; number < NUMBERS; number++) {
		bool listed = is_listed(f, number);

		if (may_be_allowed(f, number) != listed) {
			printf("%d is %s\n", number,
			    listed ? "not allowed" : "allowed");
			differences++;
		}
		if (may_be_allowed(f, number | X32) ||
		    may_be_allowed(f, -1 - number)) {
			printf("%d is allowed with other bits\n", number);
			differences++;
		}
	}
	return differences;
}

/* A socket is that of the next hop and no other. */
static int
compare_sockets(const struct filter *f)
{
	static const struct {
		uint64_t family, type, protocol;
		bool allowed;
	} sockets[] = {
		{ AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		    true },
		{ AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		    false },
		{ AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		    false },
		{ AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		    false },
		{ AF_INET, SOCK_STREAM, 0, false },
		/* IPPROTO_MPTCP */
		{ AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 262,
		    false },
	};
	int differences = 0;

	for (size_t i = 0; i < COUNT(sockets); i++) {
		struct seccomp_data data = { .nr = number_of(f->architecture,
						 "socket"),
			.arch = architectures[f->architecture],
			.args = { sockets[i].family, sockets[i].type,
			    sockets[i].protocol } };
		bool allowed = sockets[i].allowed && f->need == NEXT_HOP;

		if ((run(f, &data) == SECCOMP_RET_ALLOW) != allowed) {
			printf("socket %zu is wrong\n", i);
			differences++;
		}
	}
	return differences;
}

/* With the local socket alone; with a next hop its own is not yet known. */
static int
compare_descriptors(const struct filter *f)
{
	static const struct {
		const char *name;
		uint64_t descriptor;
		unsigned needs;
	} uses[] = {
		{ "connect", LOCAL_SOCKET,
		    ONLY(NEXT_HOP) | ONLY(AUTH) | ONLY(TLS) },
		{ "connect", 0, ONLY(NEXT_HOP) },
		{ "connect", LOCAL_SOCKET + 1, ONLY(NEXT_HOP) },
		{ "sendmsg", LOCAL_SOCKET, ONLY(TLS) },
		{ "sendmsg", 0, 0 },
		{ "sendmsg", LOCAL_SOCKET + 1, 0 },
	};
	int differences = 0;

	for (size_t i = 0; i < COUNT(uses); i++) {
		struct seccomp_data data = { .nr = number_of(f->architecture,
						 uses[i].name),
			.arch = architectures[f->architecture],
			.args = { uses[i].descriptor } };
		bool allowed = (uses[i].needs & 1U << f->need) != 0;

		if ((run(f, &data) == SECCOMP_RET_ALLOW) != allowed) {
			printf("%s of descriptor %llu is wrong\n", uses[i].name,
			    (unsigned long long)uses[i].descriptor);
			differences++;
		}
	}
	return differences;
}

/* Every octet of the other arguments is set, so none of them matters. */
static int
compare_arguments(const struct filter *f)
{
	size_t architecture = f->architecture;
	int differences = 0;

	for (size_t i = 0; i < COUNT(arguments); i++) {
		struct seccomp_data data;

		memset(&data, 0xff, sizeof(data));
		data.nr = number_of(architecture, arguments[i].name);
		data.arch = architectures[architecture];
		data.args[arguments[i].argument] =
		    arguments[i].value[architecture];
		if (run(f, &data) !=
		    (arguments[i].allowed ? SECCOMP_RET_ALLOW
					  : SECCOMP_RET_KILL_PROCESS)) {
			printf("%s: argument %zu of %#llx is wrong\n",
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
compare_actions(const struct filter *f)
{
	static const uint32_t others[] = { AUDIT_ARCH_I386, AUDIT_ARCH_ARM,
		AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, 0 };
	int differences = 0;

	for (int number = 0; number < NUMBERS; number++) {
		struct seccomp_data data = { .nr = number,
			.arch = architectures[f->architecture] };
		uint32_t action = run(f, &data);

		if (action != SECCOMP_RET_ALLOW &&
		    action != SECCOMP_RET_KILL_PROCESS)
			differences++;
		for (size_t i = 0; i < COUNT(others); i++) {
			data.arch = others[i];
			if (others[i] != architectures[f->architecture] &&
			    run(f, &data) != SECCOMP_RET_KILL_PROCESS)
				differences++;
		}
	}
	if (differences > 0)
		printf("%d actions are wrong\n", differences);
	return differences;
}

static int
compare(size_t architecture, enum need need)
{
	struct filter f = { .architecture = architecture, .need = need };

	f.program = sandbox_filter_for(
	    &(struct sandbox_filter_needs){
		.next_hop_family = need == NEXT_HOP ? AF_INET : AF_UNSPEC,
		.receives_descriptors = need == STARTER,
		.auth_socket = need == AUTH ? LOCAL_SOCKET : 0,
		.tls_socket = need == TLS ? LOCAL_SOCKET : 0 },
	    f.room);
	return compare_numbers(&f) + compare_arguments(&f) +
	    compare_sockets(&f) + compare_descriptors(&f) + compare_actions(&f);
}

static void
list(size_t architecture)
{
	struct filter f = { .architecture = architecture };

	f.program = sandbox_filter_for(&(struct sandbox_filter_needs){ 0 },
	    f.room);
	for (int number = 0; number < NUMBERS; number++)
		if (may_be_allowed(&f, number))
			printf("%d\n", number);
}

int
main(int argc, char **argv)
{
	size_t architecture = argc > 1 && strcmp(argv[1], "aarch64") == 0;
	int differences = 0;

	if (argc > 2) {
		list(architecture);
		return 0;
	}
	for (enum need need = NOTHING; need < NEEDS; need++)
		differences += compare(architecture, need);
	return differences != 0;
}
