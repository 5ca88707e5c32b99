#include "filter.h"

#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/tcp.h>

#include "sandbox_bpf.h"

/* <netinet/in.h> */
#define LEVEL_TCP 6

/* clang-format off */
/*
 * Each call and where the filter goes with it: to ALLOW, or to the check of
 * its arguments. Only recvmsg makes a descriptor, and it takes what is sent.
 */
#define CALLS(call) \
	/* The handler and the client. */ \
	call(ppoll, ALLOW) \
	call(read, ALLOW) \
	call(write, ALLOW) \
	call(recvmsg, ALLOW) \
	call(shutdown, ALLOW) \
	call(fcntl, CHECK_FCNTL) \
	call(setsockopt, CHECK_SETSOCKOPT) \
	POLL(call) \
	/* malloc */ \
	call(brk, ALLOW) \
	call(madvise, ALLOW) \
	call(mmap, CHECK_MMAP) \
	call(mremap, ALLOW) \
	call(munmap, ALLOW) \
	/* The library. */ \
	call(futex, ALLOW) /* what is done once */ \
	call(getpid, ALLOW) /* whether it was forked */ \
	call(getrandom, ALLOW) \
	call(clock_gettime, ALLOW) /* where the vDSO does not do it */ \
	call(exit_group, ALLOW)

/* The instructions by number, from which the jumps are counted. */
enum place {
	FIRST,
	LAST_OF_HEAD = FIRST + 4,
#define PLACE(name, target) CALL_##name,
	CALLS(PLACE)
#undef PLACE
	OTHER_CALLS,
	CHECK_FCNTL,
	CHECK_SETSOCKOPT = CHECK_FCNTL + 3,
	CHECK_MMAP = CHECK_SETSOCKOPT + 5,
	KILL = CHECK_MMAP + 4,
	ALLOW,
	END,
};

#define MEMORY_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS)

static const struct sock_filter filter[] = {
	HEAD(FIRST),
	CALLS(JUMP)
	[OTHER_CALLS] = RETURN(SECCOMP_RET_KILL_PROCESS),

	[CHECK_FCNTL] = LOAD(LOW(1)),
	JUMP_IF_EQUAL(CHECK_FCNTL + 1, F_GETFL, ALLOW, CHECK_FCNTL + 2),
	JUMP_IF_EQUAL(CHECK_FCNTL + 2, F_SETFL, ALLOW, KILL),

	[CHECK_SETSOCKOPT] = LOAD(LOW(1)),
	JUMP_IF_EQUAL(CHECK_SETSOCKOPT + 1, LEVEL_TCP, CHECK_SETSOCKOPT + 2,
	    KILL),
	LOAD(LOW(2)),
	JUMP_IF_EQUAL(CHECK_SETSOCKOPT + 3, TCP_NODELAY, ALLOW,
	    CHECK_SETSOCKOPT + 4),
	JUMP_IF_EQUAL(CHECK_SETSOCKOPT + 4, TCP_QUICKACK, ALLOW, KILL),

	/* Memory that never was and never will be executable. */
	[CHECK_MMAP] = LOAD(LOW(2)),
	JUMP_IF_EQUAL(CHECK_MMAP + 1, PROT_READ | PROT_WRITE, CHECK_MMAP + 2,
	    KILL),
	LOAD(LOW(3)),
	JUMP_IF_EQUAL(CHECK_MMAP + 3, MEMORY_FLAGS, ALLOW, KILL),

	[KILL] = RETURN(SECCOMP_RET_KILL_PROCESS),
	[ALLOW] = RETURN(SECCOMP_RET_ALLOW),
};
/* clang-format on */

/* The kernel only reads it. */
const struct sock_fprog filter_program = { END,
	(struct sock_filter *)(unsigned long)filter };
