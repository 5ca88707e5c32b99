#include "sandbox_filter.h"

#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/fcntl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
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
	call(fstat, ALLOW) \
	call(openat, CHECK_OPENAT) \
	call(fsync, ALLOW) \
	call(sync_file_range, ALLOW) \
	call(linkat, CHECK_LINKAT) \
	call(unlinkat, CHECK_UNLINKAT) \
	call(mkdirat, ALLOW) \
	call(close, ALLOW) \
	/* The next hop, and the program that is started. */ \
	call(socket, CHECK_SOCKET) \
	call(connect, CHECK_NEXT_HOP) \
	call(getsockopt, CHECK_NEXT_HOP) \
	call(recvmsg, CHECK_STARTER) \
	call(recvfrom, CHECK_STARTER) \
	call(exit_group, ALLOW)

/*
 * The instructions by number, from which the jumps are counted: classic BPF
 * knows no labels. It only jumps forward.
 */
enum place {
	TO_X,
	CHECK_ARCHITECTURE = TO_X + 2,
	LAST_BEFORE_CALLS = CHECK_ARCHITECTURE + 2,
#define PLACE(name, target) CALL_##name,
	CALLS(PLACE)
#undef PLACE
	OTHER_CALLS,
	CHECK_SENDTO,
	CHECK_FCNTL = CHECK_SENDTO + 4,
	CHECK_OPENAT = CHECK_FCNTL + 3,
	CHECK_LINKAT = CHECK_OPENAT + 4,
	CHECK_UNLINKAT = CHECK_LINKAT + 2,
	CHECK_SOCKET = CHECK_UNLINKAT + 2,
	CHECK_NEXT_HOP = CHECK_SOCKET + 6,
	CHECK_STARTER = CHECK_NEXT_HOP + 2,
	KILL = CHECK_STARTER + 2,
	ALLOW,
	PLACES,
	SOCKET_FAMILY = CHECK_SOCKET + 1,
};

_Static_assert(PLACES <= SANDBOX_FILTER_MAX, "there is room for a copy");

/* No socket has it. */
#define NO_FAMILY 0xffffffff

enum { CLOSED, OPENED };

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
#define CONSTANT(value) BPF_STMT(BPF_LD | BPF_W | BPF_IMM, (value))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))

/* How delivery opens: a directory, or a file that is not there yet. No file
 * that exists is opened, whoever it belongs to. */
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY)
#define OPEN_NEW (O_WRONLY | O_CREAT | O_EXCL)
#define OPEN_ANYWAY (O_CLOEXEC | O_NOFOLLOW | O_PATH | O_LARGEFILE)

const struct sock_filter sandbox_filter[] = {
	/*
	 * When a filter is installed, the kernel runs it once for each call
	 * number, to remember which are always allowed: 50 us with this list,
	 * 43 with a search tree. It gives that up at an instruction that it
	 * cannot foresee, such as TAX, and then it takes 23 us; each call costs
	 * 20 ns more, and a session has too few to make up for it.
	 */
	[TO_X] = BPF_STMT(BPF_MISC | BPF_TAX, 0),
	LOAD(FIELD(arch)),
	[CHECK_ARCHITECTURE] = JUMP_IF_EQUAL(CHECK_ARCHITECTURE, ARCHITECTURE,
	    CHECK_ARCHITECTURE + 2, CHECK_ARCHITECTURE + 1),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	/* The x32 calls have numbers of their own, and so fit none. */
	[LAST_BEFORE_CALLS] = LOAD(FIELD(nr)),

#define JUMP(name, target) \
	[CALL_##name] = JUMP_IF_EQUAL(CALL_##name, __NR_##name, target, \
	    CALL_##name + 1),
	CALLS(JUMP)
#undef JUMP
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

	/* What sandbox_filter_for opens if the hand-off needs it. */
	[CHECK_SOCKET] = LOAD(LOW(0)),
	[SOCKET_FAMILY] = JUMP_IF_EQUAL(SOCKET_FAMILY, NO_FAMILY,
	    SOCKET_FAMILY + 1, KILL),
	LOAD(LOW(1)),
	JUMP_IF_EQUAL(CHECK_SOCKET + 3, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, CHECK_SOCKET + 4, KILL),
	/* TCP, which Landlock knows, and no relative of it. */
	LOAD(LOW(2)),
	JUMP_IF_EQUAL(CHECK_SOCKET + 5, 0, ALLOW, KILL),

	[CHECK_NEXT_HOP] = CONSTANT(CLOSED),
	JUMP_IF_EQUAL(CHECK_NEXT_HOP + 1, OPENED, ALLOW, KILL),

	[CHECK_STARTER] = CONSTANT(CLOSED),
	JUMP_IF_EQUAL(CHECK_STARTER + 1, OPENED, ALLOW, KILL),

	[KILL] = RETURN(SECCOMP_RET_KILL_PROCESS),
	[ALLOW] = RETURN(SECCOMP_RET_ALLOW),
};

const unsigned short sandbox_filter_length =
    sizeof(sandbox_filter) / sizeof(sandbox_filter[0]);

const struct sock_filter *
sandbox_filter_for(const struct sandbox_needs *needs,
    struct sock_filter room[SANDBOX_FILTER_MAX])
{
	if (needs->next_hop == NULL && !needs->receives_descriptors)
		return sandbox_filter;
	memcpy(room, sandbox_filter, sizeof(sandbox_filter));
	if (needs->next_hop != NULL) {
		room[SOCKET_FAMILY].k = needs->next_hop->sa_family;
		room[CHECK_NEXT_HOP].k = OPENED;
	}
	if (needs->receives_descriptors)
		room[CHECK_STARTER].k = OPENED;
	return room;
}
