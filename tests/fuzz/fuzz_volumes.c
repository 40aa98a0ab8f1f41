/* fuzz_volumes.c - libFuzzer harness of formats/volumes/: any bytes are a disk that a survey ends with, and whose FAT
 * volumes can be walked. The disk repeats the input's sectors at places that the input chooses, so that far sectors are
 * reached; a sector that is asked for beyond the end of the disk is a finding. */
#include <stdlib.h>
#include <string.h>

#include "formats/volumes/fat.h"
#include "formats/volumes/volumes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 4        /* bytes before the sectors: how many sectors the disk has */
#define FOLDERS 64    /* that are walked */
#define ENTRIES 10000 /* in all */

struct input {
    const uint8_t *sectors;
    uint64_t count; /* in the input */
    uint64_t total; /* of the disk */
};

static enum block_result input_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    const struct input *in = context;

    if (sector >= in->total || count > in->total - sector)
        abort();
    for (*done = 0; *done < count; ++*done) {
        uint64_t at = sector + *done;
        if (at % 97 == 96)
            return BLOCK_UNREADABLE;
        memcpy(buffer + *done * SECTOR_SIZE, in->sectors + at % in->count * SECTOR_SIZE, SECTOR_SIZE);
    }
    return BLOCK_OK;
}

/* Folders breadth first, and the first bytes of each file. */
static void walk(struct fat *fat)
{
    static struct fat_entry folders[FOLDERS], entry;
    unsigned known = 1, left = ENTRIES;
    uint8_t bytes[3000];
    struct error error;
    size_t got;

    for (unsigned i = 0; i < known; i++) {
        struct fat_folder folder;

        fat_folder_open(fat, i ? &folders[i] : NULL, &folder);
        while (left && fat_folder_next(fat, &folder, &entry, &error) == FAT_ENTRY) {
            struct fat_file file;

            left--;
            if (memchr(entry.name, 0, sizeof entry.name) == NULL)
                abort();
            if (entry.attributes & FAT_FOLDER && known < FOLDERS)
                folders[known++] = entry;
            fat_file_open(fat, &entry, &file);
            fat_file_read(fat, &file, entry.size / 2, bytes, sizeof bytes, &got, &error);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disk_survey survey;
    struct error error;

    if (size < HEAD + SECTOR_SIZE)
        return 0;
    struct input in = {data + HEAD, (size - HEAD) / SECTOR_SIZE, 0};
    in.total = in.count + (data[0] | data[1] << 8 | (uint64_t)data[2] << 16) % (data[3] & 1 ? 1u << 24 : 4096);
    struct block disk = {.context = &in, .sectors = in.total, .read_only = true, .read = input_read};
    if (!disk_survey(&disk, &survey, &error))
        abort();
    struct fat *fat = fat_open(&disk, 0, disk.sectors, &error);
    if (fat)
        walk(fat);
    fat_close(fat);
    disk_survey_free(&survey);
    return 0;
}
