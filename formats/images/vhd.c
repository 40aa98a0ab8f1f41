/* vhd.c - Virtual PC's images: fixed, dynamic, differencing (Microsoft, Virtual Hard Disk Image Format Specification,
 * version 1.0). Numbers are big-endian.
 *
 * A footer of 512 bytes ends the file; a dynamic image has a copy of it at its beginning, then a header and a table
 * that says where each block is: a bitmap of its sectors, then the sectors. In a differencing image a sector whose bit
 * is clear is the parent's. */
#include "formats/images/reader.h"
#include "formats/plain.h"

#include <string.h>
#include <time.h>

#define FREE 0xffffffffu
#define EPOCH INT64_C(946684800) /* 2000-01-01, from which times are counted */

enum { FIXED = 2, DYNAMIC = 3, DIFFERENCING = 4 };

struct vhd {
    uint32_t type, block, blocks, bitmap; /* bytes of a block and of its bitmap */
    uint64_t table;
    uint8_t id[16];
};

/* Virtual PC before 2004 wrote footers of 511 bytes. */
static const uint8_t *footer_of(const struct probe *probe)
{
    return !memcmp(probe->tail, "conectix", 8)       ? probe->tail
           : !memcmp(probe->tail + 1, "conectix", 8) ? probe->tail + 1
                                                     : NULL;
}

static bool vhd_recognise(const struct probe *probe)
{
    return !memcmp(probe->head, "conectix", 8) || footer_of(probe);
}

/* The one's complement of the sum of all bytes but those of the checksum itself. */
static bool checksum_fits(const uint8_t *bytes, size_t size, size_t at)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        if (i < at || i >= at + 4)
            sum += bytes[i];
    return ~sum == get_be32(bytes + at);
}

static bool name_it(struct image *image, const uint8_t *f, struct error *error)
{
    static const char *const types[] = {[FIXED] = "fixed", [DYNAMIC] = "dynamic", [DIFFERENCING] = "differencing"};
    char text[48] = "";
    time_t when = (time_t)(EPOCH + get_be32(f + 24));
    struct tm date;

    snprintf(image->info.version, sizeof image->info.version, "%u.%u", get_be16(f + 12), get_be16(f + 14));
    snprintf(image->info.title, sizeof image->info.title, "VHD, %s", types[get_be32(f + 60)]);
    if (gmtime_r(&when, &date))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &date);
    if (!image_add_note(image, "date", text, error))
        return false;
    snprintf(text, sizeof text, "%.4s %u.%u", (const char *)f + 28, get_be16(f + 32), get_be16(f + 34));
    return image_add_note(image, "tool", text, error);
}

/* The parent's name: UTF-16BE, 256 units at most. */
static bool parent_name(const uint8_t *from, char *name, size_t size)
{
    size_t at = 0;

    for (unsigned i = 0; i < 512 && get_be16(from + i) != 0; i += 2) {
        uint32_t code = get_be16(from + i);

        if (code >= 0xd800 && code < 0xdc00 && i + 2 < 512) {
            code = 0x10000 + ((code & 0x3ff) << 10) + (get_be16(from + i + 2) & 0x3ff);
            i += 2;
        }
        if (at + 5 > size)
            return false;
        at += utf8_put(code, name + at);
    }
    name[at] = '\0';
    return at > 0;
}

static bool open_parent(struct image *image, const uint8_t *header, struct error *error)
{
    char name[1024];

    if (!parent_name(header + 64, name, sizeof name))
        return image_wrong(image, "header", error, "is a differencing image that names no parent");
    if (!image_add_below(image, name, "parent", "vhd", error))
        return false;
    if (memcmp(((const struct vhd *)image->below->state)->id, header + 40, 16) != 0)
        return error_set(error, STATUS_INPUT, image_path(image->below), "footer",
                         "find the parent that it was made from",
                         "is not the parent that %s means: its UUID is another", image_path(image));
    return true;
}

static bool open_dynamic(struct image *image, const struct probe *probe, const uint8_t *footer, struct error *error)
{
    struct vhd *v = image->state;
    uint8_t header[1024];

    if (memcmp(probe->head, footer, 64) != 0)
        return image_wrong(image, "footer", error, "has a footer that differs from its copy at the beginning");
    if (!source_read(&image->sources[0], get_be64(footer + 16), header, sizeof header, error))
        return false;
    if (memcmp(header, "cxsparse", 8) != 0 || !checksum_fits(header, sizeof header, 36))
        return image_wrong_at(image, 0, get_be64(footer + 16), error, "has a damaged header of a dynamic disk");
    v->table = get_be64(header + 16);
    v->blocks = get_be32(header + 28);
    v->block = get_be32(header + 32);
    if (v->block < SECTOR_SIZE || v->block & (v->block - 1))
        return image_wrong(image, "header", error, "has blocks of a wrong size");
    v->bitmap = (v->block / SECTOR_SIZE + 8 * SECTOR_SIZE - 1) / (8 * SECTOR_SIZE) * SECTOR_SIZE;
    if (image->size > (uint64_t)v->blocks * v->block)
        return image_wrong(image, "header", error, "has too few blocks for its disk");
    return v->type == DYNAMIC || open_parent(image, header, error);
}

static bool vhd_open(struct image *image, const struct probe *probe, struct error *error)
{
    struct vhd *v = image_state(image, sizeof *v, error);
    uint8_t f[SECTOR_SIZE] = {0};

    if (!v)
        return false;
    if (!footer_of(probe))
        return error_set(error, STATUS_INPUT, image_path(image), "footer", "get a complete copy",
                         "is a VHD without its footer: it was cut off");
    memcpy(f, footer_of(probe), (size_t)(probe->tail + sizeof probe->tail - footer_of(probe)));
    v->type = get_be32(f + 60);
    if (!checksum_fits(f, sizeof f, 64))
        return image_wrong(image, "footer", error, "has a footer that does not fit its checksum");
    if (get_be16(f + 12) != 1 || v->type < FIXED || v->type > DIFFERENCING)
        return image_wrong(image, "footer", error, "has a version or type that this program does not know");
    if (!name_it(image, f, error))
        return false;
    memcpy(v->id, f + 68, sizeof v->id);
    image->size = get_be64(f + 48);
    if (v->type != FIXED)
        return open_dynamic(image, probe, f, error);
    return image->size <= probe->size - SECTOR_SIZE + (footer_of(probe) - probe->tail) ||
           image_wrong(image, "footer", error, "is shorter than its disk");
}

/* How many sectors from one on have the same bit in a bitmap, whose first bit is the highest of its first byte. */
static uint32_t run_of(const uint8_t *bitmap, uint32_t from, uint32_t end, bool *set)
{
    uint32_t at = from;

    *set = bitmap[from / 8] >> (7 - from % 8) & 1;
    while (at < end && (bitmap[at / 8] >> (7 - at % 8) & 1) == *set)
        at++;
    return at - from;
}

static bool vhd_locate(struct image *image, uint64_t sector, struct piece *piece, struct error *error)
{
    const struct vhd *v = image->state;
    uint32_t sectors = v->block / SECTOR_SIZE, inside, at, first;
    uint8_t entry[4], bitmap[64];
    bool set;

    if (v->type == FIXED) {
        *piece = (struct piece){.kind = PIECE_STORED, .sectors = UINT64_MAX, .offset = sector * SECTOR_SIZE};
        return true;
    }
    inside = (uint32_t)(sector % sectors);
    piece->sectors = sectors - inside;
    if (!source_read(&image->sources[0], v->table + sector / sectors * 4, entry, 4, error))
        return false;
    at = get_be32(entry);
    if (at == FREE) {
        piece->kind = PIECE_BELOW;
        return true;
    }
    piece->kind = PIECE_STORED;
    piece->offset = (uint64_t)at * SECTOR_SIZE + v->bitmap + (uint64_t)inside * SECTOR_SIZE;
    if (v->type == DYNAMIC)
        return true;
    first = inside / 512 * 512; /* 64 bytes of the bitmap at a time */
    if (!source_read(&image->sources[0], (uint64_t)at * SECTOR_SIZE + first / 8, bitmap,
                     sectors - first < 512 ? (sectors - first + 7) / 8 : 64, error))
        return false;
    piece->sectors = run_of(bitmap, inside - first, sectors - first < 512 ? sectors - first : 512, &set);
    if (!set)
        piece->kind = PIECE_BELOW;
    return true;
}

const struct reader vhd_reader = {.name = "vhd", .recognise = vhd_recognise, .open = vhd_open, .locate = vhd_locate};
