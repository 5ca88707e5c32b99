/* The commands of tarpit-rcpt(8). The options are parsed, the number of
 * arguments is right. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>

#include "status.h"

struct options {
	bool force;		/* --force */
	const char *subaddress; /* -s */
};

enum status command_build(const struct options *, char **arguments);
enum status command_check(const struct options *, char **arguments);
enum status command_query(const struct options *, char **arguments);
enum status command_dump(const struct options *, char **arguments);
enum status command_diff(const struct options *, char **arguments);

#endif
