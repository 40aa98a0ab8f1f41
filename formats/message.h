/* message.h - messages through Unix sockets, with open descriptors beside them (unix(7), SCM_RIGHTS). */
#ifndef MUNIMENT_MESSAGE_H
#define MUNIMENT_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define MESSAGE_DESCRIPTORS 128u /* at most */

/* Sends the parts as one message, with `count` descriptors, which stay the caller's. flags as send's; there is no
 * SIGPIPE. Returns what sendmsg returns. */
ssize_t message_send(int socket, const struct iovec *parts, size_t part_count, const int *descriptors, size_t count,
                     int flags);

/* Receives one message of at most `size` bytes. On entry *count is the room for descriptors; on return how many came,
 * which are the caller's and close on exec. Those for which there is no room are closed. A signal does not end it.
 * Returns what recvmsg returns. */
ssize_t message_receive(int socket, void *bytes, size_t size, int *descriptors, size_t *count, int flags);

#endif
