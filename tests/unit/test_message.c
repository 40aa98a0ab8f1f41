/* test_message.c - messages with descriptors beside them (formats/message.h). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/message.h"

static unsigned open_descriptors(void)
{
    unsigned count = 0;

    for (int i = 0; i < 256; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

/* Sends "abc" in two parts with so many descriptors, and receives with room for so many. */
static size_t exchange(size_t sent, size_t room, int *received)
{
    const struct iovec parts[] = {{"a", 1}, {"bc", 2}};
    int ends[2], files[MESSAGE_DESCRIPTORS], pipe_ends[2];
    char text[8] = "";

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_int_equal(pipe(pipe_ends), 0);
    for (size_t i = 0; i < sent; i++)
        files[i] = pipe_ends[1];
    assert_int_equal(message_send(ends[0], parts, 2, files, sent, 0), 3);
    assert_int_equal(message_receive(ends[1], text, sizeof text, received, &room, 0), 3);
    assert_string_equal(text, "abc");
    for (size_t i = 0; i < room; i++) { /* they are what was sent, and close on exec */
        assert_int_equal(fcntl(received[i], F_GETFD), FD_CLOEXEC);
        assert_int_equal(write(received[i], "x", 1), 1);
        assert_int_equal(read(pipe_ends[0], text, 1), 1);
        close(received[i]);
    }
    for (unsigned i = 0; i < 2; i++)
        close(ends[i]), close(pipe_ends[i]);
    return room;
}

static void descriptors_come_as_far_as_there_is_room_and_the_rest_is_closed(void **state)
{
    static const size_t cases[][2] = {{0, 0}, {0, 1}, {1, 1}, {1, 0},
                                      {2, 1}, {3, 2}, {5, 8}, {MESSAGE_DESCRIPTORS, 101}};
    int received[MESSAGE_DESCRIPTORS];
    unsigned before = open_descriptors();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t least = cases[i][0] < cases[i][1] ? cases[i][0] : cases[i][1];
        assert_int_equal(exchange(cases[i][0], cases[i][1], received), least);
        assert_int_equal(open_descriptors(), before);
    }
}

static void more_than_there_may_be_are_not_sent(void **state)
{
    static const int files[MESSAGE_DESCRIPTORS + 1];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_int_equal(message_send(ends[0], &(struct iovec){"a", 1}, 1, files, MESSAGE_DESCRIPTORS + 1, 0), -1);
    assert_int_equal(errno, EINVAL);
    close(ends[0]);
    char byte;
    size_t room = 0;
    assert_int_equal(message_receive(ends[1], &byte, 1, NULL, &room, 0), 0); /* the other end is gone */
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_come_as_far_as_there_is_room_and_the_rest_is_closed),
        cmocka_unit_test(more_than_there_may_be_are_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
