/* imd.c - floppies of ImageDisk: IMD.TXT of its version 1.18, "IMD File format".
 *
 * A line that names the program and the date, a comment up to 1Ah, and tracks: mode, cylinder, head, sectors and their
 * size, the sectors' numbers, then each sector with a letter that says how it was read. */
#include "formats/images/floppy.h"

#include <stdlib.h>
#include <string.h>

#define CYLINDER_MAP 0x80 /* of the byte for the head */
#define HEAD_MAP 0x40

static bool imd_recognise(const struct probe *probe)
{
    return !memcmp(probe->head, "IMD ", 4) && memchr(probe->head, 0x1A, probe->head_size);
}

/* The first line is "IMD 1.18: 28/12/2004 10:11:12". */
static bool take_title(struct image *image, const struct floppy_file *file, struct error *error)
{
    const char *text = (const char *)file->bytes;
    const char *end = memchr(text, 0x1A, file->size), *line = memchr(text, '\r', (size_t)(end - text));
    char note[232];

    line = line ? line : end;
    snprintf(note, sizeof note, "%.*s", (int)(line - text), text);
    if (!image_add_note(image, "tool", note, error))
        return false;
    line += strspn(line, "\r\n");
    snprintf(note, sizeof note, "%.*s", line < end ? (int)(end - line) : 0, line);
    return image_add_note(image, "comment", note, error);
}

/* One sector's letter and data. `fill` has room for those that are one byte many times. */
static bool take_sector(struct image *image, struct floppy_file *file, struct floppy_sector *sector,
                        struct error *error)
{
    uint64_t offset = file->at;
    const uint8_t *letter = floppy_take(image, file, 1, error), *data = NULL;
    uint8_t fill[8192];
    unsigned size = 128u << sector->size_code, kind;

    if (!letter)
        return false;
    kind = *letter;
    if (kind > 8)
        return image_wrong_at(image, 0, offset, error, "has a sector of a kind that this program does not know");
    /* 0: not read. Then 1, and 2 if all bytes are one; both again if deleted, with an error, and both of these. */
    if (kind && !(data = floppy_take(image, file, kind % 2 ? size : 1, error)))
        return false;
    if (kind && kind % 2 == 0) {
        memset(fill, *data, size);
        data = fill;
    }
    sector->data = data;
    sector->good = kind >= 1 && kind <= 4;
    return floppy_add(image, sector, offset, error);
}

static bool take_track(struct image *image, struct floppy_file *file, struct error *error)
{
    uint64_t offset = file->at;
    const uint8_t *head = floppy_take(image, file, 5, error), *ids, *cylinders = NULL, *sizes = NULL;
    struct floppy_sector sector;

    if (!head)
        return false;
    if (head[0] > 5 || (head[2] & ~(CYLINDER_MAP | HEAD_MAP)) > 1 || (head[4] > 6 && head[4] != 0xFF))
        return image_wrong_at(image, 0, offset, error, "has a track that is none");
    if (!(ids = floppy_take(image, file, head[3], error)) ||
        (head[2] & CYLINDER_MAP && !(cylinders = floppy_take(image, file, head[3], error))) ||
        (head[2] & HEAD_MAP && !floppy_take(image, file, head[3], error)) ||
        (head[4] == 0xFF && !(sizes = floppy_take(image, file, 2u * head[3], error))))
        return false;
    for (unsigned n = 0; n < head[3]; n++) {
        sector = (struct floppy_sector){.cylinder = head[1],
                                        .head = head[2] & 1,
                                        .id = ids[n],
                                        .id_cylinder = cylinders ? cylinders[n] : head[1],
                                        .size_code = head[4]};
        if (sizes)
            for (sector.size_code = 0; sector.size_code < 7 && get_le16(sizes + 2 * n) != 128u << sector.size_code;)
                sector.size_code++;
        if (sector.size_code > 6)
            return image_wrong_at(image, 0, offset, error, "has a sector of no size");
        if (!take_sector(image, file, &sector, error))
            return false;
    }
    return true;
}

static bool take_disk(struct image *image, struct floppy_file *file, struct error *error)
{
    const uint8_t *end = memchr(file->bytes, 0x1A, file->size);

    if (!end) /* beyond what was looked at to recognise it: the file changed */
        return image_wrong(image, NULL, error, "has no end of its comment");
    if (!take_title(image, file, error))
        return false;
    file->at = (size_t)(end - file->bytes) + 1;
    while (file->at < file->size)
        if (!take_track(image, file, error))
            return false;
    return floppy_end(image, error);
}

static bool imd_open(struct image *image, const struct probe *probe, struct error *error)
{
    struct floppy_file file = {NULL, 0, 0};
    bool done = floppy_begin(image, error) && floppy_read(image, probe, &file, error) && take_disk(image, &file, error);

    snprintf(image->info.title, sizeof image->info.title, "ImageDisk");
    free(file.bytes);
    return done;
}

const struct reader imd_reader = {
    .name = "imd", .recognise = imd_recognise, .open = imd_open, .locate = floppy_locate, .unpack = floppy_unpack};
