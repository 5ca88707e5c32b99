#include "sandbox_filter.h"

/* The kernel's headers alone, so that the tests can make the filter of another
 * architecture, too. */
#include <linux/fcntl.h>

#include "sandbox_bpf.h"

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

/* What is added for a hand-off to a next hop or to a program, and for the local
 * sockets of TLS and authentication. */
#define MORE_CALLS(call) \
	call(socket, CHECK_SOCKET) \
	call(connect, CHECK_CONNECT) \
	call(sendmsg, CHECK_SENDMSG) \
	call(getsockopt, NEXT_HOP) \
	call(recvmsg, STARTER) \
	call(recvfrom, STARTER)

/*
 * The instructions by number, from which the jumps are counted: classic BPF
 * knows no labels. It only jumps forward, so the filter from PLAIN on is one of
 * its own, and that is what is installed when there is no more to allow.
 */
enum place {
	MORE,
	LAST_OF_MORE_HEAD = MORE + 4,
#define PLACE(name, target) CALL_##name,
	MORE_CALLS(PLACE)
	OTHER_MORE_CALLS,
	CHECK_SOCKET,
	CHECK_CONNECT = CHECK_SOCKET + 6,
	CONNECT_TLS,
	CONNECT_AUTH,
	NEXT_HOP,
	STARTER,
	CHECK_SENDMSG,
	SENDMSG_TLS,
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

/* How delivery opens: a directory, or a file that is not there yet. No file
 * that exists is opened, whoever it belongs to. */
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY)
#define OPEN_NEW (O_WRONLY | O_CREAT | O_EXCL)
#define OPEN_ANYWAY (O_CLOEXEC | O_NOFOLLOW | O_PATH | O_LARGEFILE)

/* <sys/socket.h>; no socket has the family, nor is one the descriptor. */
#define STREAM_SOCKET (1 | O_CLOEXEC | O_NONBLOCK)
#define NO_FAMILY 0xffffffff
#define NO_SOCKET 0xffffffff

static const struct sock_filter filter[] = {
	HEAD(MORE),
	MORE_CALLS(JUMP)
	[OTHER_MORE_CALLS] = BPF_STMT(BPF_JMP | BPF_JA,
	    PLAIN - OTHER_MORE_CALLS - 1),

	/* As it is connected: no other protocol, which Landlock may not know. */
	[CHECK_SOCKET] = LOAD(LOW(0)),
	[SOCKET_FAMILY] = JUMP_IF_EQUAL(SOCKET_FAMILY, NO_FAMILY,
	    SOCKET_FAMILY + 1, KILL),
	LOAD(LOW(1)),
	JUMP_IF_EQUAL(CHECK_SOCKET + 3, STREAM_SOCKET, CHECK_SOCKET + 4, KILL),
	LOAD(LOW(2)),
	JUMP_IF_EQUAL(CHECK_SOCKET + 5, 0, ALLOW, KILL),

	/* The client's own socket could be taken from it and connected by TCP to
	 * somebody else, so only those made for it are. */
	[CHECK_CONNECT] = LOAD(LOW(0)),
	[CONNECT_TLS] = JUMP_IF_EQUAL(CONNECT_TLS, NO_SOCKET, ALLOW,
	    CONNECT_AUTH),
	[CONNECT_AUTH] = JUMP_IF_EQUAL(CONNECT_AUTH, NO_SOCKET, ALLOW,
	    NEXT_HOP),
	[NEXT_HOP] = RETURN(SECCOMP_RET_KILL_PROCESS),
	[STARTER] = RETURN(SECCOMP_RET_KILL_PROCESS),

	/* What it sends, and where to, cannot be looked at from here. */
	[CHECK_SENDMSG] = LOAD(LOW(0)),
	[SENDMSG_TLS] = JUMP_IF_EQUAL(SENDMSG_TLS, NO_SOCKET, ALLOW, KILL),

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
sandbox_filter_for(const struct sandbox_filter_needs *needs,
    struct sock_filter room[SANDBOX_FILTER_MAX])
{
	if (needs->next_hop_family == 0 && !needs->receives_descriptors &&
	    needs->auth_socket == 0 && needs->tls_socket == 0)
		return program(filter + PLAIN, END - PLAIN);
	for (int i = 0; i < END; i++)
		room[i] = filter[i];
	if (needs->next_hop_family != 0) {
		room[SOCKET_FAMILY].k = needs->next_hop_family;
		room[NEXT_HOP].k = SECCOMP_RET_ALLOW;
	}
	if (needs->receives_descriptors)
		room[STARTER].k = SECCOMP_RET_ALLOW;
	if (needs->auth_socket != 0)
		room[CONNECT_AUTH].k = (unsigned)needs->auth_socket;
	if (needs->tls_socket != 0) {
		room[CONNECT_TLS].k = (unsigned)needs->tls_socket;
		room[SENDMSG_TLS].k = (unsigned)needs->tls_socket;
	}
	return program(room, END);
}
