/*
 * What a process costs from its start to its end, as a server that starts one
 * for each connection pays it.
 *
 * Usage: spawn COUNT INPUT [PROGRAM [ARGUMENT]...]
 * Runs the program so many times with the file INPUT as its stdin; without
 * one, the processes end at once. They are nobody's, as those of a server would
 * be. Prints microseconds and page faults of one.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include "connection.h"
#include <fcntl.h>

#define NOBODY 65534

/* fork, as tcpserver does it. */
static void
run(const char *input, char **command)
{
	int fd;

	if (command[0] == NULL)
		_exit(0);
	fd = open(input, O_RDONLY);
	if (fd == -1 || dup2(fd, STDIN_FILENO) == -1 || close(fd) == -1)
		_exit(126);
	execv(command[0], command);
	_exit(127);
}

int
main(int argc, char **argv)
{
	struct rusage before, after;
	double begin;
	long count;
	int status;

	if (argc < 3 || (count = atol(argv[1])) < 1)
		errx(2, "usage: spawn COUNT INPUT [PROGRAM [ARGUMENT]...]");
	if (getuid() == 0 && (setgid(NOBODY) == -1 || setuid(NOBODY) == -1))
		err(1, "setuid");
	getrusage(RUSAGE_CHILDREN, &before);
	begin = seconds_now();
	for (long i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			run(argv[2], argv + 3);
		if (pid == -1 || waitpid(pid, &status, 0) != pid)
			err(1, "fork");
		if (status != 0)
			errx(1, "%s ended with status %#x",
			    argc > 3 ? argv[3] : "fork", (unsigned)status);
	}
	begin = seconds_now() - begin;
	getrusage(RUSAGE_CHILDREN, &after);
	printf("%.2f %.1f\n", begin * 1e6 / (double)count,
	    (double)(after.ru_minflt + after.ru_majflt - before.ru_minflt -
		before.ru_majflt) /
		(double)count);
	return 0;
}
