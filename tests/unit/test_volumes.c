/* test_volumes.c - facts about surveys of disks that lie: chains and tables in a circle, numbers beyond the end,
 * sectors that cannot be read; and about files and folders of FAT volumes. tests/identify.sh has what the host's tools
 * make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/volumes/fat.h"
#include "formats/volumes/volumes.h"
#include "tests/unit/random.h"

#define SECTORS 2880u

/* A disk in memory, with a sector that cannot be read. */
struct memory_disk {
    struct block block;
    uint64_t bad; /* UINT64_MAX: none */
    uint8_t bytes[SECTORS * SECTOR_SIZE];
};

static struct memory_disk disk;

static enum block_result disk_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    const struct memory_disk *d = context;

    if (sector >= d->block.sectors || count > d->block.sectors - sector)
        abort(); /* the caller's duty */
    for (*done = 0; *done < count; ++*done) {
        if (sector + *done == d->bad)
            return BLOCK_UNREADABLE;
        memcpy(buffer + *done * SECTOR_SIZE, d->bytes + (sector + *done) * SECTOR_SIZE, SECTOR_SIZE);
    }
    return BLOCK_OK;
}

static void put16(size_t at, unsigned value)
{
    disk.bytes[at] = (uint8_t)value;
    disk.bytes[at + 1] = (uint8_t)(value >> 8);
}

static void put32(size_t at, uint32_t value)
{
    put16(at, value);
    put16(at + 2, value >> 16);
}

static int disk_new(void **state)
{
    (void)state;
    memset(&disk, 0, sizeof disk);
    disk.bad = UINT64_MAX;
    disk.block = (struct block){.context = &disk, .sectors = SECTORS, .read_only = true, .read = disk_read};
    return 0;
}

/* --- FAT --- */

#define FAT_AT (1u * SECTOR_SIZE)
#define ROOT_AT (19u * SECTOR_SIZE)
#define DATA_AT (33u * SECTOR_SIZE)

static void set_entry(unsigned cluster, unsigned value)
{
    for (unsigned copy = 0; copy < 2; copy++) {
        uint8_t *p = disk.bytes + FAT_AT + copy * 9 * SECTOR_SIZE + cluster * 3 / 2;

        if (cluster & 1) {
            p[0] = (uint8_t)((p[0] & 0x0F) | value << 4);
            p[1] = (uint8_t)(value >> 4);
        } else {
            p[0] = (uint8_t)value;
            p[1] = (uint8_t)((p[1] & 0xF0) | value >> 8);
        }
    }
}

static void add_name(unsigned slot, const char *name, uint8_t attributes, unsigned cluster, uint32_t size)
{
    size_t at = ROOT_AT + slot * 32;

    memcpy(disk.bytes + at, name, 11);
    disk.bytes[at + 11] = attributes;
    put16(at + 22, 0x6000);
    put16(at + 24, 0x24C5); /* 1998-06-05 */
    put16(at + 26, cluster);
    put32(at + 28, size);
}

/* A 1.44M floppy of MS-DOS. */
static int floppy_new(void **state)
{
    static const uint8_t boot[62] = "\xEB\x3C\x90MSDOS5.0\x00\x02\x01\x01\x00\x02\xE0\x00\x40\x0B\xF0\x09\x00\x12\x00"
                                    "\x02\x00\0\0\0\0\0\0\0\0\0\0\x29\x98\x19\xFE\xCA"
                                    "RECORDS    FAT12   ";

    disk_new(state);
    memcpy(disk.bytes, boot, sizeof boot);
    put16(510, 0xAA55);
    set_entry(0, 0xFF0);
    set_entry(1, 0xFFF);
    return 0;
}

static void a_file_is_read_along_its_chain(void **state)
{
    struct fat_entry entry;
    struct fat_file file;
    struct error error;
    uint8_t bytes[2000];
    size_t got;

    (void)state;
    add_name(0, "PARCELS DAT", FAT_ARCHIVE, 2, 1500);
    set_entry(2, 5);
    set_entry(5, 4);
    set_entry(4, 0xFFF);
    memset(disk.bytes + DATA_AT, 'a', 512);
    memset(disk.bytes + DATA_AT + 3 * 512, 'b', 512);
    memset(disk.bytes + DATA_AT + 2 * 512, 'c', 512);
    struct fat *fat = fat_open(&disk.block, 0, SECTORS, &error);
    assert_non_null(fat);
    assert_int_equal(fat_info(fat)->bits, 12);
    assert_int_equal(fat_info(fat)->clusters, 2847);
    assert_int_equal(fat_info(fat)->serial, 0xCAFE1998);
    assert_true(fat_find(fat, "parcels.dat", &entry, &error));
    assert_int_equal(entry.size, 1500);
    assert_int_equal(entry.modified.date, 0x24C5);
    fat_file_open(fat, &entry, &file);
    assert_true(fat_file_read(fat, &file, 0, bytes, sizeof bytes, &got, &error));
    assert_int_equal(got, 1500);
    assert_int_equal(bytes[511], 'a');
    assert_int_equal(bytes[512], 'b');
    assert_int_equal(bytes[1023], 'b');
    assert_int_equal(bytes[1024], 'c');
    assert_true(fat_file_read(fat, &file, 510, bytes, 4, &got, &error)); /* backwards as well */
    assert_memory_equal(bytes, "aabb", 4);
    assert_true(fat_file_read(fat, &file, 1500, bytes, 4, &got, &error));
    assert_int_equal(got, 0);
    fat_close(fat);
}

static void a_damaged_chain_ends_the_file_with_its_place(void **state)
{
    static const struct {
        unsigned first, second;
        const char *what;
    } chains[] = {
        {3, 2, NULL}, /* a circle: the size ends it */
        {0, 0, "the chain of clusters ends at a free one"},
        {0xFF0, 0, "the next cluster lies outside the volume"},
        {0xFFF, 0, "the chain of clusters is shorter than its file"},
    };
    uint8_t bytes[4096];
    size_t got;

    (void)state;
    for (unsigned i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        struct fat_entry entry;
        struct fat_file file;
        struct error error;

        add_name(0, "PARCELS DAT", FAT_ARCHIVE, 2, sizeof bytes);
        set_entry(2, chains[i].first);
        set_entry(3, chains[i].second);
        struct fat *fat = fat_open(&disk.block, 0, SECTORS, &error);
        assert_true(fat_find(fat, "PARCELS.DAT", &entry, &error));
        fat_file_open(fat, &entry, &file);
        assert_int_equal(fat_file_read(fat, &file, 0, bytes, sizeof bytes, &got, &error), !chains[i].what);
        if (chains[i].what) {
            assert_string_equal(error.what, chains[i].what);
            assert_string_equal(error.place, "cluster 2");
            assert_int_equal(got, 512);
        }
        fat_close(fat);
    }
}

static void a_folder_in_a_circle_ends(void **state)
{
    struct fat_entry entry;
    struct error error;

    (void)state;
    add_name(0, "LOOP       ", FAT_FOLDER, 2, 0);
    set_entry(2, 2);
    for (unsigned i = 0; i < 16; i++) /* full, so that the chain is followed */
        memcpy(disk.bytes + DATA_AT + i * 32, "FILE    TXT\x20", 12);
    struct fat *fat = fat_open(&disk.block, 0, SECTORS, &error);
    assert_false(fat_find(fat, "LOOP/NOTHING.TXT", &entry, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    assert_string_equal(error.what, "the chain of clusters is a circle");
    fat_close(fat);
}

static void long_names_count_if_their_checksum_fits(void **state)
{
    static const char text[] = "Grundbuch 1998.txt";
    struct fat_folder folder;
    struct fat_entry entry;
    struct error error;
    uint8_t sum = 0;

    (void)state;
    add_name(2, "GRUNDB~1TXT", FAT_ARCHIVE, 2, 10);
    for (unsigned i = 0; i < 11; i++)
        sum = (uint8_t)((sum << 7 | sum >> 1) + (uint8_t) "GRUNDB~1TXT"[i]);
    for (unsigned part = 2; part > 0; part--) {
        static const uint8_t places[13] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
        size_t at = ROOT_AT + (2 - part) * 32;

        disk.bytes[at] = (uint8_t)(part | (part == 2 ? 0x40 : 0));
        disk.bytes[at + 11] = 0x0F;
        disk.bytes[at + 13] = sum;
        for (unsigned i = 0; i < 13; i++) {
            size_t n = (part - 1) * 13 + i;
            put16(at + places[i], n < sizeof text ? (uint8_t)text[n] : 0xFFFF);
        }
    }
    put16(ROOT_AT + 32 + 1, 0x00C4); /* the first letter */
    for (unsigned right = 1; right < 2; right--) {
        struct fat *fat = fat_open(&disk.block, 0, SECTORS, &error);
        fat_folder_open(fat, NULL, &folder);
        assert_int_equal(fat_folder_next(fat, &folder, &entry, &error), FAT_ENTRY);
        assert_string_equal(entry.name, right ? "\xC3\x84rundbuch 1998.txt" : "GRUNDB~1.TXT");
        assert_string_equal(entry.short_name, "GRUNDB~1.TXT");
        assert_int_equal(fat_folder_next(fat, &folder, &entry, &error), FAT_END);
        fat_close(fat);
        disk.bytes[ROOT_AT + 13]++; /* a part of another name */
    }
}

static void short_names_are_of_code_page_437(void **state)
{
    struct fat_folder folder;
    struct fat_entry entry;
    struct error error;

    (void)state;
    add_name(0,
             "\x05\x81"
             "BER   DB ",
             FAT_ARCHIVE, 2, 10);
    add_name(1, "README     ", FAT_ARCHIVE, 3, 10);
    disk.bytes[ROOT_AT + 32 + 12] = 0x08; /* in lower case, as Windows NT keeps it */
    add_name(2, "OFFICE 14  ", FAT_LABEL, 0, 0);
    struct fat *fat = fat_open(&disk.block, 0, SECTORS, &error);
    fat_folder_open(fat, NULL, &folder);
    assert_int_equal(fat_folder_next(fat, &folder, &entry, &error), FAT_ENTRY);
    assert_string_equal(entry.name, "\xCF\x83\xC3\xBC"
                                    "BER.DB");
    assert_int_equal(fat_folder_next(fat, &folder, &entry, &error), FAT_ENTRY);
    assert_string_equal(entry.name, "readme");
    assert_int_equal(fat_folder_next(fat, &folder, &entry, &error), FAT_ENTRY);
    assert_string_equal(entry.name, "OFFICE 14");
    fat_close(fat);
}

static void absurd_boot_sectors_are_no_fat(void **state)
{
    static const struct {
        unsigned at, value;
    } faults[] = {{11, 0}, {11, 513}, {13, 3}, {14, 0}, {16, 0}, {16, 9}, {17, 0}, {19, 10}, {21, 0x42}};

    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        floppy_new(state);
        if (faults[i].at == 11 || faults[i].at == 14 || faults[i].at == 17 || faults[i].at == 19)
            put16(faults[i].at, faults[i].value);
        else
            disk.bytes[faults[i].at] = (uint8_t)faults[i].value;
        assert_null(fat_open(&disk.block, 0, SECTORS, NULL));
    }
}

static void a_fat_too_short_for_its_volume_bounds_it(void **state)
{
    struct fat_entry entry = {.cluster = 800, .size = 1};
    struct fat_file file;
    struct error error;
    uint8_t byte;
    size_t got;

    (void)state;
    put16(22, 1); /* one sector: 341 entries */
    struct fat *fat = fat_open(&disk.block, 0, SECTORS, &error);
    assert_non_null(fat);
    assert_int_equal(fat_info(fat)->clusters, 339);
    fat_file_open(fat, &entry, &file);
    assert_false(fat_file_read(fat, &file, 0, &byte, 1, &got, &error));
    assert_string_equal(error.what, "a chain begins outside the volume");
    fat_close(fat);
}

/* --- Surveys --- */

static struct disk_survey survey(void)
{
    struct disk_survey s;
    struct error error;

    assert_true(disk_survey(&disk.block, &s, &error));
    return s;
}

static bool has_damage(const struct disk_survey *s, const char *place, const char *what)
{
    for (uint32_t i = 0; i < s->damage_count; i++)
        if (!strcmp(s->damage[i].place, place) && strstr(s->damage[i].what, what))
            return true;
    return false;
}

static void add_partition(uint64_t table, unsigned entry, uint8_t type, uint32_t first, uint32_t sectors)
{
    size_t at = table * SECTOR_SIZE + 446 + entry * 16;

    disk.bytes[at + 4] = type;
    put32(at + 8, first);
    put32(at + 12, sectors);
    put16(table * SECTOR_SIZE + 510, 0xAA55);
}

static void logical_drives_in_a_circle_end(void **state)
{
    (void)state;
    add_partition(0, 0, 0x05, 100, 2000);
    add_partition(100, 0, 0x06, 1, 50);
    add_partition(100, 1, 0x05, 0, 100); /* itself */
    struct disk_survey s = survey();
    assert_int_equal(s.scheme, DISK_MBR);
    assert_true(s.volumes_left_out || has_damage(&s, "partition 1", "circle"));
    assert_int_equal(s.volume_count, SURVEY_VOLUMES);
    disk_survey_free(&s);
}

static void a_circle_without_drives_is_named(void **state)
{
    (void)state;
    add_partition(0, 0, 0x0F, 100, 2000);
    add_partition(100, 0, 0x05, 50, 100);
    add_partition(150, 0, 0x05, 0, 100);
    struct disk_survey s = survey();
    assert_true(has_damage(&s, "partition 1", "the tables of logical drives form a circle"));
    disk_survey_free(&s);
}

static void partitions_that_cannot_be_are_damage(void **state)
{
    (void)state;
    add_partition(0, 0, 0x06, 63, 1000);
    add_partition(0, 1, 0x83, 500, 1000);
    add_partition(0, 2, 0x07, 2000, UINT32_MAX);
    add_partition(0, 3, 0x05, UINT32_MAX, 5);
    struct disk_survey s = survey();
    assert_true(has_damage(&s, "partition 2", "overlaps partition 1"));
    assert_true(has_damage(&s, "partition 3", "ends at sector 4294969295, but the disk has 2880"));
    assert_true(has_damage(&s, "partition 4", "the table of logical drives at sector 4294967295 lies beyond the end"));
    disk_survey_free(&s);
}

static void unreadable_sectors_are_damage(void **state)
{
    (void)state;
    disk.bad = 3; /* of the first FAT */
    struct disk_survey s = survey();
    assert_string_equal(s.volumes[0].file_system, "FAT12");
    assert_true(has_damage(&s, "the disk", "1 of its first 160 sectors cannot be read"));
    assert_true(has_damage(&s, "the disk", "the two copies of the FAT differ"));
    disk_survey_free(&s);
    disk.bad = 0;
    s = survey();
    assert_true(has_damage(&s, "the disk", "its first sector cannot be read"));
    assert_int_equal(s.volume_count, 0);
    disk_survey_free(&s);
}

static void what_a_disk_calls_itself_is_fit_for_a_terminal(void **state)
{
    (void)state;
    add_name(0, "\x1B[31mX\x07    ", FAT_LABEL, 0, 0);
    struct disk_survey s = survey();
    assert_null(strchr(s.volumes[0].label, '\x1B'));
    assert_null(strchr(s.volumes[0].label, '\x07'));
    assert_non_null(strstr(s.volumes[0].label, "[31mX"));
    disk_survey_free(&s);
}

/* A boot sector of one volume is no partition table, whatever its last bytes look like. */
static void a_volume_is_not_taken_for_a_table(void **state)
{
    (void)state;
    add_partition(0, 0, 0x06, 1, 100);
    struct disk_survey s = survey();
    assert_int_equal(s.scheme, DISK_SUPERFLOPPY);
    assert_string_equal(s.volumes[0].loader, "MS-DOS 5 or 6");
    disk_survey_free(&s);
}

static void random_changes_of_a_disk_are_survived(void **state)
{
    uint32_t random = 1998;

    for (unsigned round = 0; round < 300; round++) {
        floppy_new(state);
        if (round % 2) {
            disk_new(state);
            add_partition(0, 0, 0x06, 33, 1000);
            add_partition(0, 1, 0x05, 1100, 1000);
            add_partition(1100, 0, 0x07, 10, 100);
            put32(33 * SECTOR_SIZE + 0x1C, random);
        } else {
            add_name(0, "IO      SYS", FAT_SYSTEM, 2, 100000);
            add_name(1, "MSDOS   SYS", FAT_SYSTEM, 3, 100000);
            add_name(2, "WINDOWS    ", FAT_FOLDER, 4, 0);
        }
        for (unsigned i = 0; i < 40; i++) {
            uint32_t sector = random_below(&random, i < 20 ? 4 : 40), byte = random_below(&random, SECTOR_SIZE);
            disk.bytes[sector * SECTOR_SIZE + byte] = (uint8_t)random_below(&random, 256);
        }
        struct disk_survey s = survey();
        assert_true(s.volume_count <= SURVEY_VOLUMES && s.damage_count <= SURVEY_DAMAGE);
        disk_survey_free(&s);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_file_is_read_along_its_chain, floppy_new),
        cmocka_unit_test_setup(a_damaged_chain_ends_the_file_with_its_place, floppy_new),
        cmocka_unit_test_setup(a_folder_in_a_circle_ends, floppy_new),
        cmocka_unit_test_setup(long_names_count_if_their_checksum_fits, floppy_new),
        cmocka_unit_test_setup(short_names_are_of_code_page_437, floppy_new),
        cmocka_unit_test_setup(absurd_boot_sectors_are_no_fat, floppy_new),
        cmocka_unit_test_setup(a_fat_too_short_for_its_volume_bounds_it, floppy_new),
        cmocka_unit_test_setup(logical_drives_in_a_circle_end, disk_new),
        cmocka_unit_test_setup(a_circle_without_drives_is_named, disk_new),
        cmocka_unit_test_setup(partitions_that_cannot_be_are_damage, disk_new),
        cmocka_unit_test_setup(unreadable_sectors_are_damage, floppy_new),
        cmocka_unit_test_setup(what_a_disk_calls_itself_is_fit_for_a_terminal, floppy_new),
        cmocka_unit_test_setup(a_volume_is_not_taken_for_a_table, floppy_new),
        cmocka_unit_test_setup(random_changes_of_a_disk_are_survived, floppy_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
