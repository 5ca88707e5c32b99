/* What went wrong in the TLS library, in words. */
#ifndef PROBLEM_H
#define PROBLEM_H

/* The oldest error that the library noted, which is the cause of the others, or
 * otherwise if it noted none. Forgets them all. The text stays. */
const char *problem_text(const char *otherwise);

#endif
