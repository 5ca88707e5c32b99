/*
 * The application's side of UCSPI-TLS: a starter such as sslserver, told over a
 * control socket, does the handshake on the socket of the connection.
 */
#ifndef UCSPI_TLS_H
#define UCSPI_TLS_H

#include <stdbool.h>
#include <time.h>

#include "tls_terms.h"

/*
 * Asks for TLS, and waits until the starter tells what was agreed, which it
 * does after the handshake. What comes on input_fd is left there, even if that
 * is the control socket as well.
 * False with errno if that did not come to an end; ECONNRESET: the starter gave
 * up.
 */
bool ucspi_tls_start(int control_fd, int input_fd, struct tls_terms *,
    struct timespec deadline);

#endif
