/*
 * Runs a program in which one write does less than it was asked to: the octets
 * behind the first ones are not written, and the program is told so, as a full
 * pipe, a signal or a quota may do it.
 *
 * Usage: shorten CALL NUMBER half|one COMMAND [ARGUMENT]...
 *
 * CALL is write, sendto or pwrite64, NUMBER the how manieth of the program that
 * is to be cut, 0 for each. Exit status: 0 if a call was cut and the program
 * ended with 0, else 1. Processes that the program makes are left alone.
 */
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

/* The third argument of a system call, which is the length in each of those
 * above. */
#if defined(__x86_64__)
#define THIRD rdx
#elif defined(__aarch64__)
#define THIRD regs[2]
#endif

#define SYSCALL_STOP (SIGTRAP | 0x80)

static const struct call {
	const char *name;
	long number;
} calls[] = {
	{ "write", SYS_write },
	{ "sendto", SYS_sendto },
	{ "pwrite64", SYS_pwrite64 },
};

struct cutter {
	pid_t pid;
	uint64_t call;
	unsigned long wanted; /* 0: each */
	bool to_half;
	unsigned long seen;
	bool did;
	bool under_way; /* the call is one that was cut */
	uint64_t asked;
};

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t
call_number(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, name) == 0)
			return (uint64_t)calls[i].number;
	fprintf(stderr, "shorten: %s is not a call that it knows\n", name);
	exit(1);
}

static void
set_length(const struct cutter *c, uint64_t length)
{
	struct user_regs_struct registers;
	struct iovec all = { &registers, sizeof(registers) };

	if (ptrace(PTRACE_GETREGSET, c->pid, NT_PRSTATUS, &all) != 0)
		fail("PTRACE_GETREGSET");
	registers.THIRD = length;
	if (ptrace(PTRACE_SETREGSET, c->pid, NT_PRSTATUS, &all) != 0)
		fail("PTRACE_SETREGSET");
}

static void
enter(struct cutter *c, const struct ptrace_syscall_info *info)
{
	uint64_t length = info->entry.args[2];

	if (info->entry.nr != c->call)
		return;
	c->seen++;
	if ((c->wanted != 0 && c->seen != c->wanted) || length < 2)
		return;
	c->under_way = true;
	c->did = true;
	c->asked = length;
	set_length(c, c->to_half ? length / 2 : 1);
}

/* The kernel leaves the registers of the arguments as they are, and compilers
 * know it. */
static void
leave(struct cutter *c)
{
	if (c->under_way)
		set_length(c, c->asked);
	c->under_way = false;
}

static void
at_system_call(struct cutter *c)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, c->pid, sizeof(info), &info) < 0)
		fail("PTRACE_GET_SYSCALL_INFO");
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter(c, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave(c);
}

/* Goes from stop to stop. The status at the end. */
static int
follow(struct cutter *c)
{
	int status, signal = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, c->pid, 0, signal) != 0)
			fail("PTRACE_SYSCALL");
		if (waitpid(c->pid, &status, 0) != c->pid)
			fail("waitpid");
		if (!WIFSTOPPED(status))
			return status;
		signal = 0;
		if (WSTOPSIG(status) == SYSCALL_STOP)
			at_system_call(c);
		else
			signal = WSTOPSIG(status);
	}
}

int
main(int argc, char *argv[])
{
	struct cutter c = { 0 };
	int status;

	if (argc < 5) {
		fprintf(stderr,
		    "usage: shorten CALL NUMBER half|one COMMAND\n");
		return 1;
	}
	c.call = call_number(argv[1]);
	c.wanted = strtoul(argv[2], NULL, 10);
	c.to_half = strcmp(argv[3], "half") == 0;
	c.pid = fork();
	if (c.pid < 0)
		fail("fork");
	if (c.pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
			fail("PTRACE_TRACEME");
		execvp(argv[4], argv + 4);
		fail(argv[4]);
	}
	/* It stops when the program begins. */
	if (waitpid(c.pid, &status, 0) != c.pid || !WIFSTOPPED(status))
		return 1;
	if (ptrace(PTRACE_SETOPTIONS, c.pid, 0,
		PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) != 0)
		fail("PTRACE_SETOPTIONS");
	status = follow(&c);
	return c.did && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}
