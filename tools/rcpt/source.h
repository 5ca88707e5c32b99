/* The source of a recipient CDB: a text with one entry a line
 * (tarpit-recipients(5)). */
#ifndef SOURCE_H
#define SOURCE_H

#include "job.h"
#include "status.h"
#include "table.h"

/*
 * Reads a source, "-" for standard input, into an empty table. Domains get a
 * record of their own behind their first address. Every error is told on
 * stderr, as "name:line:column: what".
 * Returns STATUS_NO if there were any, and STATUS_TROUBLE if it could not be
 * read or a signal came.
 */
enum status source_read(const char *path, struct job *, struct table *);

#endif
