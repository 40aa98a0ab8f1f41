/* vmdk.c - VMware's images: monolithic and split, sparse and flat, stream-optimised, and ESX' COWD (VMware, Virtual
 * Disk Format 5.0). Numbers are little-endian; offsets and sizes are in sectors.
 *
 * A text, the descriptor, lists extents: files that hold one part of the disk after the other. It is a file of its own,
 * or lies in its only extent. A sparse extent has a directory of tables of grains. A grain that is absent is the
 * parent's. */
#include "formats/images/reader.h"
#include "formats/images/unpack.h"

#include <stdlib.h>
#include <string.h>

#define DESCRIPTOR_LIMIT (1u << 20)
#define COMPARED 65536u
#define AT_END UINT64_MAX /* of the directory: the header that counts is at the end of the file */

enum kind { FLAT, SPARSE, COMPRESSED, ZEROS };

struct extent {
    uint64_t first, sectors; /* of the disk */
    enum kind kind;
    uint32_t source;
    uint64_t offset; /* FLAT: of its first sector in the file, in bytes */
    uint64_t directory;
    uint32_t grain, entries; /* sectors of a grain; grains of a table */
    bool markers, zero_grains;
};

struct vmdk {
    struct extent *extents;
    uint32_t count;
    char id[16]; /* CID */
};

static bool vmdk_recognise(const struct probe *probe)
{
    return !memcmp(probe->head, "KDMV", 4) || !memcmp(probe->head, "COWD", 4) ||
           !memcmp(probe->head, "# Disk DescriptorFile", 21);
}

/* Whether the copy of a directory says of the same tables that they are there. Only the first ones are compared. */
static bool copy_agrees(struct image *image, const struct extent *e, uint64_t copy, struct error *error)
{
    const struct source *source = &image->sources[e->source];
    const uint64_t tables = (e->sectors / e->grain + e->entries) / e->entries;
    uint8_t entries[2][4];

    for (uint64_t i = 0; i < tables && i < COMPARED; i++) {
        if (!source_read(source, e->directory * SECTOR_SIZE + i * 4, entries[0], 4, error) ||
            !source_read(source, copy * SECTOR_SIZE + i * 4, entries[1], 4, error))
            return false;
        if (!get_le32(entries[0]) != !get_le32(entries[1]))
            return image_wrong_at(image, e->source, e->directory * SECTOR_SIZE + i * 4, error,
                                  "has a directory of grains that differs from its copy");
    }
    return true;
}

/* Reads the header of a sparse extent, whose file is given. */
static bool sparse_header(struct image *image, struct extent *e, uint64_t *descriptor, uint64_t *length,
                          struct error *error)
{
    const struct source *source = &image->sources[e->source];
    uint64_t copy = 0;
    uint8_t h[SECTOR_SIZE];
    uint32_t flags;

    if (!source_read(source, 0, h, sizeof h, error))
        return false;
    *descriptor = *length = 0;
    if (!memcmp(h, "COWD", 4)) {
        e->sectors = get_le32(h + 12);
        e->grain = get_le32(h + 16);
        e->directory = get_le32(h + 20);
        e->entries = 4096;
        e->kind = SPARSE;
    } else {
        if (!memcmp(h, "KDMV", 4) && get_le64(h + 56) == AT_END && source->size >= 3 * SECTOR_SIZE &&
            !source_read(source, source->size - 2 * SECTOR_SIZE, h, sizeof h, error))
            return false;
        if (memcmp(h, "KDMV", 4) != 0 || get_le32(h + 4) > 3 || get_le64(h + 56) == AT_END)
            return image_wrong_at(image, e->source, 0, error, "has no header of a sparse extent that is complete");
        flags = get_le32(h + 8);
        e->sectors = get_le64(h + 12);
        e->grain = get_le64(h + 20) <= CLUSTER_LIMIT / SECTOR_SIZE ? (uint32_t)get_le64(h + 20) : 0;
        *descriptor = get_le64(h + 28);
        *length = get_le64(h + 36);
        e->entries = get_le32(h + 44);
        e->directory = get_le64(h + 56);
        e->zero_grains = flags & 4;
        e->markers = flags & 0x20000;
        e->kind = flags & 0x10000 ? COMPRESSED : SPARSE;
        if (flags & 1 && memcmp(h + 73, "\n \r\n", 4) != 0)
            return image_wrong_at(image, e->source, 73, error, "was copied as if it were text");
        if (e->markers != (e->kind == COMPRESSED) || get_le16(h + 77) != e->markers)
            return image_wrong_at(image, e->source, 77, error, "has a compression that this program does not know");
        copy = flags & 2 && e->kind == COMPRESSED ? get_le64(h + 48) : 0; /* of others an unclean end may be the reason
                                                                           */
    }
    if (e->grain == 0 || e->grain & (e->grain - 1) || e->grain > CLUSTER_LIMIT / SECTOR_SIZE || e->entries == 0 ||
        e->entries > 4096 || e->sectors > IMAGE_LIMIT / SECTOR_SIZE)
        return image_wrong_at(image, e->source, 0, error, "has grains, tables or a disk of a wrong size");
    if (e->grain * SECTOR_SIZE > image->cluster_size)
        image->cluster_size = e->grain * SECTOR_SIZE;
    if (e->kind == COMPRESSED)
        snprintf(image->info.compression, sizeof image->info.compression, "zlib");
    return !copy || copy_agrees(image, e, copy, error);
}

/* --- The descriptor --- */

static const char *next_line(const char *line)
{
    line = strchr(line, '\n');
    return line ? line + 1 : NULL;
}

/* The value of `key = value` or `key="value"`. */
static bool value_of(const char *text, const char *key, char *value, size_t size)
{
    size_t length = strlen(key);

    for (const char *line = text; line; line = next_line(line)) {
        line += strspn(line, " \t");
        if (strncmp(line, key, length) != 0)
            continue;
        const char *at = line + length + strspn(line + length, " \t");
        if (*at != '=')
            continue;
        at += 1 + strspn(at + 1, " \t");
        bool quoted = *at == '"';
        at += quoted;
        size_t n = strcspn(at, quoted ? "\"\r\n" : " \t\r\n");
        snprintf(value, size, "%.*s", (int)(n < size ? n : size - 1), at);
        return true;
    }
    *value = '\0';
    return false;
}

/* A compressed extent is the only one: its grains are known by their sectors of the disk. */
static bool add_extent(struct image *image, const struct extent *extent, struct error *error)
{
    struct vmdk *v = image->state;

    if (v->count && (extent->kind == COMPRESSED || v->extents[0].kind == COMPRESSED))
        return image_wrong(image, "descriptor", error, "lists a compressed extent among others");
    struct extent *more = realloc(v->extents, (v->count + 1) * sizeof *more);

    if (!more)
        return image_no_memory(image, error);
    v->extents = more;
    v->extents[v->count] = *extent;
    v->extents[v->count++].first = image->size / SECTOR_SIZE;
    image->size += extent->sectors * SECTOR_SIZE;
    return true;
}

/* ACCESS SECTORS KIND "NAME" [OFFSET] */
static bool take_extent(struct image *image, const char *line, struct error *error)
{
    static const struct {
        const char *word;
        enum kind kind;
    } kinds[] = {{"FLAT", FLAT}, {"VMFS", FLAT}, {"SPARSE", SPARSE}, {"VMFSSPARSE", SPARSE}, {"ZERO", ZEROS}};
    char access[16], word[16], name[512] = "";
    unsigned long long sectors, offset = 0;
    struct extent e = {.kind = ZEROS};
    uint64_t descriptor, length;
    int got = sscanf(line, "%15s %15llu %15s \"%511[^\"\r\n]\" %15llu", access, &sectors, word, name, &offset);
    size_t k = 0;

    while (k < sizeof kinds / sizeof kinds[0] && (got < 3 || strcmp(word, kinds[k].word) != 0))
        k++;
    if (k == sizeof kinds / sizeof kinds[0] || sectors > IMAGE_LIMIT / SECTOR_SIZE ||
        offset > IMAGE_LIMIT / SECTOR_SIZE || image->size + sectors * SECTOR_SIZE > IMAGE_LIMIT)
        return image_wrong(image, "descriptor", error, "lists an extent of a kind that this program does not know");
    e.kind = kinds[k].kind;
    if (e.kind != ZEROS && !image_add_named(image, name, "extent", &e.source, error))
        return false;
    if (e.kind == SPARSE) {
        if (!sparse_header(image, &e, &descriptor, &length, error))
            return false;
        if (e.sectors < sectors)
            return image_wrong_at(image, e.source, 0, error, "is shorter than its descriptor says");
    }
    e.sectors = sectors;
    e.offset = (uint64_t)offset * SECTOR_SIZE;
    if (e.kind == FLAT && e.offset + sectors * SECTOR_SIZE > image->sources[e.source].size)
        return image_wrong_at(image, e.source, image->sources[e.source].size, error,
                              "is shorter than its descriptor says");
    return add_extent(image, &e, error);
}

static bool lists_extent(const char *line)
{
    return !strncmp(line, "RW ", 3) || !strncmp(line, "RDONLY ", 7) || !strncmp(line, "NOACCESS ", 9);
}

/* A descriptor in its only extent says the size as well; the extent's, which counts, may be filled up to whole grains.
 */
static bool size_agrees(struct image *image, const char *text, struct error *error)
{
    const struct extent *e = ((const struct vmdk *)image->state)->extents;
    unsigned long long part, sectors = 0;

    for (const char *line = text; line; line = next_line(line))
        if (lists_extent(line) && sscanf(line, "%*15s %15llu", &part) == 1)
            sectors += part;
    return sectors == 0 || sectors == e->sectors || (sectors + e->grain - 1) / e->grain * e->grain == e->sectors ||
           image_wrong(image, "header", error, "has a header and a descriptor that say different sizes");
}

static bool take_extents(struct image *image, const char *text, struct error *error)
{
    for (const char *line = text; line; line = next_line(line))
        if (lists_extent(line) && !take_extent(image, line, error))
            return false;
    return true;
}

static bool open_parent(struct image *image, const char *text, struct error *error)
{
    char id[16], name[512];
    const struct vmdk *parent;

    if (!value_of(text, "parentCID", id, sizeof id) || !strcmp(id, "ffffffff") ||
        !value_of(text, "parentFileNameHint", name, sizeof name))
        return true;
    if (!image_add_below(image, name, "parent", "vmdk", error))
        return false;
    parent = image->below->state;
    return !strcmp(parent->id, id) ||
           error_set(error, STATUS_INPUT, image_path(image->below), "descriptor",
                     "find the parent that it was made from", "is not the parent that %s means: its CID is %s, not %s",
                     image_path(image), parent->id, id);
}

/* Whether a name is that of one extent of several: NAME-s001.vmdk. */
static bool names_extent(const char *name)
{
    size_t length = strlen(name);

    return length > 10 && !strncmp(name + length - 10, "-s", 2) && strspn(name + length - 8, "0123456789") == 3;
}

static bool take_descriptor(struct image *image, const char *text, bool whole, struct error *error)
{
    struct vmdk *v = image->state;
    char type[64];

    value_of(text, "createType", type, sizeof type);
    if (!*type && !image->request->format && names_extent(image->info.files[0].name))
        return error_set(error, STATUS_INPUT, image_path(image), NULL,
                         "give the file that names it, without -sNNN; --format vmdk takes this one for all of a disk",
                         "is an extent of an image");
    value_of(text, "CID", v->id, sizeof v->id);
    value_of(text, "version", image->info.version, sizeof image->info.version);
    snprintf(image->info.title, sizeof image->info.title, "VMDK, %.60s", *type ? type : "sparse");
    return (whole ? take_extents(image, text, error) : size_agrees(image, text, error)) &&
           open_parent(image, text, error);
}

static bool read_descriptor(struct image *image, uint64_t offset, uint64_t size, bool whole, struct error *error)
{
    char *text;
    bool done;

    if (size > DESCRIPTOR_LIMIT)
        return image_wrong(image, "descriptor", error, "has a descriptor that is too long");
    text = calloc(1, (size_t)size + 1);
    if (!text)
        return image_no_memory(image, error);
    done = source_read(&image->sources[0], offset, text, (size_t)size, error) &&
           take_descriptor(image, text, whole, error);
    free(text);
    return done;
}

static bool vmdk_open(struct image *image, const struct probe *probe, struct error *error)
{
    struct extent e = {.kind = SPARSE};
    uint64_t descriptor, length;

    if (!image_state(image, sizeof(struct vmdk), error))
        return false;
    if (probe->head[0] == '#')
        return read_descriptor(image, 0, probe->size, true, error);
    if (!sparse_header(image, &e, &descriptor, &length, error) || !add_extent(image, &e, error))
        return false;
    if (descriptor > IMAGE_LIMIT / SECTOR_SIZE || length > IMAGE_LIMIT / SECTOR_SIZE)
        return image_wrong(image, "header", error, "has a descriptor that is out of place");
    return descriptor ? read_descriptor(image, descriptor * SECTOR_SIZE, length * SECTOR_SIZE, false, error)
                      : take_descriptor(image, "", false, error);
}

static void vmdk_close(struct image *image)
{
    free(((struct vmdk *)image->state)->extents);
}

/* --- Grains --- */

static const struct extent *extent_at(const struct vmdk *v, uint64_t sector)
{
    uint32_t low = 0, high = v->count - 1;

    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;

        if (v->extents[middle].first <= sector)
            low = middle;
        else
            high = middle - 1;
    }
    return &v->extents[low];
}

static bool locate_grain(struct image *image, const struct extent *e, uint64_t sector, struct piece *piece,
                         struct error *error)
{
    uint64_t grain = sector / e->grain, table;
    uint8_t entry[4];
    uint32_t at;

    piece->kind = PIECE_BELOW;
    piece->inside = (uint32_t)(sector % e->grain);
    piece->sectors = e->grain - piece->inside;
    if (!source_read(&image->sources[e->source], e->directory * SECTOR_SIZE + grain / e->entries * 4, entry, 4, error))
        return false;
    table = get_le32(entry);
    if (table == 0) {
        piece->sectors += (uint64_t)(e->entries - 1 - grain % e->entries) * e->grain;
        return true;
    }
    if (!source_read(&image->sources[e->source], table * SECTOR_SIZE + grain % e->entries * 4, entry, 4, error))
        return false;
    at = get_le32(entry);
    if (at == 0)
        return true;
    if (at == 1 && e->zero_grains) {
        piece->kind = PIECE_ZEROS;
        return true;
    }
    piece->kind = e->kind == COMPRESSED ? PIECE_PACKED : PIECE_STORED;
    piece->offset = (uint64_t)at * SECTOR_SIZE + (e->kind == COMPRESSED ? 0 : piece->inside * SECTOR_SIZE);
    piece->cluster = (e->first + sector) / e->grain;
    return true;
}

static bool vmdk_locate(struct image *image, uint64_t sector, struct piece *piece, struct error *error)
{
    const struct extent *e = extent_at(image->state, sector);
    uint64_t inside = sector - e->first;
    bool done = true;

    piece->source = e->source;
    piece->sectors = e->sectors - inside;
    if (e->kind == FLAT) {
        piece->kind = PIECE_STORED;
        piece->offset = e->offset + inside * SECTOR_SIZE;
    } else if (e->kind == ZEROS) {
        piece->kind = PIECE_ZEROS;
    } else {
        done = locate_grain(image, e, inside, piece, error);
    }
    if (piece->sectors > e->sectors - inside)
        piece->sectors = e->sectors - inside;
    return done;
}

/* A marker comes before a grain: its first sector, and how many bytes follow. */
static bool vmdk_unpack(struct image *image, const struct piece *piece, uint8_t *cluster, struct error *error)
{
    const struct extent *e = &((const struct vmdk *)image->state)->extents[0];
    struct unpack unpack = {UNPACK_ZLIB, piece->source, piece->offset + 12, 0, image->cluster_size};
    uint8_t marker[12];

    if (!source_read(&image->sources[piece->source], piece->offset, marker, sizeof marker, error))
        return false;
    if (get_le64(marker) != piece->cluster * e->grain)
        return image_wrong_at(image, piece->source, piece->offset, error, "has a grain of another place here");
    unpack.length = get_le32(marker + 8);
    return unpack_piece(image, &unpack, cluster, error);
}

const struct reader vmdk_reader = {
    .name = "vmdk",
    .recognise = vmdk_recognise,
    .open = vmdk_open,
    .locate = vmdk_locate,
    .unpack = vmdk_unpack,
    .close = vmdk_close,
};
