/* qcow2.c - QEMU's copy-on-write images, versions 2 and 3 (QEMU, docs/interop/qcow2.txt). Numbers are big-endian.
 *
 * A table of first level points to tables of second level, whose entries name the cluster in the file: as it is,
 * compressed, all zeros, or absent, which means the backing file's. With extended entries a cluster has 32 parts of
 * which each is one of the last three or stored. Tables are read entry by entry: the system caches them. */
#include "formats/images/reader.h"
#include "formats/images/unpack.h"

#include <string.h>

#define OFFSET_MASK UINT64_C(0x00fffffffffffe00)
#define COMPRESSED (UINT64_C(1) << 62)
#define ZERO 1u /* of an entry of version 3 */

enum { DIRTY = 1, CORRUPT = 2, EXTERNAL = 4, COMPRESSION = 8, EXTENDED = 16 }; /* incompatible features */

struct qcow2 {
    uint32_t cluster_bits, entry_size, tables; /* bytes of an entry of second level; entries of first level */
    uint64_t first_level;
    uint32_t data; /* source of the clusters */
    bool version3, extended, zstd;
};

static bool qcow2_recognise(const struct probe *probe)
{
    return !memcmp(probe->head, "QFI\xfb", 4) && get_be32(probe->head + 4) != 1;
}

/* A name that the header points to. */
static bool read_name(struct image *image, uint64_t offset, uint32_t length, char name[1024], struct error *error)
{
    if (length >= 1024)
        return image_wrong(image, "header", error, "names a file by more than 1,023 bytes");
    memset(name, 0, 1024);
    return source_read(&image->sources[0], offset, name, length, error) &&
           (strlen(name) == length || image_wrong(image, "header", error, "names a file with a zero byte"));
}

/* Header extensions: the format of the backing file, the name of the file of data. */
static bool read_extensions(struct image *image, uint64_t offset, uint64_t end, char format[1024], char data[1024],
                            struct error *error)
{
    uint8_t head[8];

    while (offset + sizeof head <= end) {
        if (!source_read(&image->sources[0], offset, head, sizeof head, error))
            return false;
        uint32_t type = get_be32(head), length = get_be32(head + 4);
        offset += sizeof head;
        if (type == 0)
            break;
        if (length > end - offset)
            return image_wrong(image, "header", error, "has a header extension that is too long");
        if ((type == 0xe2792aca && !read_name(image, offset, length, format, error)) ||
            (type == 0x44415441 && !read_name(image, offset, length, data, error)))
            return false;
        offset += (length + 7u) & ~UINT64_C(7);
    }
    return true;
}

static bool check_header(struct image *image, struct qcow2 *q, const uint8_t *h, uint64_t features, struct error *error)
{
    static const char *const ciphers[] = {"AES", "LUKS"};
    uint64_t coverage = UINT64_C(1) << (2 * q->cluster_bits - (q->extended ? 4 : 3)); /* bytes of a table */
    uint32_t cipher = get_be32(h + 32);

    if (cipher) {
        snprintf(image->info.encryption, sizeof image->info.encryption, "%s", cipher <= 2 ? ciphers[cipher - 1] : "?");
        return image_wrong(image, "header", error, "is encrypted");
    }
    if (features & ~(uint64_t)(DIRTY | CORRUPT | EXTERNAL | COMPRESSION | EXTENDED))
        return image_wrong(image, "header", error, "has features that this program does not know");
    if (image->size > IMAGE_LIMIT || (image->size + coverage - 1) / coverage > q->tables)
        return image_wrong(image, "header", error, "has a table of first level that is too short for its disk");
    return true;
}

static bool name_it(struct image *image, const uint8_t *h, uint64_t features, struct error *error)
{
    struct image_info *info = &image->info;
    char text[32];

    snprintf(info->version, sizeof info->version, "%u", (unsigned)get_be32(h + 4));
    snprintf(info->title, sizeof info->title, "qcow2, version %s", info->version);
    snprintf(text, sizeof text, "%u", (unsigned)get_be32(h + 60));
    return image_add_note(image, "snapshots", get_be32(h + 60) ? text : "", error) &&
           image_add_note(image, "state", features & DIRTY ? "not closed properly" : "", error) &&
           image_add_note(image, "state", features & CORRUPT ? "marked as corrupt" : "", error);
}

static bool open_others(struct image *image, struct qcow2 *q, const uint8_t *h, uint64_t features, uint64_t header_end,
                        struct error *error)
{
    char format[1024] = "", data[1024] = "", backing[1024];
    uint64_t cluster = UINT64_C(1) << q->cluster_bits;

    if (!read_extensions(image, header_end, cluster, format, data, error))
        return false;
    if (features & EXTERNAL && !image_add_named(image, data, "data file", &q->data, error))
        return false;
    if (get_be64(h + 8) == 0)
        return true;
    return read_name(image, get_be64(h + 8), get_be32(h + 16), backing, error) &&
           image_add_below(image, backing, "backing file",
                           !strcmp(format, "vpc") ? "vhd"
                           : *format              ? format
                                                  : NULL,
                           error);
}

static bool qcow2_open(struct image *image, const struct probe *probe, struct error *error)
{
    struct qcow2 *q = image_state(image, sizeof *q, error);
    const uint8_t *h = probe->head;
    uint32_t version = get_be32(h + 4), length = 72;
    uint64_t features = 0;

    if (!q)
        return false;
    if (probe->size < 104 || version < 2 || version > 3)
        return image_wrong(image, "header", error, "has a version that this program does not know");
    q->version3 = version == 3;
    if (q->version3) {
        features = get_be64(h + 72);
        length = get_be32(h + 100);
        if (length < 104 || length > sizeof probe->head)
            return image_wrong(image, "header", error, "has a header of a wrong length");
    }
    q->cluster_bits = get_be32(h + 20);
    q->extended = features & EXTENDED;
    q->entry_size = q->extended ? 16 : 8;
    q->zstd = features & COMPRESSION && length > 104 && h[104] == 1;
    if (q->cluster_bits < (q->extended ? 14u : 9u) || q->cluster_bits > 21)
        return image_wrong(image, "header", error, "has clusters of a wrong size");
    if (features & COMPRESSION && (length <= 104 || h[104] > 1))
        return image_wrong(image, "header", error, "has a compression that this program does not know");
    snprintf(image->info.compression, sizeof image->info.compression, q->zstd ? "zstd" : "zlib");
    image->size = get_be64(h + 24);
    q->tables = get_be32(h + 36);
    q->first_level = get_be64(h + 40);
    image->cluster_size = 1u << q->cluster_bits;
    return check_header(image, q, h, features, error) && name_it(image, h, features, error) &&
           open_others(image, q, h, features, length, error);
}

/* The part of an extended cluster that a sector is in, and how many parts after it are alike. */
static void locate_part(uint64_t bitmap, uint32_t part, struct piece *piece, uint32_t *parts)
{
    uint64_t pair = UINT64_C(1) << part | UINT64_C(1) << (part + 32), mine = bitmap >> part;

    for (*parts = 1; part + *parts < 32; ++*parts)
        if ((bitmap & pair << *parts) >> *parts != (bitmap & pair))
            break;
    piece->kind = mine & 1 ? PIECE_STORED : mine >> 32 & 1 ? PIECE_ZEROS : PIECE_BELOW;
}

static bool qcow2_locate(struct image *image, uint64_t sector, struct piece *piece, struct error *error)
{
    struct qcow2 *q = image->state;
    uint64_t cluster = sector * SECTOR_SIZE >> q->cluster_bits, table, entry, bitmap = 0;
    uint32_t entries = image->cluster_size / q->entry_size, sectors = image->cluster_size / SECTOR_SIZE;
    uint8_t bytes[16];

    piece->inside = (uint32_t)(sector % sectors);
    piece->sectors = sectors - piece->inside;
    piece->kind = PIECE_BELOW;
    if (!source_read(&image->sources[0], q->first_level + cluster / entries * 8, bytes, 8, error))
        return false;
    table = get_be64(bytes) & OFFSET_MASK;
    if (table == 0) {
        piece->sectors += (uint64_t)(entries - 1 - cluster % entries) * sectors;
        return true;
    }
    if (!source_read(&image->sources[0], table + cluster % entries * q->entry_size, bytes, q->entry_size, error))
        return false;
    entry = get_be64(bytes);
    if (entry & COMPRESSED) {
        uint32_t bits = 62 - (q->cluster_bits - 8);

        piece->kind = PIECE_PACKED;
        piece->cluster = cluster;
        piece->offset = entry & ((UINT64_C(1) << bits) - 1);
        piece->length = (uint32_t)(((entry & (COMPRESSED - 1)) >> bits) + 1) * SECTOR_SIZE -
                        (uint32_t)(piece->offset % SECTOR_SIZE);
        return true;
    }
    piece->source = q->data;
    piece->offset = (entry & OFFSET_MASK) + (uint64_t)piece->inside * SECTOR_SIZE;
    if (q->extended) {
        uint32_t part = sectors / 32, parts;

        bitmap = get_be64(bytes + 8);
        locate_part(bitmap, piece->inside / part, piece, &parts);
        piece->sectors = (uint64_t)parts * part - piece->inside % part;
    } else if (q->version3 && entry & ZERO) {
        piece->kind = PIECE_ZEROS;
    } else if (entry & OFFSET_MASK) {
        piece->kind = PIECE_STORED;
    }
    /* Entries of a file of data may name its first cluster. */
    if (q->data && !q->extended && entry >> 63 && !(entry & ZERO))
        piece->kind = PIECE_STORED;
    if (piece->kind == PIECE_STORED && piece->offset < (q->data ? 0 : image->cluster_size))
        return image_wrong_at(image, 0, table + cluster % entries * q->entry_size, error, "places data on its header");
    return true;
}

static bool qcow2_unpack(struct image *image, const struct piece *piece, uint8_t *cluster, struct error *error)
{
    const struct qcow2 *q = image->state;
    struct unpack unpack = {.source = 0, .offset = piece->offset, .size = image->cluster_size};
    uint64_t left = image->sources[0].size - (piece->offset < image->sources[0].size ? piece->offset : 0);

    /* The last compressed cluster may end before its last sector does. */
    unpack.length = piece->length < left ? piece->length : (uint32_t)left;
    unpack.method = q->zstd ? UNPACK_ZSTD : UNPACK_DEFLATE;
    return unpack_piece(image, &unpack, cluster, error);
}

const struct reader qcow2_reader = {
    .name = "qcow2",
    .recognise = qcow2_recognise,
    .open = qcow2_open,
    .locate = qcow2_locate,
    .unpack = qcow2_unpack,
};
