/* split.c - raw images in parts: IMAGE.001, IMAGE.002 ...; IMAGE.000 ...; IMAGE.aa, IMAGE.ab ... A part may end within
 * a sector. */
#include "formats/images/raw.h"

#include <stdlib.h>
#include <string.h>

struct split {
    uint64_t *ends; /* of each part, in bytes of the disk */
    uint32_t count;
};

/* The last part of the name, of digits or of letters, counted on, or back. False when it is not the ending of a part,
 * or the last one that there can be. */
static bool step_name(char *name, bool on)
{
    char *dot = strrchr(name, '.'), *p;
    size_t length = dot ? strlen(dot + 1) : 0;
    bool digits = length >= 2 && length <= 5 && strspn(dot + 1, "0123456789") == length;
    char lowest = digits ? '0' : 'a', highest = digits ? '9' : 'z';

    if (!digits && !(length >= 2 && length <= 5 && strspn(dot + 1, "abcdefghijklmnopqrstuvwxyz") == length))
        return false;
    for (p = dot + length; p > dot; p--) {
        if (*p != (on ? highest : lowest)) {
            *p = (char)(*p + (on ? 1 : -1));
            return true;
        }
        *p = on ? lowest : highest;
    }
    return false;
}

static bool is_first(const char *name)
{
    const char *dot = strrchr(name, '.');
    size_t length = dot ? strlen(dot + 1) : 0;

    return length >= 2 && ((strspn(dot + 1, "0") >= length - 1 && (dot[length] == '0' || dot[length] == '1')) ||
                           strspn(dot + 1, "a") == length);
}

bool split_has_more(const struct image *image, const char *name)
{
    char next[NAME_MAX + 1];

    snprintf(next, sizeof next, "%s", name);
    return is_first(name) && step_name(next, true) && image_has_file(image, next);
}

bool split_refuse_later(const struct image *image, const char *name, struct error *error)
{
    char first[NAME_MAX + 1], before[NAME_MAX + 1];

    snprintf(first, sizeof first, "%s", name);
    snprintf(before, sizeof before, "%s", name);
    while (step_name(before, false) && image_has_file(image, before))
        strcpy(first, before);
    return !strcmp(first, name) || !is_first(first) ||
           error_set(error, STATUS_INPUT, image_path(image), NULL,
                     "give that one; --format raw takes this part for all of a disk",
                     "is a later part of the image that begins with %s", first);
}

static bool split_locate(struct image *image, uint64_t sector, struct piece *piece, struct error *error)
{
    const struct split *s = image->state;
    uint64_t at = sector * SECTOR_SIZE;
    uint32_t part = 0;

    (void)error;
    while (s->ends[part] <= at)
        part++;
    piece->source = part;
    piece->offset = at - (part ? s->ends[part - 1] : 0);
    piece->sectors = (s->ends[part] - at) / SECTOR_SIZE;
    piece->kind = PIECE_STORED;
    if (piece->sectors == 0 && part + 1 < s->count) { /* the sector goes on in the next part */
        piece->kind = PIECE_PACKED;
        piece->cluster = sector;
    }
    if (piece->sectors == 0)
        piece->sectors = 1;
    return true;
}

/* A sector of several parts. */
static bool split_unpack(struct image *image, const struct piece *piece, uint8_t *cluster, struct error *error)
{
    const struct split *s = image->state;
    uint64_t at = piece->cluster * SECTOR_SIZE;
    uint32_t part = piece->source;

    memset(cluster, 0, SECTOR_SIZE);
    for (size_t got = 0; got < SECTOR_SIZE && part < s->count; part++) {
        uint64_t left = s->ends[part] - at - got;
        size_t size = left < SECTOR_SIZE - got ? (size_t)left : SECTOR_SIZE - got;

        if (!source_read(&image->sources[part], at + got - (part ? s->ends[part - 1] : 0), cluster + got, size, error))
            return false;
        got += size;
    }
    return true;
}

static void split_close(struct image *image)
{
    free(((struct split *)image->state)->ends);
}

static bool split_recognise(const struct probe *probe)
{
    (void)probe;
    return false;
}

static const struct reader split_reader = {
    .name = "split",
    .recognise = split_recognise,
    .open = split_open,
    .locate = split_locate,
    .unpack = split_unpack,
    .close = split_close,
};

bool split_open(struct image *image, const struct probe *probe, struct error *error)
{
    struct split *s = image_state(image, sizeof *s, error);
    char name[NAME_MAX + 1], after[NAME_MAX + 1];
    uint32_t source;

    if (!s)
        return false;
    image->reader = &split_reader;
    image->info.format = split_reader.name;
    image->cluster_size = SECTOR_SIZE;
    snprintf(name, sizeof name, "%s", probe->name);
    while (step_name(name, true) && image_has_file(image, name))
        if (!image_add_file(image, name, "segment", &source, error))
            return false;
    snprintf(after, sizeof after, "%s", name);
    if (step_name(after, true) && image_has_file(image, after))
        return error_set(error, STATUS_INPUT, image_path(image), NULL, "put all parts into one folder",
                         "lacks its part %s, though %s is there", name, after);
    s->ends = malloc(image->source_count * sizeof *s->ends);
    if (!s->ends)
        return image_no_memory(image, error);
    for (image->size = 0; s->count < image->source_count; s->count++)
        s->ends[s->count] = image->size += image->sources[s->count].size;
    snprintf(image->info.title, sizeof image->info.title, "raw, in %u parts", s->count);
    return true;
}
