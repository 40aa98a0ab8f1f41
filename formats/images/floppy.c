/* floppy.c - see floppy.h. */
#include "formats/images/floppy.h"

#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT (2 * FLOPPY_BYTES)
#define PLACES (FLOPPY_CYLINDERS * 2 * FLOPPY_SECTORS)
#define CLUSTER_SECTORS 36u

enum place { PLACE_EMPTY, PLACE_GOOD, PLACE_BAD };

struct floppy {
    unsigned cylinders, heads, sectors; /* as many as were found */
    bool single;                        /* an address names another cylinder than half of the head's */
    uint8_t place[PLACES];
    uint8_t bytes[FLOPPY_BYTES]; /* by place; when it is complete, one sector after the other of the disk */
};

bool floppy_read(struct image *image, const struct probe *probe, struct floppy_file *file, struct error *error)
{
    *file = (struct floppy_file){.size = (size_t)probe->size};
    if (probe->size > FILE_LIMIT)
        return image_wrong(image, NULL, error, "is longer than an image of a floppy can be");
    file->bytes = malloc(file->size);
    return file->bytes ? source_read(&image->sources[0], 0, file->bytes, file->size, error)
                       : image_no_memory(image, error);
}

const uint8_t *floppy_take(struct image *image, struct floppy_file *file, size_t size, struct error *error)
{
    const uint8_t *taken = file->bytes + file->at;

    if (size > file->size - file->at) {
        image_wrong_at(image, 0, file->size, error, "ends too early");
        return NULL;
    }
    file->at += size;
    return taken;
}

bool floppy_begin(struct image *image, struct error *error)
{
    return image_state(image, sizeof(struct floppy), error) != NULL;
}

bool floppy_add(struct image *image, const struct floppy_sector *s, uint64_t offset, struct error *error)
{
    struct floppy *f = image->state;
    size_t place = (s->cylinder * 2u + s->head) * FLOPPY_SECTORS + s->id - 1;

    if (s->size_code != 2)
        return image_foreign(image, offset, error, "has a sector that is not of 512 bytes");
    if (s->cylinder >= FLOPPY_CYLINDERS || s->head > 1 || s->id == 0 || s->id > FLOPPY_SECTORS)
        return image_wrong_at(image, 0, offset, error, "has a sector that no plain disk has");
    f->single = f->single || s->id_cylinder != s->cylinder / 2;
    f->cylinders = s->cylinder < f->cylinders ? f->cylinders : s->cylinder + 1;
    f->heads = s->head < f->heads ? f->heads : s->head + 1;
    f->sectors = s->id <= f->sectors ? f->sectors : s->id;
    if (f->place[place] == PLACE_GOOD)
        return true;
    f->place[place] = s->data && s->good ? PLACE_GOOD : PLACE_BAD;
    if (s->data)
        memcpy(f->bytes + place * SECTOR_SIZE, s->data, SECTOR_SIZE);
    return true;
}

/* Moves what was read on each second cylinder to its own, never to a higher place. */
static void fold(struct floppy *f)
{
    f->cylinders = (f->cylinders + 1) / 2;
    for (size_t to = 0, track = (size_t)2 * FLOPPY_SECTORS; to < f->cylinders * track; to++) {
        size_t from = to + to / track * track;
        if (f->place[from] != PLACE_GOOD && f->place[from + track] != PLACE_EMPTY)
            from += track;
        f->place[to] = f->place[from];
        memmove(f->bytes + to * SECTOR_SIZE, f->bytes + from * SECTOR_SIZE, SECTOR_SIZE);
    }
}

bool floppy_end(struct image *image, struct error *error)
{
    struct floppy *f = image->state;
    uint64_t sector = 0;

    if (!f->single && f->cylinders > 1) {
        fold(f);
        if (!image_add_note(image, "drive", "of 96 tracks to the inch, for a disk of 48", error))
            return false;
    }
    for (unsigned track = 0; track < f->cylinders * 2; track++) {
        if (track % 2 >= f->heads)
            continue;
        for (unsigned n = 0; n < f->sectors; n++, sector++) { /* never to a higher place than it comes from */
            size_t place = (size_t)track * FLOPPY_SECTORS + n;
            memmove(f->bytes + sector * SECTOR_SIZE, f->bytes + place * SECTOR_SIZE, SECTOR_SIZE);
            if (f->place[place] != PLACE_GOOD && !image_add_bad(image, sector, 1, error))
                return false;
        }
    }
    image->size = sector * SECTOR_SIZE;
    image->cluster_size = CLUSTER_SECTORS * SECTOR_SIZE;
    return true;
}

bool floppy_locate(struct image *image, uint64_t sector, struct piece *piece, struct error *error)
{
    (void)image, (void)error;
    piece->kind = PIECE_PACKED;
    piece->cluster = sector / CLUSTER_SECTORS;
    piece->inside = sector % CLUSTER_SECTORS;
    piece->sectors = CLUSTER_SECTORS - piece->inside;
    return true;
}

bool floppy_unpack(struct image *image, const struct piece *piece, uint8_t *cluster, struct error *error)
{
    const struct floppy *f = image->state;
    uint64_t first = piece->cluster * CLUSTER_SECTORS * SECTOR_SIZE;
    size_t size = CLUSTER_SECTORS * SECTOR_SIZE;

    (void)error;
    if (size > image->size - first)
        size = (size_t)(image->size - first);
    memcpy(cluster, f->bytes + first, size);
    return true;
}
