#include <stdio.h>

#include "command.h"
#include "comparison.h"
#include "image.h"
#include "source.h"

enum status
command_diff(const struct options *options, char **arguments)
{
	struct image old = { 0 };
	struct table new = { 0 };
	struct comparison c = { 0 };
	struct job job;
	enum status status;

	(void)options;
	job_start(&job, false);
	status = image_load(&old, arguments[0], &job);
	/* An error in the source is trouble here: it is no difference. */
	if (status == STATUS_OK &&
	    source_read(arguments[1], &job, &new) != STATUS_OK)
		status = STATUS_TROUBLE;
	job_wipe(&job);
	if (status == STATUS_OK)
		comparison_make(&c, &old, &new, &job, stdout);
	if (c.added > 0 || c.removed > 0 || c.changed > 0)
		status = STATUS_NO;
	image_free(&old);
	table_free(&new);
	return status;
}
