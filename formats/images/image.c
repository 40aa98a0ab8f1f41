/* image.c - an open image: its files, what it says about itself, and reading what its reader locates (reader.h). */
#include "formats/images/worker.h"
#include "formats/file.h"
#include "formats/images/image.h"
#include "formats/images/made.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/plain.h"
#include "formats/text.h"

/* --- Errors --- */

const char *image_path(const struct image *image)
{
    return image->sources[0].path;
}

bool image_wrong(const struct image *image, const char *place, struct error *error, const char *what)
{
    return error_set(error, STATUS_INPUT, image_path(image), place, NULL, "%s", what);
}

bool image_wrong_at(const struct image *image, uint32_t source, uint64_t offset, struct error *error, const char *what)
{
    char place[48];

    snprintf(place, sizeof place, "offset %llu", (unsigned long long)offset);
    return error_set(error, STATUS_INPUT, image->sources[source].path, place, "get a sound copy", "%s", what);
}

bool image_foreign(const struct image *image, uint64_t offset, struct error *error, const char *what)
{
    char place[48];

    snprintf(place, sizeof place, "offset %llu", (unsigned long long)offset);
    return error_set(error, STATUS_INPUT, image_path(image), place, "it is no disk of a PC: keep the image as it is",
                     "%s", what);
}

static bool out_of_memory(const char *path, struct error *error)
{
    return error_host(error, path, ENOMEM, "cannot open");
}

bool image_no_memory(const struct image *image, struct error *error)
{
    return out_of_memory(image_path(image), error);
}

/* --- Lists that grow --- */

/* Makes room for one more element. */
static bool grow(void **list, uint32_t count, size_t size)
{
    void *more;

    if (count & (count - 1))
        return true;
    more = realloc(*list, (count ? (size_t)count * 2 : 1) * size);
    if (more)
        *list = more;
    return more != NULL;
}

bool image_add_bad(struct image *image, uint64_t first, uint64_t count, struct error *error)
{
    struct sector_range *last = image->bad_count ? &image->bad[image->bad_count - 1] : NULL;

    if (count == 0)
        return true;
    if (last && first < last->first + last->count)
        return image_wrong(image, NULL, error, "lists unreadable sectors out of order");
    if (last && first == last->first + last->count) {
        last->count += count;
        return true;
    }
    if (image->bad_count == UNREADABLE_LIMIT)
        return image_wrong(image, NULL, error, "has too many unreadable places");
    if (!grow((void **)&image->bad, image->bad_count, sizeof *image->bad))
        return image_no_memory(image, error);
    image->bad[image->bad_count++] = (struct sector_range){first, count};
    return true;
}

bool image_add_digest(struct image *image, const char *algorithm, const uint8_t *bytes, size_t size, const char *of,
                      struct error *error)
{
    struct image_info *info = &image->info;
    struct image_digest *digest;

    if (!grow((void **)&info->digests, info->digest_count, sizeof *info->digests))
        return image_no_memory(image, error);
    digest = &info->digests[info->digest_count++];
    *digest = (struct image_digest){.hex = ""};
    snprintf(digest->algorithm, sizeof digest->algorithm, "%s", algorithm);
    snprintf(digest->of, sizeof digest->of, "%s", of);
    for (size_t i = 0; i < size && 2 * i + 2 < sizeof digest->hex; i++)
        snprintf(digest->hex + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

bool image_add_note(struct image *image, const char *key, const char *text, struct error *error)
{
    struct image_info *info = &image->info;
    struct image_note *note;
    char trimmed[sizeof note->text];
    size_t length = strlen(text);

    while (length > 0 && strchr(" \r\n", text[length - 1]))
        length--;
    snprintf(trimmed, sizeof trimmed, "%.*s", (int)(length < sizeof trimmed ? length : sizeof trimmed - 1), text);
    if (!*trimmed || info->note_count >= 64)
        return true;
    if (!grow((void **)&info->notes, info->note_count, sizeof *info->notes))
        return image_no_memory(image, error);
    note = &info->notes[info->note_count++];
    plain_copy(note->key, sizeof note->key, key);
    plain_copy(note->text, sizeof note->text, trimmed);
    return true;
}

void *image_state(struct image *image, size_t size, struct error *error)
{
    image->state = calloc(1, size);
    if (!image->state)
        image_no_memory(image, error);
    return image->state;
}

/* --- Files --- */

/* Notes a file in info, at the place of a source. */
static struct image_file *note_file(struct image_info *info, const char *name, const char *role)
{
    struct image_file *file;

    if (!grow((void **)&info->files, info->file_count, sizeof *info->files))
        return NULL;
    file = &info->files[info->file_count++];
    *file = (struct image_file){.size = 0};
    snprintf(file->name, sizeof file->name, "%s", name);
    snprintf(file->role, sizeof file->role, "%s", role);
    return file;
}

bool image_note_file(struct image *image, const char *name, const char *role, uint64_t size, struct error *error)
{
    struct image_file *file = note_file(&image->info, name, role);

    if (!file)
        return image_no_memory(image, error);
    file->size = size;
    return true;
}

bool image_add_path(struct image *image, const char *path, const char *name, const char *role, bool links,
                    struct error *error)
{
    struct source *source;
    struct image_file *file;

    if (image->source_count == FILES_LIMIT)
        return image_wrong(image, NULL, error, "consists of too many files");
    if (!grow((void **)&image->sources, image->source_count, sizeof *image->sources) ||
        !(file = note_file(&image->info, name, role)))
        return out_of_memory(path, error);
    source = &image->sources[image->source_count++];
    if (!source_open(source, image->request->opener, path, links ? SOURCE_GIVEN : SOURCE_OF_IMAGE, error))
        return false;
    file->size = source->file_size;
    file->opened = true;
    for (const struct image *i = image; i; i = i->above)
        for (uint32_t k = 0; k < i->source_count - (i == image); k++)
            if (i->sources[k].state.inode == source->state.inode && i->sources[k].state.device == source->state.device)
                return error_set(error, STATUS_INPUT, path, NULL, NULL, "names itself, or is named twice, as %s", role);
    return true;
}

bool image_add_made(struct image *image, const char *path, struct error *error)
{
    struct source *source;
    struct image_file *file;

    if (!grow((void **)&image->sources, image->source_count, sizeof *image->sources) ||
        !(file = note_file(&image->info, path, "made")))
        return out_of_memory(path, error);
    source = &image->sources[image->source_count++];
    *source = (struct source){.temporary = -1}; /* nobody else can change it */
    snprintf(source->path, sizeof source->path, "%s", path);
    source->descriptor = made_open(path, &source->size, error);
    file->size = source->file_size = source->size;
    file->opened = source->descriptor >= 0;
    return file->opened;
}

bool image_beside(const struct image *image, const char *name, char path[PATH_MAX], struct error *error)
{
    const char *own = image_path(image);
    int folder = (int)(path_name(own) - own);

    return snprintf(path, PATH_MAX, "%.*s%s", folder, own, name) < PATH_MAX ||
           error_host(error, name, ENAMETOOLONG, "cannot open");
}

bool image_add_file(struct image *image, const char *name, const char *role, uint32_t *source, struct error *error)
{
    char path[PATH_MAX];

    *source = image->source_count;
    return image_beside(image, name, path, error) && image_add_path(image, path, name, role, false, error);
}

bool image_has_file(const struct image *image, const char *name)
{
    const struct image_opener *opener = image->request->opener;
    char path[PATH_MAX];

    return image_beside(image, name, path, NULL) && (opener ? opener->has(opener->context, path) : source_exists(path));
}

/* The last part of a name that any system may have written; null for one that names no file. */
static const char *plain_name(const char *name)
{
    const char *last = name;

    for (const char *p = name; *p; p++)
        if (*p == '/' || *p == '\\')
            last = p + 1;
    return *last && strcmp(last, ".") && strcmp(last, "..") && strlen(last) <= NAME_MAX ? last : NULL;
}

/* The name in the image's own folder under which a named file is opened, or null with *error. */
static const char *permit(struct image *image, const char *name, const char *role, struct error *error)
{
    const char *plain = plain_name(name);
    char remedy[256];

    if (plain && image->request->follow)
        return plain;
    note_file(&image->info, name, role);
    snprintf(remedy, sizeof remedy, "if %.150s beside it may be read, say --follow", plain ? plain : "");
    error_set(error, STATUS_INPUT, image_path(image), NULL, plain ? remedy : NULL, "names another file as its %s: %s",
              role, name);
    return NULL;
}

bool image_add_named(struct image *image, const char *name, const char *role, uint32_t *source, struct error *error)
{
    const char *plain = permit(image, name, role, error);

    return plain && image_add_file(image, plain, role, source, error);
}

void image_close(struct image *image)
{
    if (!image)
        return;
    image_close(image->below);
    if (image->reader && image->reader->close && image->state)
        image->reader->close(image);
    for (uint32_t i = 0; i < image->source_count; i++)
        source_close(&image->sources[i]);
    for (unsigned i = 0; i < CACHED_CLUSTERS; i++)
        free(image->cache[i].bytes);
    free(image->state);
    free(image->sources);
    free(image->bad);
    image_info_free(&image->info);
    free(image);
}

void image_info_free(struct image_info *info)
{
    free(info->files);
    free(info->digests);
    free(info->notes);
    free(info->unreadable);
    *info = (struct image_info){.format = NULL};
}

struct image *image_new(const struct image_request *request, const char *path, struct error *error)
{
    struct image *image = calloc(1, sizeof *image);

    if (image)
        image->request = request;
    else
        out_of_memory(path, error);
    return image;
}

bool image_add_below(struct image *image, const char *name, const char *role, const char *format, struct error *error)
{
    const char *plain = permit(image, name, role, error);
    struct image *below = plain ? image_new(image->request, name, error) : NULL;
    char path[PATH_MAX];
    unsigned depth = 0;
    bool done;

    if (!below)
        return false;
    image->below = below;
    below->above = image;
    below->open_by_reader = image->open_by_reader;
    for (const struct image *i = below; i; i = i->above)
        depth++;
    done = depth <= DEPTH_LIMIT
               ? image_beside(image, plain, path, error) && image_add_path(below, path, plain, role, false, error) &&
                     below->open_by_reader(below, format, error)
               : image_wrong(image, NULL, error, "is at the end of a chain of images that is too long");
    for (uint32_t i = 0; i < below->info.file_count; i++) {
        struct image_file *file = note_file(&image->info, below->info.files[i].name, below->info.files[i].role);

        if (!file)
            return out_of_memory(path, error);
        *file = below->info.files[i];
    }
    return done;
}

/* --- Reading --- */

uint64_t image_sectors(const struct image *image)
{
    return (image->size + SECTOR_SIZE - 1) / SECTOR_SIZE;
}

/* The first unreadable range that ends after a sector; bad_count if there is none. */
static uint32_t find_bad(const struct image *image, uint64_t sector)
{
    uint32_t low = 0, high = image->bad_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (image->bad[middle].first + image->bad[middle].count <= sector)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What the reader says, cut at the disk's end, and at unreadable sectors. */
static bool locate(struct image *image, uint64_t sector, struct piece *piece)
{
    uint32_t bad = find_bad(image, sector);
    uint64_t limit = image_sectors(image) - sector;

    if (bad < image->bad_count && image->bad[bad].first <= sector) {
        *piece = (struct piece){.kind = PIECE_UNREADABLE,
                                .sectors = image->bad[bad].first + image->bad[bad].count - sector};
    } else {
        if (bad < image->bad_count && image->bad[bad].first - sector < limit)
            limit = image->bad[bad].first - sector;
        *piece = (struct piece){.sectors = 1};
        if (!image->reader->locate(image, sector, piece, &image->failure))
            return false;
    }
    if (piece->sectors > limit)
        piece->sectors = limit;
    return true;
}

/* The bytes of a cluster until the next call, or null with image->failure. */
static const uint8_t *find_cluster(struct image *image, const struct piece *piece)
{
    unsigned oldest = 0;

    for (unsigned i = 0; i < CACHED_CLUSTERS; i++) {
        if (image->cache[i].used && image->cache[i].cluster == piece->cluster) {
            image->cache[i].used = ++image->clock;
            return image->cache[i].bytes;
        }
        if (image->cache[i].used < image->cache[oldest].used)
            oldest = i;
    }
    image->cache[oldest].used = 0;
    if (!image->cache[oldest].bytes && !(image->cache[oldest].bytes = malloc(image->cluster_size))) {
        image_no_memory(image, &image->failure);
        return NULL;
    }
    if (!image->reader->unpack(image, piece, image->cache[oldest].bytes, &image->failure))
        return NULL;
    image->cache[oldest].cluster = piece->cluster;
    image->cache[oldest].used = ++image->clock;
    return image->cache[oldest].bytes;
}

/* Sectors of the image below, which may be shorter. */
static enum block_result read_below(struct image *image, uint64_t sector, uint32_t count, uint8_t *buffer,
                                    uint32_t *done)
{
    uint64_t there = image->below ? image_sectors(image->below) : 0;
    uint32_t real = sector >= there ? 0 : there - sector < count ? (uint32_t)(there - sector) : count;
    enum block_result result = BLOCK_OK;

    *done = 0;
    if (real > 0)
        result = image_read(image->below, sector, real, buffer, done);
    if (result == BLOCK_FAILED)
        image->failure = image->below->failure;
    if (result != BLOCK_OK)
        return result;
    memset(buffer + (size_t)real * SECTOR_SIZE, 0, (size_t)(count - real) * SECTOR_SIZE);
    *done = count;
    return BLOCK_OK;
}

/* Reads sectors that one piece holds. */
static enum block_result read_piece(struct image *image, const struct piece *piece, uint64_t sector, uint32_t count,
                                    uint8_t *buffer, uint32_t *done)
{
    size_t size = (size_t)count * SECTOR_SIZE, real = size;
    const uint8_t *cluster;
    bool good = true;

    *done = 0;
    if (sector * SECTOR_SIZE + size > image->size)
        real = (size_t)(image->size - sector * SECTOR_SIZE);
    switch (piece->kind) {
    case PIECE_BELOW: return read_below(image, sector, count, buffer, done);
    case PIECE_UNREADABLE: return BLOCK_UNREADABLE;
    case PIECE_ZEROS: memset(buffer, 0, real); break;
    case PIECE_STORED:
        good = source_read(&image->sources[piece->source], piece->offset, buffer, real, &image->failure);
        break;
    case PIECE_PACKED:
        cluster = find_cluster(image, piece);
        good = cluster != NULL;
        if (good)
            memcpy(buffer, cluster + (size_t)piece->inside * SECTOR_SIZE, real);
        break;
    }
    if (!good && image->spoilt) {
        image->spoilt = false;
        return BLOCK_UNREADABLE;
    }
    if (!good)
        return BLOCK_FAILED;
    memset(buffer + real, 0, size - real);
    *done = count;
    return BLOCK_OK;
}

enum block_result image_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    struct image *image = context;

    for (*done = 0; *done < count;) {
        enum block_result result;
        struct piece piece;
        uint32_t part = 0;

        if (!locate(image, sector + *done, &piece))
            return BLOCK_FAILED;
        if (piece.sectors > count - *done)
            piece.sectors = count - *done;
        result = read_piece(image, &piece, sector + *done, (uint32_t)piece.sectors,
                            buffer + (size_t)*done * SECTOR_SIZE, &part);
        *done += part;
        if (result != BLOCK_OK)
            return result;
    }
    return BLOCK_OK;
}

uint64_t image_zeros(void *context, uint64_t sector)
{
    struct image *image = context;
    struct piece piece;
    uint64_t zeros = 0;

    if (!locate(image, sector, &piece))
        return 0;
    if (piece.kind == PIECE_ZEROS)
        return piece.sectors;
    if (piece.kind == PIECE_STORED)
        zeros = source_hole(&image->sources[piece.source], piece.offset) / SECTOR_SIZE;
    if (piece.kind == PIECE_BELOW)
        zeros = image->below && sector < image_sectors(image->below) ? image_zeros(image->below, sector)
                                                                     : piece.sectors;
    return zeros < piece.sectors ? zeros : piece.sectors;
}

const struct error *image_failure(void *context)
{
    return &((struct image *)context)->failure;
}

int image_channel(const struct block *disk)
{
    return is_worker(disk) ? worker_channel(disk) : -1;
}

uint64_t image_size(const struct block *disk)
{
    return is_worker(disk) ? worker_size(disk) : ((const struct image *)disk->context)->size;
}

bool image_unchanged(const struct block *disk, struct error *error)
{
    if (is_worker(disk))
        return worker_unchanged(disk, error);
    for (const struct image *image = disk->context; image; image = image->below)
        for (uint32_t i = 0; i < image->source_count; i++)
            if (!file_unchanged(image->sources[i].descriptor, image->sources[i].path, &image->sources[i].state, error))
                return false;
    return true;
}

bool image_file_read(const struct block *disk, uint32_t file, uint64_t offset, void *buffer, size_t size,
                     struct error *error)
{
    const struct image *image = disk->context;

    if (is_worker(disk))
        return worker_file_read(disk, file, offset, buffer, size, error);
    for (; image && file >= image->source_count; image = image->below)
        file -= image->source_count;
    return image ? source_read_file(&image->sources[file], offset, buffer, size, error)
                 : error_set(error, STATUS_INPUT, "image", NULL, NULL, "has no such file");
}
