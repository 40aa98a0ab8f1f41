/* test_reader.c - a survey by a locked-in process (desk/reader.h) is that of disk_survey, and what the disk makes of
 * that process is held there: it ends, or answers what no survey is, and nothing else. */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "desk/jail.h"
#include "desk/reader.h"

#define STOLEN "/tmp/muniment-stolen"

enum { SECTORS = 4096, TABLE = 446 };

/* As reader.c sends them. */
struct frame {
    uint32_t kind, length;
};
enum { BYTES = 2, END = 3 };

static uint8_t bytes[SECTORS * SECTOR_SIZE];
static struct {
    pid_t process;
} * seen;                    /* shared with the process that surveys, */
static bool forked, killing; /* which is this one; which is to be killed */
static int channel;          /* of its answers */
static void (*deed)(void);   /* what it does at its first read */

/* Before it is locked in. */
static void begin_child(void)
{
    struct stat what;

    forked = true;
    signal(SIGILL, SIG_DFL);      /* cmocka's handler is for its own process */
    for (int i = 3; i < 256; i++) /* the later end of a pair is the process's */
        if (fstat(i, &what) == 0 && S_ISSOCK(what.st_mode))
            channel = i;
    if (killing)
        seen->process = getpid();
}

static enum block_result read_disk(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    (void)context;
    *done = 0;
    if (forked && deed)
        deed();
    if (sector >= SECTORS || count > SECTORS - sector)
        return BLOCK_UNREADABLE;
    memcpy(buffer, bytes + sector * SECTOR_SIZE, (size_t)count * SECTOR_SIZE);
    *done = count;
    return BLOCK_OK;
}

static const struct block disk = {.sectors = SECTORS, .read_only = true, .read = read_disk};

static void put32(size_t at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[at + i] = (uint8_t)(value >> 8 * i);
}

static void add_partition(unsigned n, uint8_t type, uint32_t first, uint32_t sectors)
{
    size_t at = TABLE + 16 * n;

    memcpy(bytes + at, (const uint8_t[]){0, 1, 1, 0, type, 15, 63, 0}, 8);
    put32(at + 8, first);
    put32(at + 12, sectors);
}

/* An MBR with three partitions: ext2 with a label that is no text, one of a type alone, one outside the disk. */
static int disk_new(void **state)
{
    uint8_t *ext = bytes + 63 * SECTOR_SIZE + 1024;

    (void)state;
    deed = NULL;
    killing = false;
    memset(bytes, 0, sizeof bytes);
    add_partition(0, 0x83, 63, 2000);
    add_partition(1, 0x07, 2063, 1000);
    add_partition(2, 0x06, 4000, 99999);
    bytes[510] = 0x55, bytes[511] = 0xAA;
    ext[0] = 16, ext[4] = 0x90, ext[5] = 1, ext[33] = 0x20, ext[40] = 16, ext[56] = 0x53, ext[57] = 0xEF, ext[58] = 1;
    memcpy(ext + 120, "parcels\x1b[2J", 11);
    return 0;
}

static void it_is_the_survey_that_is_made_here(void **state)
{
    struct disk_survey apart, direct;
    struct error error;

    (void)state;
    assert_true(reader_survey(&disk, &apart, &error));
    assert_true(disk_survey(&disk, &direct, &error));
    assert_int_equal(apart.scheme, DISK_MBR);
    assert_int_equal(apart.table.heads, 16);
    assert_int_equal(apart.table.sectors, 63);
    assert_int_equal(apart.volume_count, 3);
    assert_string_equal(apart.volumes[0].file_system, "ext2");
    assert_int_equal(apart.system_count, 1);
    assert_true(apart.damage_count > 0);
    assert_int_equal(apart.volume_count, direct.volume_count);
    assert_int_equal(apart.system_count, direct.system_count);
    assert_int_equal(apart.damage_count, direct.damage_count);
    for (uint32_t i = 0; i < direct.volume_count; i++) {
        const struct volume *v = &apart.volumes[i], *w = &direct.volumes[i];
        assert_int_equal(v->number, w->number);
        assert_int_equal(v->first, w->first);
        assert_int_equal(v->sectors, w->sectors);
        assert_string_equal(v->type_name, w->type_name);
        assert_string_equal(v->file_system, w->file_system);
        assert_string_equal(v->label, w->label);
        assert_string_equal(v->detail, w->detail);
    }
    assert_string_equal(apart.systems[0].name, direct.systems[0].name);
    assert_string_equal(apart.systems[0].evidence, direct.systems[0].evidence);
    for (uint32_t i = 0; i < direct.damage_count; i++) {
        assert_string_equal(apart.damage[i].place, direct.damage[i].place);
        assert_string_equal(apart.damage[i].what, direct.damage[i].what);
    }
    disk_survey_free(&apart);
    disk_survey_free(&direct);
}

/* --- One that ends --- */

static void crash(void)
{
    __builtin_trap();
}

static void wait_for_the_end(void)
{
    for (;;)
        lseek(0, 0, SEEK_CUR);
}

static void open_a_file(void)
{
    open(STOLEN, O_CREAT | O_WRONLY, 0600);
}

/* What is said of it. */
static void reports(void (*what_it_does)(void), enum status status, const char *what)
{
    struct disk_survey survey;
    struct error error;

    deed = what_it_does;
    assert_false(reader_survey(&disk, &survey, &error));
    assert_string_equal(error.what, what);
    assert_int_equal(error.status, status);
    assert_string_equal(error.object, "disk");
    assert_int_equal(survey.volume_count, 0);
    disk_survey_free(&survey);
}

static void what_ends_it_is_reported(void **state)
{
    char crashed[64];

    (void)state;
    snprintf(crashed, sizeof crashed, "its reader crashed (signal %d)", SIGILL);
    reports(crash, STATUS_WRONG, crashed);
    if (!strstr(jail_strength(), "seccomp")) /* built without it */
        return;
    snprintf(crashed, sizeof crashed, "its reader crashed (signal %d)", SIGSYS);
    reports(open_a_file, STATUS_WRONG, crashed);
    assert_int_not_equal(access(STOLEN, F_OK), 0);
}

static void that_it_was_killed_is_reported(void **state)
{
    pid_t killer = fork();

    (void)state;
    assert_true(killer >= 0);
    if (killer == 0) {
        for (int i = 0; i < 20000 && !*(volatile pid_t *)&seen->process; i++)
            usleep(1000);
        kill(seen->process, SIGKILL);
        _exit(0);
    }
    killing = true;
    reports(wait_for_the_end, STATUS_HOST, "its reader was killed"); /* the disk is not to blame */
    waitpid(killer, NULL, 0);
}

/* --- One that lies --- */

static struct disk_survey lie;
static struct volume volume;
static struct found_system found;
static struct disk_damage damage;
static uint32_t told_volumes, told_systems, told_damage;

static void tell(uint32_t kind, const void *content, size_t size)
{
    const struct frame frame = {kind, (uint32_t)size};

    if (write(channel, &frame, sizeof frame) != sizeof frame || write(channel, content, size) != (ssize_t)size)
        _exit(1);
}

static void tell_lies(void)
{
    tell(BYTES, &lie, sizeof lie);
    for (uint32_t i = 0; i < told_volumes; i++)
        tell(BYTES, &volume, sizeof volume);
    for (uint32_t i = 0; i < told_systems; i++)
        tell(BYTES, &found, sizeof found);
    for (uint32_t i = 0; i < told_damage; i++)
        tell(BYTES, &damage, sizeof damage);
    tell(END, "", 0);
    _exit(0);
}

/* A survey that could be. */
static void tell_what_could_be(void)
{
    lie = (struct disk_survey){.scheme = DISK_MBR, .volume_count = 1, .system_count = 1, .damage_count = 1};
    volume = (struct volume){.number = 1};
    found = (struct found_system){.family = SYSTEM_DOS, .version = 622};
    damage = (struct disk_damage){.place = "the disk"};
    told_volumes = told_systems = told_damage = 1;
    deed = tell_lies;
}

static void texts_that_do_not_end_or_are_none_are_made_fit(void **state)
{
    struct disk_survey survey;
    struct error error;

    (void)state;
    tell_what_could_be();
    memset(volume.file_system, 'x', sizeof volume.file_system);
    memset(found.evidence, 0x1b, sizeof found.evidence);
    memset(damage.what, 0xff, sizeof damage.what);
    lie.sectors = UINT64_MAX;
    assert_true(reader_survey(&disk, &survey, &error));
    assert_int_equal(survey.sectors, SECTORS);
    assert_int_equal(strlen(survey.volumes[0].file_system), sizeof volume.file_system - 1);
    assert_null(strchr(survey.systems[0].evidence, 0x1b));
    assert_true(strlen(survey.systems[0].evidence) < sizeof found.evidence);
    assert_true(strlen(survey.damage[0].what) < sizeof damage.what);
    disk_survey_free(&survey);
}

static void what_no_survey_can_be_is_refused(void **state)
{
    static const char lies[] = "its reader answers what was not asked";
    const uint8_t two = 2;

    (void)state;
    for (unsigned i = 0; i < 15; i++) {
        tell_what_could_be();
        switch (i) {
        case 0: lie.volume_count = SURVEY_VOLUMES + 1; break;
        case 1: lie.system_count = UINT32_MAX; break;
        case 2: lie.damage_count = SURVEY_DAMAGE + 1; break;
        case 3: lie.scheme = (enum disk_scheme)(DISK_GPT + 1); break;
        case 4: lie.table = (struct geometry){0, 0, 63}; break; /* which a drive's geometry would be divided by */
        case 5: lie.table = (struct geometry){0, 257, 63}; break;
        case 6: memcpy(&lie.optical, &two, 1); break;
        case 7: memcpy(&volume.active, &two, 1); break;
        case 8: volume.tracks.heads = 1 << 16; break;
        case 9: volume.names = (enum volume_names)(NAMES_JOLIET + 1); break;
        case 10: found.family = (enum system_family)(SYSTEM_NETWARE + 1); break;
        case 11: told_damage = 0; break;
        case 12: told_damage = 2; break;
        case 13: memcpy(&lie.iso, &two, 1); break;
        default: lie.volume_count = 0; break;
        }
        reports(tell_lies, STATUS_WRONG, lies);
    }
}

static int begin_all(void **state)
{
    (void)state;
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    signal(SIGPIPE, SIG_IGN);
    return seen == MAP_FAILED || pthread_atfork(NULL, NULL, begin_child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_is_the_survey_that_is_made_here, disk_new),
        cmocka_unit_test_setup(what_ends_it_is_reported, disk_new),
        cmocka_unit_test_setup(that_it_was_killed_is_reported, disk_new),
        cmocka_unit_test_setup(texts_that_do_not_end_or_are_none_are_made_fit, disk_new),
        cmocka_unit_test_setup(what_no_survey_can_be_is_refused, disk_new),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
