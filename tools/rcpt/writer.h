/* Writes a table as a CDB, and reads it back. */
#ifndef WRITER_H
#define WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "job.h"
#include "table.h"

/* Writes the records, in their order, to an empty file. False with errno, or
 * if a signal came. */
bool writer_write(int fd, const struct table *, struct job *);

/* Reads the file from its start and looks up every record in it as the server
 * does. False with a message, or if a signal came. */
bool writer_verify(int fd, const char *name, const struct table *, struct job *,
    uint32_t *octets);

#endif
