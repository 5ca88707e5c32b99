#include "command.h"
#include "source.h"

enum status
command_check(const struct options *options, char **arguments)
{
	struct table table = { 0 };
	struct job job;
	enum status status;

	(void)options;
	job_start(&job, false);
	status = source_read(arguments[0], &job, &table);
	job_wipe(&job);
	table_free(&table);
	return status;
}
