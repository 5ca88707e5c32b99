/*
 * What the process does not need, the kernel refuses it, from before the first
 * octet of input. Only what an already open descriptor allows goes on.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "sandbox_filter.h"

struct sandbox_needs {
	int maildir_root;      /* directory below which mail is written; -1 */
	uint64_t message_size; /* largest message to be written; 0: any */
	uint64_t memory;       /* address space in octets */
	const struct sockaddr *next_hop; /* that may be connected to; NULL */
	struct sandbox_filter_needs calls;
};

/* Closes what the starter left open beside stdin, stdout and stderr, and beside
 * what is to be kept, in any order, which no program gets that is started
 * later. Comes before anything of our own is opened. */
void sandbox_close_inherited(void);
void sandbox_close_inherited_but(const int *kept, size_t count);

/*
 * Limits (no core, no processes, few files, bounded memory), no_new_privs, no
 * capabilities, Landlock as far as the kernel has it, the seccomp filter
 * (NULL: none).
 * Returns NULL, or the name of the step that the kernel has and refused, with
 * errno; the process must then end. *without_landlock tells that the kernel
 * has none, or only the first version, which forbids what delivery needs.
 */
const char *sandbox_enter(const struct sandbox_needs *,
    const struct sock_fprog *filter, bool *without_landlock);

/* Prints what would be in force here as one comment line. */
void sandbox_show(bool seccomp, FILE *);

#endif
