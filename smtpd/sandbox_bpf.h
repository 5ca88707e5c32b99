/*
 * What seccomp filters are written with: one instruction for each call, as an
 * array that the compiler makes. Places in it are named by an enum, as classic
 * BPF knows no labels; the one of the call NAME is CALL_NAME.
 */
#ifndef SANDBOX_BPF_H
#define SANDBOX_BPF_H

#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
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

/* clang-format off */
/* Only x86-64 has it; elsewhere libc makes ppoll of it. */
#ifdef __NR_poll
#define POLL(call) call(poll, ALLOW)
#else
#define POLL(call)
#endif

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
/* clang-format on */

#endif
