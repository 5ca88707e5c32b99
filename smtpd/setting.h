/* What the text of a setting may be, and how it is shown again. Pure. */
#ifndef SETTING_H
#define SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "text.h"

struct setting;

struct setting_kind {
	/*
	 * Reads the text into the field, which it leaves alone if the text
	 * cannot be used.
	 * Returns NULL, or the reason; *position is then where in the text,
	 * from 1, or 0 if no place is to blame.
	 */
	const char *(*parse)(const struct setting *, const char *text,
	    void *field, size_t *position);

	/* Prints the field as it was understood. */
	void (*show)(const void *field, FILE *);
};

struct setting {
	const char *name;     /* of the variable */
	const char *standard; /* the default; NULL: unset */
	const struct setting_kind *kind;
	size_t offset;	  /* of the field in struct config */
	uint64_t minimum; /* of numbers and times (in seconds) */
	uint64_t maximum;
	const char *expected; /* the reason that an error gives */
};

/* The kinds, with the types of their fields. A text is kept as a pointer. */
extern const struct setting_kind setting_number;      /* uint64_t */
extern const struct setting_kind setting_time;	      /* struct timespec */
extern const struct setting_kind setting_switch;      /* bool */
extern const struct setting_kind setting_path;	      /* const char * */
extern const struct setting_kind setting_socket;      /* const char * */
extern const struct setting_kind setting_ports;	      /* const char * */
extern const struct setting_kind setting_delivery;    /* const char * */
extern const struct setting_kind setting_program;     /* const char * */
extern const struct setting_kind setting_ranges;      /* struct ranges */
extern const struct setting_kind setting_punctuation; /* const char * */
extern const struct setting_kind setting_suffix;      /* const char * */
/* char[CONFIG_HOSTNAME_MAX + 1] */
extern const struct setting_kind setting_hostname;

/* Whether a port is in a text that setting_ports took. */
bool setting_has_port(const char *ports, unsigned port);

/* For a kind: the place and the reason of an error. An empty text has no
 * places. */
const char *setting_wrong_at(const struct setting *, const char *text,
    const char *at, size_t *position);

void setting_print(const struct text *, FILE *);

/* Prints a text that may hold anything as printable ASCII. */
void setting_print_escaped(const char *text, FILE *);

#endif
