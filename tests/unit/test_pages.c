/* test_pages.c - facts about a session's questions for chunks (desk/pages.h): the test is the storage process. Answers
 * lie at the socket before the questions, as answers to earlier ones may. */
#define _GNU_SOURCE /* memfd_create */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "archive_sample.h"
#include "desk/pages.h"
#include "formats/message.h"

#define PAGES_SIZE (65536u + 64 * CHUNK_SIZE) /* a map, and all chunks of the floppy */

static struct sample sample;

struct sides {
    int ours, theirs, pages;
    struct pages of;
    struct archive *archive;
};

static void begin(struct sides *s)
{
    struct pages_offer head = {.why = {.status = STATUS_OK}, .files = 1, .pages = true};
    char name[] = "small.mun";
    struct iovec parts[] = {{&head, sizeof head}, {name, sizeof name}};
    int ends[2], files[2];
    struct error error;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    s->ours = ends[0];
    s->theirs = ends[1];
    files[0] = open(sample_path(&sample, "small.mun"), O_RDONLY | O_CLOEXEC);
    files[1] = s->pages = memfd_create("pages", MFD_CLOEXEC);
    assert_true(files[0] >= 0 && files[1] >= 0 && ftruncate(s->pages, PAGES_SIZE) == 0);
    assert_true(message_send(s->ours, parts, 2, files, 2, 0) > 0);
    close(files[0]);
    assert_true(pages_receive(s->theirs, &s->of, &error));
    assert_null(s->of.archive); /* nothing of it was read yet */
    s->archive = pages_open(&s->of, &error);
    assert_non_null(s->archive);
}

static void end(struct sides *s)
{
    archive_close(s->archive);
    close(s->pages);
    close(s->ours);
    close(s->theirs);
}

static void answer(struct sides *s, uint64_t chunk, int kind)
{
    struct pages_message m = {.chunk = chunk};

    m.kind = kind;
    assert_int_equal(write(s->ours, &m, sizeof m), sizeof m);
}

/* Reads a chunk, which is that of the image; returns whether it was asked for. */
static bool asks(struct sides *s, uint64_t chunk)
{
    struct pages_message m;
    size_t size;
    uint8_t *image = read_file(sample_path(&sample, "fd0.raw"), &size);
    const uint8_t *bytes = archive_chunk(s->archive, DRIVE_FD0, chunk);

    assert_non_null(bytes);
    assert_memory_equal(bytes, image + chunk * CHUNK_SIZE, CHUNK_SIZE);
    free(image);
    return recv(s->ours, &m, sizeof m, MSG_DONTWAIT) == sizeof m && m.kind == PAGES_ASK && m.chunk == chunk;
}

static void a_chunk_that_is_there_is_taken_without_a_question(void **state)
{
    uint8_t image[CHUNK_SIZE], there = 1;
    struct sides s;

    (void)state;
    begin(&s);
    int file = open(sample_path(&sample, "fd0.raw"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(file, image, CHUNK_SIZE, CHUNK_SIZE), CHUNK_SIZE);
    close(file);
    assert_int_equal(pwrite(s.pages, image, CHUNK_SIZE, (off_t)pages_place(s.archive, 1)), CHUNK_SIZE);
    assert_int_equal(pwrite(s.pages, &there, 1, 1), 1);
    assert_false(asks(&s, 1));
    end(&s);
}

static void without_an_answer_it_rests_and_reads_for_itself(void **state)
{
    struct sides s;

    (void)state;
    begin(&s);
    assert_true(asks(&s, 0));
    assert_false(asks(&s, 1));
    s.of.asks_from = 0;
    assert_true(asks(&s, 2));
    end(&s);
}

static void where_there_was_no_room_it_asks_again_after_a_while(void **state)
{
    struct sides s;

    (void)state;
    begin(&s);
    answer(&s, 0, PAGES_FULL);
    assert_true(asks(&s, 0));
    assert_false(asks(&s, 1)); /* no question for each chunk */
    assert_true(s.of.asks_from > 0);
    s.of.asks_from = 0; /* the while has passed */
    answer(&s, 2, PAGES_NONE);
    assert_true(asks(&s, 2));
    answer(&s, 3, PAGES_NONE);
    assert_true(asks(&s, 3));
    end(&s);
}

static void a_storage_process_that_is_gone_is_asked_no_more(void **state)
{
    struct sides s;

    (void)state;
    begin(&s);
    close(s.ours);
    signal(SIGPIPE, SIG_IGN);
    assert_false(asks(&s, 0));
    assert_false(s.of.asks);
    s.ours = -1;
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_that_is_there_is_taken_without_a_question),
        cmocka_unit_test(without_an_answer_it_rests_and_reads_for_itself),
        cmocka_unit_test(where_there_was_no_room_it_asks_again_after_a_while),
        cmocka_unit_test(a_storage_process_that_is_gone_is_asked_no_more),
    };
    int failed;

    sample_make(&sample);
    sample_seal(&sample, "machine.yaml", "small.mun");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    sample_remove(&sample);
    return failed;
}
