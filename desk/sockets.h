/* sockets.h - what everybody does who listens at a socket. */
#ifndef MUNIMENT_DESK_SOCKETS_H
#define MUNIMENT_DESK_SOCKETS_H

#include <stdbool.h>

struct sockaddr;

/* Whether an address, of IPv4 or IPv6, is this host's own: others do not reach it. */
bool socket_is_loopback(const struct sockaddr *address);

/* A descriptor that is kept for socket_shed. */
int socket_spare(int listening);

/* To be called when accept has failed: if it did because there are no descriptors, the connection still waits, and
 * would wake its listener again and again. The spare one is given up for it, and it is closed. */
void socket_shed(int listening, int *spare);

#endif
