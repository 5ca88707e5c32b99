/* tarpit-rcpt(8): makes and reads the recipient CDB. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rcpt/command.h"

/* What SMTPD_SUBADDRESS is unless it is set. */
#define DEFAULT_SUBADDRESS "+"
#define ANY_NUMBER 32767

static const struct command {
	const char *name;
	const char *usage;
	enum status (*run)(const struct options *, char **arguments);
	int least; /* arguments */
	int most;
	const char *options; /* the letters that it takes */
} commands[] = {
	{ "build", "build [--force] SOURCE CDB", command_build, 2, 2, "f" },
	{ "check", "check SOURCE", command_check, 1, 1, "" },
	{ "query", "query [-s CHARACTERS] CDB ADDRESS...", command_query, 2,
	    ANY_NUMBER, "s" },
	{ "dump", "dump CDB", command_dump, 1, 1, "" },
	{ "diff", "diff CDB SOURCE", command_diff, 2, 2, "" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
print_usage(FILE *to)
{
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "%s tarpit-rcpt %s\n", i == 0 ? "usage:" : "      ",
		    commands[i].usage);
}

static _Noreturn void
wrong_usage(void)
{
	print_usage(stderr);
	exit(STATUS_TROUBLE);
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	warnx("no such command: %s", name);
	wrong_usage();
}

static void
parse_options(const struct command *c, int argc, char **argv,
    struct options *options)
{
	static const struct option names[] = {
		{ "force", no_argument, NULL, 'f' },
		{ "subaddress", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "fs:", names, NULL)) != -1) {
		if (strchr(c->options, letter) == NULL)
			wrong_usage();
		if (letter == 'f')
			options->force = true;
		else
			options->subaddress = optarg;
	}
}

int
main(int argc, char **argv)
{
	struct options options = { .subaddress = DEFAULT_SUBADDRESS };
	const struct command *c;
	enum status status;

	if (argc < 2)
		wrong_usage();
	if (strcmp(argv[1], "--help") == 0) {
		print_usage(stdout);
		return STATUS_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("tarpit-rcpt " VERSION);
		return STATUS_OK;
	}
	c = find_command(argv[1]);
	optind = 2;
	parse_options(c, argc, argv, &options);
	if (argc - optind < c->least || argc - optind > c->most)
		wrong_usage();
	status = c->run(&options, argv + optind);
	if (fflush(stdout) != 0 || ferror(stdout))
		err(STATUS_TROUBLE, "standard output");
	return (int)status;
}
