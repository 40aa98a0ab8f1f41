/* fat_files.c - the files of a FAT volume, as files.h offers them. */
#include "formats/volumes/fat_files.h"

#include <stdlib.h>
#include <string.h>

#include "formats/volumes/fat.h"

struct fat_files {
    struct fat *fat;
    struct fat_file file; /* that was read last */
    uint64_t id, size;    /* of its entry */
    bool open;
};

static const uint64_t second = 1000000000;

static struct file_time time_of(struct fat_time t, uint8_t hundredths, uint64_t precision)
{
    if (!t.date)
        return (struct file_time){.zone = FILE_NO_TIME};
    return (struct file_time){
        .year = (uint16_t)(1980 + (t.date >> 9)),
        .month = t.date >> 5 & 15,
        .day = t.date & 31,
        .hour = (uint8_t)(t.time >> 11),
        .minute = t.time >> 5 & 63,
        .second = (uint8_t)((t.time & 31) * 2 + hundredths / 100),
        .nanoseconds = hundredths % 100 * 10000000u,
        .zone = FILE_LOCAL,
        .precision = precision,
    };
}

static void entry_of(const struct fat_entry *from, struct file_entry *to)
{
    memset(to, 0, sizeof *to);
    memcpy(to->name, from->name, strlen(from->name));
    memcpy(to->short_name, from->short_name, sizeof to->short_name);
    memcpy(to->raw_name, from->raw_name, sizeof from->raw_name);
    to->raw_size = sizeof from->raw_name;
    to->attributes = from->attributes;
    to->kind = from->attributes & FAT_FOLDER ? FILE_FOLDER : FILE_REGULAR;
    to->size = from->size;
    to->id = from->cluster;
    to->deleted = from->deleted;
    to->created = time_of(from->created, from->created_hundredths, second / 100);
    to->modified = time_of(from->modified, 0, 2 * second);
    to->accessed = time_of(from->accessed, 0, 86400 * second);
}

static struct fat_entry back(const struct file_entry *e)
{
    return (struct fat_entry){
        .attributes = e->kind == FILE_FOLDER ? FAT_FOLDER : 0, .size = (uint32_t)e->size, .cluster = (uint32_t)e->id};
}

static void close_files(void *context)
{
    struct fat_files *f = context;

    fat_close(f->fat);
    free(f);
}

static bool list(void *context, uint64_t id, file_each *each, void *each_context, struct error *error)
{
    struct fat_files *f = context;
    const struct fat_entry folder = {.attributes = FAT_FOLDER, .cluster = (uint32_t)id};
    struct fat_folder at;
    struct fat_entry entry;
    struct file_entry shown;
    enum fat_next next;

    fat_folder_open(f->fat, id ? &folder : NULL, &at);
    while ((next = fat_folder_next(f->fat, &at, &entry, error)) == FAT_ENTRY) {
        if (entry.attributes & FAT_LABEL)
            continue;
        entry_of(&entry, &shown);
        if (!each(each_context, &shown))
            return true;
    }
    return next == FAT_END;
}

static bool read_file(void *context, const struct file_entry *e, uint64_t offset, void *buffer, size_t size,
                      size_t *got, struct error *error)
{
    struct fat_files *f = context;
    const struct fat_entry entry = back(e);

    if (!f->open || f->id != e->id || f->size != e->size)
        fat_file_open(f->fat, &entry, &f->file);
    f->open = true;
    f->id = e->id;
    f->size = e->size;
    *got = 0;
    return offset > UINT32_MAX || fat_file_read(f->fat, &f->file, (uint32_t)offset, buffer, size, got, error);
}

static bool runs(void *context, const struct file_entry *e, file_each_run *each, void *each_context,
                 struct error *error)
{
    struct fat_files *f = context;
    const struct fat_entry entry = back(e);
    const uint32_t cluster = fat_info(f->fat)->cluster;
    struct file_run run = {.length = 0};
    struct fat_file file;
    uint64_t place;
    bool good = true;

    fat_file_open(f->fat, &entry, &file);
    for (uint64_t at = 0; good && at < e->size; at += cluster) {
        uint64_t length = e->size - at < cluster ? e->size - at : cluster;
        if (!fat_file_place(f->fat, &file, (uint32_t)at, &place, error)) {
            good = false;
        } else if (run.length && run.place + run.length == place) {
            run.length += length;
        } else {
            if (run.length && !each(each_context, &run))
                return true;
            run = (struct file_run){.at = at, .place = place, .length = length};
        }
    }
    if (run.length)
        each(each_context, &run);
    return good;
}

static const struct file_system system_fat = {.close = close_files, .list = list, .read = read_file, .runs = runs};

bool fat_files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error)
{
    struct fat_files *f = calloc(1, sizeof *f);

    if (!f)
        return error_set(error, STATUS_HOST, "FAT", NULL, NULL, "out of memory");
    f->fat = fat_open(disk, volume->first, volume->sectors, error);
    if (!f->fat) {
        free(f);
        return false;
    }
    fat_use_code_page(f->fat, volume->code_page);
    if (volume->with_deleted)
        fat_show_deleted(f->fat);
    *files = (struct files){&system_fat, f};
    return true;
}
