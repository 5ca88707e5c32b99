/* The handler's first message: it gives away its client. */
#ifndef CLIENT_H
#define CLIENT_H

/*
 * Waits for one octet 'T' that comes with one descriptor, the client's socket.
 * Returns it, non-blocking, or -1 if the handler ended or sent anything else.
 */
int client_receive(int handler);

#endif
