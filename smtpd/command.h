/* The verbs of RFC 5321, 4.1. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>

#include "reply.h"
#include "session.h"
#include "span.h"

/* Whether a line begins with a verb, be it done here or not. */
bool command_is_known(struct span line);

/* Does what a command line says.
 * Returns the answer, or NULL if the session ended meanwhile. */
const struct reply *command_run(struct session *, struct span line);

#endif
