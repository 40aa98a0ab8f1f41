/* sockets.c - see sockets.h. */
#define _GNU_SOURCE /* accept4 */
#include "desk/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

bool socket_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

int socket_spare(int listening)
{
    return fcntl(listening, F_DUPFD_CLOEXEC, 0);
}

void socket_shed(int listening, int *spare)
{
    int connection;

    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
        return;
    if (*spare >= 0)
        close(*spare);
    connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    if (connection >= 0)
        close(connection);
    *spare = socket_spare(listening);
}
