/* message.c - see message.h. */
#define _GNU_SOURCE /* MSG_CMSG_CLOEXEC */
#include "formats/message.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union rights {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(MESSAGE_DESCRIPTORS * sizeof(int))];
};

ssize_t message_send(int socket, const struct iovec *parts, size_t part_count, const int *descriptors, size_t count,
                     int flags)
{
    union rights rights;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = part_count};

    if (count > MESSAGE_DESCRIPTORS) {
        errno = EINVAL;
        return -1;
    }
    if (count) {
        memset(&rights, 0, sizeof rights);
        message.msg_control = rights.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        rights.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&rights.header), descriptors, count * sizeof(int));
    }
    return sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

ssize_t message_receive(int socket, void *bytes, size_t size, int *descriptors, size_t *count, int flags)
{
    const size_t room = *count < MESSAGE_DESCRIPTORS ? *count : MESSAGE_DESCRIPTORS;
    union rights rights;
    struct iovec part = {bytes, size};
    struct msghdr message;
    ssize_t got;

    do {
        message = (struct msghdr){.msg_iov = &part,
                                  .msg_iovlen = 1,
                                  .msg_control = rights.bytes,
                                  .msg_controllen = CMSG_SPACE(room * sizeof(int))};
        got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    *count = 0;
    for (struct cmsghdr *c = got < 0 ? NULL : CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
        for (size_t at = CMSG_LEN(0); c->cmsg_type == SCM_RIGHTS && at + sizeof(int) <= c->cmsg_len;
             at += sizeof(int)) {
            int descriptor;
            memcpy(&descriptor, (char *)c + at, sizeof descriptor);
            if (*count < room)
                descriptors[(*count)++] = descriptor;
            else
                close(descriptor); /* the space of a message is rounded up */
        }
    return got;
}
