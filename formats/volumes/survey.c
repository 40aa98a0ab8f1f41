/* survey.c - goes over a disk, volume by volume. See volumes.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/plain.h"
#include "formats/volumes/disk.h"
#include "formats/volumes/survey.h"

/* --- Volumes --- */

/* Reads the first sectors; an unreadable one is zeros, and is noted. */
static void read_head(struct examined *e)
{
    uint64_t sectors = e->volume->first < e->disk->sectors ? e->disk->sectors - e->volume->first : 0;
    uint64_t bad = 0;

    if (e->volume->sectors < sectors)
        sectors = e->volume->sectors;
    uint32_t count = sectors < HEAD_SECTORS ? (uint32_t)sectors : HEAD_SECTORS;
    memset(e->head, 0, sizeof e->head);
    e->size = count * SECTOR_SIZE;
    if (!count || disk_get(e->disk, e->volume->first, count, e->head))
        return;
    for (uint32_t i = 0; i < count; i++)
        if (!disk_get(e->disk, e->volume->first + i, 1, e->head + i * SECTOR_SIZE)) {
            memset(e->head + i * SECTOR_SIZE, 0, SECTOR_SIZE);
            bad++;
        }
    volume_damage(e, "%" PRIu64 " of its first %" PRIu32 " sectors cannot be read", bad, count);
}

static void examine_volume(struct examined *e, struct volume *v)
{
    e->volume = v;
    v->code_page = 437;
    if (*v->within) {
        compressed_examine(e);
        return;
    }
    read_head(e);
    if (!e->size)
        return;
    survey_name(v->loader, loader_name(e->head, false));
    if (disk_encryption(e->head))
        survey_name(v->encryption, disk_encryption(e->head));
    file_system_examine(e);
    systems_in_boot_sector(e);
}

/* --- The disk --- */

/* Files of compressed volumes, which are no disks. */
static const struct {
    const char *name;
    uint16_t offset;
    const char *bytes;
    uint8_t length;
} containers[] = {
    {"DriveSpace or DoubleSpace compressed volume", 3, "MSDSP6.0", 8},
    {"DoubleSpace compressed volume", 3, "MSDBL6.0", 8},
    {"Stacker compressed volume", 0, "STACKER", 7},
};

static const char *container_name(const uint8_t *sector)
{
    for (size_t i = 0; i < sizeof containers / sizeof containers[0]; i++)
        if (!memcmp(sector + containers[i].offset, containers[i].bytes, containers[i].length))
            return containers[i].name;
    return NULL;
}

/* The whole disk as one volume. */
static void examine_whole(struct examined *e)
{
    struct disk_survey *s = e->survey;
    struct volume *v = &s->volumes[0];

    *v = (struct volume){.sectors = s->sectors};
    s->volume_count = 1;
    if (s->iso) {
        examine_volume(e, v);
        *v->file_system = *v->detail = *v->label = '\0';
        iso_examine(e);
        udf_examine(e);
    } else {
        examine_volume(e, v);
        if (!*v->file_system)
            udf_examine(e);
    }
    if (*v->file_system || *v->loader || s->system_count)
        s->scheme = DISK_SUPERFLOPPY;
    else
        s->volume_count = 0;
}

struct fat *survey_fat(struct examined *e, const struct block *disk, uint64_t first, uint64_t sectors)
{
    struct error error;
    struct fat *fat = fat_open(disk, first, sectors, &error);

    e->out_of_memory |= !fat && error.status == STATUS_HOST;
    return fat;
}

/* A boot sector with a BIOS parameter block is that of one volume, even if it looks like a table. */
static bool is_one_volume(struct examined *e)
{
    const struct disk_survey *s = e->survey;
    struct fat *fat = s->first[0] == 0xEB || s->first[0] == 0xE9 ? survey_fat(e, e->disk, 0, s->sectors) : NULL;
    bool one = fat && fat_info(fat)->parameters;

    fat_close(fat);
    return one || s->iso || !memcmp(s->first + 3, "NTFS    ", 8);
}

static int newer(const void *a, const void *b)
{
    /* The families of later years count more: a disk with Windows 98 has its DOS as well. */
    static const uint8_t rank[] = {
        [SYSTEM_OTHER] = 0,   [SYSTEM_DOS] = 1, [SYSTEM_NETWARE] = 2, [SYSTEM_UNIX] = 3,
        [SYSTEM_WINDOWS] = 4, [SYSTEM_OS2] = 5, [SYSTEM_LINUX] = 6,   [SYSTEM_NT] = 7,
    };
    const struct found_system *x = a, *y = b;

    if (rank[x->family] != rank[y->family])
        return rank[y->family] - rank[x->family];
    return x->version != y->version ? y->version - x->version : strcmp(x->name, y->name);
}

static void go_over(struct examined *e)
{
    struct disk_survey *s = e->survey;

    s->iso = disk_is_iso(e->disk);
    if (!disk_get(e->disk, 0, 1, s->first)) {
        memset(s->first, 0, sizeof s->first);
        survey_damage(s, "the disk", "its first sector cannot be read");
        return;
    }
    survey_name(s->container, container_name(s->first));
    survey_name(s->encryption, disk_encryption(s->first));
    if (!is_one_volume(e))
        partitions_list(e->disk, s, s->first);
    if (s->scheme == DISK_UNKNOWN) {
        examine_whole(e);
    } else {
        survey_name(s->loader, loader_name(s->first, true));
    }
    /* A volume that holds compressed ones adds them. */
    for (uint32_t i = s->scheme == DISK_UNKNOWN || s->scheme == DISK_SUPERFLOPPY; i < s->volume_count; i++)
        if (!s->volumes[i].extended && s->volumes[i].sectors)
            examine_volume(e, &s->volumes[i]);
    qsort(s->systems, s->system_count, sizeof *s->systems, newer);
}

bool disk_survey(const struct block *disk, struct disk_survey *s, struct error *error)
{
    struct examined *e = calloc(1, sizeof *e);

    memset(s, 0, sizeof *s);
    s->sectors = disk->sectors;
    s->volumes = calloc(SURVEY_VOLUMES, sizeof *s->volumes);
    s->systems = calloc(SURVEY_SYSTEMS, sizeof *s->systems);
    s->damage = calloc(SURVEY_DAMAGE, sizeof *s->damage);
    bool good = e && s->volumes && s->systems && s->damage;
    if (good) {
        e->disk = disk;
        e->survey = s;
        go_over(e);
        good = !e->out_of_memory;
    }
    if (!good)
        error_set(error, STATUS_HOST, "survey", NULL, NULL, "out of memory");
    free(e);
    return good;
}

void disk_survey_free(struct disk_survey *s)
{
    free(s->volumes);
    free(s->systems);
    free(s->damage);
    memset(s, 0, sizeof *s);
}
