/* The part of the sandbox that Landlock does: files and TCP ports. */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

#include <stdbool.h>

#include "sandbox.h"

/* The version of the kernel's interface; 0 if it has none that lets mail be
 * linked from one directory to another, -1 with errno if it is refused. */
int sandbox_landlock_abi(void);

/* Needs no_new_privs. Returns false with errno if the kernel refuses it. */
bool sandbox_landlock_enter(int abi, const struct sandbox_needs *);

#endif
