#include "sandbox_filter.h"

/* The kernel's headers alone, so that the tests can make the filter of another
 * architecture, too. */
#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/fcntl.h>
#include <linux/seccomp.h>
#include <stddef.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
/* cppcheck-suppress preprocessorErrorDirective */
#error "There is no seccomp filter for this architecture."
#endif

/* Only x86-64 has it; elsewhere libc makes ppoll of it. */
#ifdef __NR_poll
#define POLL(call) call(poll, ALLOW)
#else
#define POLL(call)
#endif

/* clang-format off */
/*
 * Each call and where the filter goes with it: to ALLOW, or to the check of
 * its arguments. Only openat makes a descriptor, and nothing makes memory.
 */
#define CALLS(call) \
	/* The client. */ \
	call(ppoll, ALLOW) \
	call(read, ALLOW) \
	call(sendto, CHECK_SENDTO) \
	call(shutdown, ALLOW) \
	call(write, ALLOW) \
	POLL(call) \
	/* Signals and time. */ \
	call(clock_nanosleep, ALLOW) \
	call(rt_sigprocmask, ALLOW) \
	call(rt_sigreturn, ALLOW) \
	call(fcntl, CHECK_FCNTL) \
	call(clock_gettime, ALLOW) /* where the vDSO does not do it */ \
	/* Recipients and delivery. */ \
	call(pread64, ALLOW) \
	call(openat, CHECK_OPENAT) \
	call(fsync, ALLOW) \
	call(sync_file_range, ALLOW) \
	call(linkat, CHECK_LINKAT) \
	call(unlinkat, CHECK_UNLINKAT) \
	call(mkdirat, ALLOW) \
	call(close, ALLOW) \
	call(exit_group, ALLOW)

/* What is added for a hand-off to a next hop or to a program. */
#define HANDOFF_CALLS(call) \
	call(socket, CHECK_SOCKET) \
	call(connect, NEXT_HOP) \
	call(getsockopt, NEXT_HOP) \
	call(recvmsg, STARTER) \
	call(recvfrom, STARTER)

/*
 * The instructions by number, from which the jumps are counted: classic BPF
 * knows no labels. It only jumps forward, so the filter from PLAIN on is one of
 * its own, and that is what is installed when there is no such hand-off.
 */
enum place {
	HANDOFF,
	LAST_OF_HANDOFF_HEAD = HANDOFF + 4,
#define PLACE(name, target) CALL_##name,
	HANDOFF_CALLS(PLACE)
	OTHER_HANDOFF_CALLS,
	CHECK_SOCKET,
	NEXT_HOP = CHECK_SOCKET + 6,
	STARTER,
	PLAIN,
	LAST_OF_PLAIN_HEAD = PLAIN + 4,
	CALLS(PLACE)
#undef PLACE
	OTHER_CALLS,
	CHECK_SENDTO,
	CHECK_FCNTL = CHECK_SENDTO + 4,
	CHECK_OPENAT = CHECK_FCNTL + 3,
	CHECK_LINKAT = CHECK_OPENAT + 4,
	CHECK_UNLINKAT = CHECK_LINKAT + 2,
	KILL = CHECK_UNLINKAT + 2,
	ALLOW,
	END,
	SOCKET_FAMILY = CHECK_SOCKET + 1,
};

_Static_assert(END <= SANDBOX_FILTER_MAX, "there is room for a copy");

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define FIELD(name) offsetof(struct seccomp_data, name)
/* The halves of an argument; both architectures are little-endian. An int has
 * only the lower one. */
#define LOW(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define HIGH(n) (LOW(n) + 4)
/* Where the jump itself stands, and where it goes. */
#define JUMP_IF_EQUAL(at, value, then, otherwise) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (then) - (at) - 1, \
	    (otherwise) - (at) - 1)
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))

/* How delivery opens: a directory, or a file that is not there yet. No file
 * that exists is opened, whoever it belongs to. */
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY)
#define OPEN_NEW (O_WRONLY | O_CREAT | O_EXCL)
#define OPEN_ANYWAY (O_CLOEXEC | O_NOFOLLOW | O_PATH | O_LARGEFILE)

/* <sys/socket.h>; no socket has the family. */
#define STREAM_SOCKET (1 | O_CLOEXEC | O_NONBLOCK)
#define NO_FAMILY 0xffffffff

/*
 * When a filter is installed, the kernel runs it once for each call number, to
 * remember which are always allowed: 50 us with a list like this one, 43 with a
 * search tree. It gives that up at an instruction that it cannot foresee, such
 * as TAX, and then it takes 23 us; each call costs 20 ns more, and a session has
 * too few to make up for it.
 *
 * The x32 calls have numbers of their own, and so fit none.
 */
#define HEAD(at) \
	[at] = BPF_STMT(BPF_MISC | BPF_TAX, 0), \
	LOAD(FIELD(arch)), \
	JUMP_IF_EQUAL((at) + 2, ARCHITECTURE, (at) + 4, (at) + 3), \
	RETURN(SECCOMP_RET_KILL_PROCESS), \
	LOAD(FIELD(nr))
#define JUMP(name, target) \
	[CALL_##name] = JUMP_IF_EQUAL(CALL_##name, __NR_##name, target, \
	    CALL_##name + 1),

static const struct sock_filter filter[] = {
	HEAD(HANDOFF),
	HANDOFF_CALLS(JUMP)
	[OTHER_HANDOFF_CALLS] = BPF_STMT(BPF_JMP | BPF_JA,
	    PLAIN - OTHER_HANDOFF_CALLS - 1),

	/* As it is connected: no other protocol, which Landlock may not know. */
	[CHECK_SOCKET] = LOAD(LOW(0)),
	[SOCKET_FAMILY] = JUMP_IF_EQUAL(SOCKET_FAMILY, NO_FAMILY,
	    SOCKET_FAMILY + 1, KILL),
	LOAD(LOW(1)),
	JUMP_IF_EQUAL(CHECK_SOCKET + 3, STREAM_SOCKET, CHECK_SOCKET + 4, KILL),
	LOAD(LOW(2)),
	JUMP_IF_EQUAL(CHECK_SOCKET + 5, 0, ALLOW, KILL),
	[NEXT_HOP] = RETURN(SECCOMP_RET_KILL_PROCESS),
	[STARTER] = RETURN(SECCOMP_RET_KILL_PROCESS),

	HEAD(PLAIN),
	CALLS(JUMP)
	[OTHER_CALLS] = RETURN(SECCOMP_RET_KILL_PROCESS),

	/* No address: a datagram goes to the log and nowhere else. */
	[CHECK_SENDTO] = LOAD(LOW(4)),
	JUMP_IF_EQUAL(CHECK_SENDTO + 1, 0, CHECK_SENDTO + 2, KILL),
	LOAD(HIGH(4)),
	JUMP_IF_EQUAL(CHECK_SENDTO + 3, 0, ALLOW, KILL),

	[CHECK_FCNTL] = LOAD(LOW(1)),
	JUMP_IF_EQUAL(CHECK_FCNTL + 1, F_GETFL, ALLOW, CHECK_FCNTL + 2),
	JUMP_IF_EQUAL(CHECK_FCNTL + 2, F_SETFL, ALLOW, KILL),

	[CHECK_OPENAT] = LOAD(LOW(2)),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(unsigned)OPEN_ANYWAY),
	JUMP_IF_EQUAL(CHECK_OPENAT + 2, OPEN_NEW, ALLOW, CHECK_OPENAT + 3),
	JUMP_IF_EQUAL(CHECK_OPENAT + 3, OPEN_DIRECTORY, ALLOW, KILL),

	[CHECK_LINKAT] = LOAD(LOW(4)),
	JUMP_IF_EQUAL(CHECK_LINKAT + 1, 0, ALLOW, KILL),

	[CHECK_UNLINKAT] = LOAD(LOW(2)),
	JUMP_IF_EQUAL(CHECK_UNLINKAT + 1, 0, ALLOW, KILL),

	[KILL] = RETURN(SECCOMP_RET_KILL_PROCESS),
	[ALLOW] = RETURN(SECCOMP_RET_ALLOW),
};

static struct sock_fprog
program(const struct sock_filter *from, unsigned short length)
{
	/* The kernel only reads it. */
	return (struct sock_fprog){ length,
		(struct sock_filter *)(unsigned long)from };
}

struct sock_fprog
sandbox_filter_for(unsigned next_hop_family, bool receives_descriptors,
    struct sock_filter room[SANDBOX_FILTER_MAX])
{
	if (next_hop_family == 0 && !receives_descriptors)
		return program(filter + PLAIN, END - PLAIN);
	for (int i = 0; i < END; i++)
		room[i] = filter[i];
	if (next_hop_family != 0) {
		room[SOCKET_FAMILY].k = next_hop_family;
		room[NEXT_HOP].k = SECCOMP_RET_ALLOW;
	}
	if (receives_descriptors)
		room[STARTER].k = SECCOMP_RET_ALLOW;
	return program(room, END);
}
