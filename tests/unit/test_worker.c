/* test_worker.c - an image that a process of its own reads (formats/images/worker.h) reads as one that is read here,
 * and what ends its reader is reported. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "desk/jail.h"
#include "formats/error.h"
#include "formats/images/images.h"
#include "formats/images/worker.h"

enum { SECTORS = 5000, LEFT_OUT = 100 };

static char path[] = "/tmp/muniment-worker-XXXXXX";
static struct {
    pid_t process;
    int descriptors; /* that the process has besides standard ones */
} * seen;

static bool look_around(struct error *error)
{
    (void)error;
    for (int i = 3; i < 256; i++)
        seen->descriptors += lseek(i, 0, SEEK_CUR) >= 0;
    return true;
}

static bool refuse(struct error *error)
{
    return error_set(error, STATUS_HOST, "jail", NULL, NULL, "is not locked");
}

static bool die(struct error *error)
{
    (void)error;
    raise(SIGKILL);
    return true;
}

static bool show_itself(struct error *error)
{
    (void)error;
    seen->process = getpid();
    return true;
}

static void make_image(void)
{
    int descriptor = mkstemp(path);
    uint8_t sector[SECTOR_SIZE];

    assert_true(descriptor >= 0);
    for (int i = 0; i < SECTORS; i++) {
        memset(sector, i * 7 + 1, sizeof sector);
        if (i < 2000 || i >= 2000 + LEFT_OUT * 8)
            assert_int_equal(pwrite(descriptor, sector, sizeof sector, (off_t)i * SECTOR_SIZE), SECTOR_SIZE);
    }
    assert_int_equal(ftruncate(descriptor, SECTORS * SECTOR_SIZE - 100), 0);
    close(descriptor);
}

static void it_reads_as_one_that_is_read_here(void **state)
{
    const struct image_request apart = {.lock_in = look_around};
    static uint8_t here[SECTORS * SECTOR_SIZE], there[SECTORS * SECTOR_SIZE];
    struct image_info info, other;
    struct block disk, direct;
    struct error error;
    uint32_t done;

    (void)state;
    assert_true(image_open(path, &apart, &disk, &info, &error));
    assert_true(image_open(path, NULL, &direct, &other, &error));
    assert_int_equal(seen->descriptors, 0);
    assert_int_equal(disk.sectors, direct.sectors);
    assert_int_equal(image_size(&disk), SECTORS * SECTOR_SIZE - 100);
    assert_string_equal(info.format, other.format);
    assert_string_equal(info.title, other.title);
    assert_int_equal(info.padding, other.padding);
    assert_int_equal(info.file_count, other.file_count);
    assert_memory_equal(info.files, other.files, other.file_count * sizeof *other.files);
    assert_int_equal(disk.read(disk.context, 0, SECTORS, there, &done), BLOCK_OK);
    assert_int_equal(done, SECTORS);
    assert_int_equal(direct.read(direct.context, 0, SECTORS, here, &done), BLOCK_OK);
    assert_memory_equal(here, there, sizeof here);
    for (uint64_t sector = 1990; sector < 2900; sector += 13)
        assert_int_equal(disk.zeros(disk.context, sector), direct.zeros(direct.context, sector));
    assert_true(image_file_read(&disk, 0, 1000, there, 1500000, &error));
    assert_memory_equal(here + 1000, there, 1500000);
    assert_false(image_file_read(&disk, 0, SECTORS * SECTOR_SIZE, there, 1, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    assert_false(image_file_read(&disk, 1, 0, there, 1, &error));
    assert_true(image_unchanged(&disk, &error));
    assert_int_equal(truncate(path, SECTORS * SECTOR_SIZE - 90), 0);
    assert_false(image_unchanged(&disk, &error));
    assert_int_equal(truncate(path, SECTORS * SECTOR_SIZE - 100), 0);
    disk.close(disk.context);
    direct.close(direct.context);
    image_info_free(&info);
    image_info_free(&other);
}

/* Reads the disk in pieces of no regular length, and says whether it is what was written. */
static bool reads_right(struct block *disk, unsigned seed, unsigned times)
{
    static uint8_t bytes[64 * SECTOR_SIZE];

    for (unsigned i = 0; i < times; i++) {
        uint64_t at = (seed = seed * 1103515245 + 12345) % (SECTORS - 100);
        uint32_t count = 1 + seed / 7 % 64, done;

        if (i % 3)
            at = i * 64 % (SECTORS - 100);
        if (disk->read(disk->context, at, count, bytes, &done) != BLOCK_OK || done != count)
            return false;
        for (uint32_t n = 0; n < count; n++) {
            bool hole = at + n >= 2000 && at + n < 2000 + LEFT_OUT * 8;
            if (bytes[n * SECTOR_SIZE + 7] != (hole ? 0 : (uint8_t)((at + n) * 7 + 1)))
                return false;
        }
    }
    return true;
}

/* One of them is killed at any moment. */
static void processes_that_were_begun_read_it_too(void **state)
{
    const struct image_request request = {.lock_in = show_itself};
    pid_t children[6];
    struct block disk;
    struct error error;

    (void)state;
    assert_true(image_open(path, &request, &disk, NULL, &error));
    for (unsigned i = 0; i < 6; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(reads_right(&disk, i, i % 2 ? UINT32_MAX : 3000) ? 0 : 1);
    }
    assert_true(reads_right(&disk, 99, 3000));
    for (unsigned i = 0; i < 6; i++) {
        int status;
        if (i % 2)
            kill(children[i], SIGKILL);
        assert_true(waitpid(children[i], &status, 0) == children[i]);
        assert_true(i % 2 ? WIFSIGNALED(status) : status == 0);
        assert_true(reads_right(&disk, i, 100));
    }
    disk.close(disk.context);
}

static void what_cannot_be_opened_is_reported(void **state)
{
    const struct image_request request = {.lock_in = look_around, .format = "qcow2"};
    struct block disk;
    struct error error;

    (void)state;
    assert_false(image_open("/tmp/muniment-worker-none", &request, &disk, NULL, &error));
    assert_string_equal(error.object, "/tmp/muniment-worker-none");
    assert_false(image_open(path, &request, &disk, NULL, &error));
    assert_int_equal(error.status, STATUS_INPUT);
}

static void a_process_that_cannot_be_locked_in_reads_nothing(void **state)
{
    const struct image_request request = {.lock_in = refuse};
    struct block disk;
    struct error error;

    (void)state;
    assert_false(image_open(path, &request, &disk, NULL, &error));
    assert_int_equal(error.status, STATUS_HOST);
    assert_string_equal(error.what, "is not locked");
}

static void what_ends_the_reader_is_reported(void **state)
{
    const struct image_request request = {.lock_in = die}, soon = {.lock_in = show_itself};
    static uint8_t sector[SECTOR_SIZE];
    struct block disk;
    struct error error;
    uint32_t done;

    (void)state;
    assert_false(image_open(path, &request, &disk, NULL, &error));
    assert_int_equal(error.status, STATUS_HOST); /* the image is not to blame: nothing in the jail sends that */
    assert_string_equal(error.what, "its reader was killed");
    assert_true(image_open(path, &soon, &disk, NULL, &error));
    assert_int_equal(disk.read(disk.context, 0, 1, sector, &done), BLOCK_OK);
    kill(seen->process, SIGTRAP);
    assert_int_equal(disk.read(disk.context, 1, 1, sector, &done), BLOCK_OK); /* it was read with the one before */
    assert_int_equal(disk.read(disk.context, SECTORS - 1, 1, sector, &done), BLOCK_FAILED);
    assert_non_null(strstr(disk.failure(disk.context)->what, "signal 5"));
    assert_int_equal(disk.read(disk.context, 0, 1, sector, &done), BLOCK_FAILED);
    assert_int_equal(disk.zeros(disk.context, 0), 0);
    assert_true(image_unchanged(&disk, &error));
    disk.close(disk.context);
}

/* A customer that is locked in itself reports it as well, though it can wait for no process. */
static void what_ends_the_reader_is_reported_by_another_customer(void **state)
{
    const struct image_request request = {.lock_in = show_itself};
    static uint8_t sector[SECTOR_SIZE];
    struct block disk;
    struct error error;
    uint32_t done;
    int status;

    (void)state;
    assert_true(image_open(path, &request, &disk, NULL, &error));
    kill(seen->process, SIGTRAP);
    pid_t child = fork();
    if (child == 0) {
        if (!jail_enter(JAIL_READER, NULL, 0, &(struct jail_limits){.memory = 0}, &error))
            _exit(99);
        _exit(disk.read(disk.context, 0, 1, sector, &done) == BLOCK_FAILED &&
                      strstr(disk.failure(disk.context)->what, "made its reader end")
                  ? 0
                  : 1);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_int_equal(status, 0);
    disk.close(disk.context);
}

/* --- A process that its image has taken over --- */

static enum block_result read_too_much(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    (void)context, (void)sector, (void)buffer;
    *done = count;
    return BLOCK_UNREADABLE;
}

static enum block_result read_never(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    (void)context, (void)sector, (void)count, (void)buffer, (void)done;
    close(3);
    while (pause())
        continue;
    return BLOCK_FAILED;
}

static struct {
    enum block_result (*read)(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done);
    struct sector_range unreadable[2];
} hostile;

static bool open_hostile(const char *name, const struct image_request *request, struct block *disk,
                         struct image_info *info, struct error *error)
{
    (void)name, (void)request, (void)error;
    *disk = (struct block){.sectors = 16, .read = hostile.read};
    *info = (struct image_info){.format = "raw",
                                .size = 16 * SECTOR_SIZE,
                                .unreadable = hostile.unreadable,
                                .unreadable_count = hostile.unreadable[0].count ? 2 : 0};
    return true;
}

static bool open_taken_over(struct block *disk, struct error *error)
{
    static const char *const formats[] = {"raw", NULL};
    static const struct worker_calls calls = {.open = open_hostile, .free_info = image_info_free, .formats = formats};
    const struct image_request request = {.lock_in = show_itself};

    return worker_open(&calls, path, &request, disk, NULL, error);
}

/* Who reads goes on at the sector after what was read: it must be one of those that were asked for. */
static void it_cannot_make_its_customer_skip_more_than_was_asked_for(void **state)
{
    static uint8_t sectors[16 * SECTOR_SIZE];
    struct block disk;
    struct error error;
    uint32_t done;

    (void)state;
    hostile.read = read_too_much;
    assert_true(open_taken_over(&disk, &error));
    for (uint32_t count = 1; count <= 16; count++)
        assert_true(disk.read(disk.context, 0, count, sectors, &done) != BLOCK_UNREADABLE || done < count);
    disk.close(disk.context);
}

static void it_cannot_name_sectors_that_the_disk_does_not_have(void **state)
{
    static const struct sector_range wrong[][2] = {
        {{0, 1}, {15, 2}}, {{0, 2}, {1, 2}}, {{4, 1}, {2, 1}}, {{1, UINT64_MAX}, {2, 1}}, {{1, 1}, {3, 0}}};
    static const struct sector_range right[2] = {{0, 1}, {15, 1}};
    struct block disk;
    struct error error;

    (void)state;
    hostile.read = read_too_much;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(hostile.unreadable, wrong[i], sizeof wrong[i]);
        assert_false(open_taken_over(&disk, &error));
        assert_string_equal(error.what, "made its reader lie");
    }
    memcpy(hostile.unreadable, right, sizeof right);
    assert_true(open_taken_over(&disk, &error));
    disk.close(disk.context);
    memset(hostile.unreadable, 0, sizeof hostile.unreadable);
}

static void it_keeps_nobody_who_hears_no_more_of_it(void **state)
{
    static uint8_t sector[SECTOR_SIZE];
    struct block disk;
    struct error error;
    uint32_t done;
    int status;

    (void)state;
    hostile.read = read_never;
    alarm(60);
    assert_true(open_taken_over(&disk, &error));
    assert_int_equal(disk.read(disk.context, 0, 1, sector, &done), BLOCK_FAILED);
    assert_string_equal(disk.failure(disk.context)->what, "made its reader end");
    disk.close(disk.context);
    kill(seen->process, SIGKILL);
    assert_int_equal(waitpid(seen->process, &status, 0), seen->process);
    alarm(0);
}

static void it_does_not_outlive_its_customer(void **state)
{
    static uint8_t sector[SECTOR_SIZE];
    struct block disk;
    struct error error;
    uint32_t done;
    int status;

    (void)state;
    hostile.read = read_never;
    alarm(60);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    pid_t child = fork();
    if (child == 0) {
        if (!open_taken_over(&disk, &error))
            _exit(99);
        setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_usec = 100000}}, NULL);
        disk.read(disk.context, 0, 1, sector, &done);
        _exit(98);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
    assert_int_equal(waitpid(seen->process, &status, 0), seen->process);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_reads_as_one_that_is_read_here),
        cmocka_unit_test(processes_that_were_begun_read_it_too),
        cmocka_unit_test(what_cannot_be_opened_is_reported),
        cmocka_unit_test(a_process_that_cannot_be_locked_in_reads_nothing),
        cmocka_unit_test(what_ends_the_reader_is_reported),
        cmocka_unit_test(what_ends_the_reader_is_reported_by_another_customer),
        cmocka_unit_test(it_cannot_make_its_customer_skip_more_than_was_asked_for),
        cmocka_unit_test(it_cannot_name_sectors_that_the_disk_does_not_have),
        cmocka_unit_test(it_keeps_nobody_who_hears_no_more_of_it),
        cmocka_unit_test(it_does_not_outlive_its_customer),
    };

    signal(SIGPIPE, SIG_IGN);
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    make_image();
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failures;
}
