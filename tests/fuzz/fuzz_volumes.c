/* fuzz_volumes.c - libFuzzer harness of formats/volumes/: any bytes are a disk that a survey ends with, whose FAT, HPFS
 * or ISO 9660 volume can be walked, and on which an inode of ext leads to blocks. The disk repeats the input's sectors
 * at places that the input chooses, so that far sectors are reached; a sector that is asked for beyond the end of the
 * disk is a finding. */
#include <stdlib.h>
#include <string.h>

#include "formats/volumes/ext_map.h"
#include "formats/volumes/files.h"
#include "formats/volumes/registry.h"
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

/* What is known of a volume's files. */
struct walk {
    const struct files *files;
    uint64_t folders[FOLDERS];
    unsigned known, left;
};

static bool see_run(void *context, const struct file_run *run)
{
    uint64_t *runs = context;

    if (run->length == 0)
        abort();
    return ++*runs < ENTRIES;
}

static bool see(void *context, const struct file_entry *e)
{
    struct walk *w = context;
    uint8_t bytes[3000];
    struct error error;
    uint64_t runs = 0;
    size_t got;

    if (!memchr(e->name, 0, sizeof e->name) || e->kind > FILE_SPECIAL)
        abort();
    if (e->kind == FILE_FOLDER && w->known < FOLDERS)
        w->folders[w->known++] = e->id;
    if (e->kind == FILE_REGULAR || e->kind == FILE_LINK) {
        w->files->system->read(w->files->context, e, e->size / 2, bytes, sizeof bytes, &got, &error);
        if (got > sizeof bytes)
            abort();
        w->files->system->runs(w->files->context, e, see_run, &runs, &error);
    }
    return --w->left > 0;
}

/* Folders breadth first, and of each file its runs and some bytes. */
static void walk(const struct block *disk, const char *file_system)
{
    struct volume volume = {.sectors = disk->sectors, .code_page = 437};
    struct files files;
    struct error error;
    struct walk w = {.files = &files, .known = 1, .left = ENTRIES};

    snprintf(volume.file_system, sizeof volume.file_system, "%s", file_system);
    if (!files_open(disk, &volume, &files, &error))
        return;
    for (unsigned i = 0; i < w.known && w.left > 0; i++)
        files.system->list(files.context, w.folders[i], see, &w, &error);
    files_close(&files);
}

/* Goes over the blocks of a file of ext whose inode is the input's beginning. */
static void follow(const struct block *disk, const uint8_t *inode, bool extents)
{
    struct ext_map m = {.disk = disk, .blocks = disk->sectors / 2, .block_size = 2 * SECTOR_SIZE, .extents = extents};
    struct ext_piece piece;
    struct error error;

    memcpy(m.root, inode, sizeof m.root);
    for (uint64_t n = 0, i = 0; i < ENTRIES; n += piece.count, i++) {
        bool found = ext_map_find(&m, n, &piece, &error);
        if (piece.count == 0 ||
            (found && piece.block && (piece.block >= m.blocks || piece.count > m.blocks - piece.block)))
            abort();
        if (piece.count >= UINT64_MAX - n)
            break;
    }
    ext_map_close(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disk_survey survey;
    struct error error;
    char text[16];

    if (size < HEAD + SECTOR_SIZE)
        return 0;
    struct input in = {data + HEAD, (size - HEAD) / SECTOR_SIZE, 0};
    in.total = in.count + (data[0] | data[1] << 8 | (uint64_t)data[2] << 16) % (data[3] & 1 ? 1u << 24 : 4096);
    struct block disk = {.context = &in, .sectors = in.total, .read_only = true, .read = input_read};
    if (!disk_survey(&disk, &survey, &error))
        abort();
    walk(&disk, "FAT");
    walk(&disk, "HPFS");
    walk(&disk, "ISO 9660");
    walk(&disk, "DriveSpace");
    follow(&disk, data + HEAD, false);
    follow(&disk, data + HEAD, true);
    registry_value(data + HEAD, size - HEAD, "System/CurrentControlSet/Control/Nls/CodePage/OEMCP", text, sizeof text);
    registry_value(data + HEAD, size - HEAD, "Select/Current", text, sizeof text);
    disk_survey_free(&survey);
    return 0;
}
