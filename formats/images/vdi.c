/* vdi.c - VirtualBox' images, version 1.1: dynamic and fixed (VirtualBox, VDICore.h). Numbers are little-endian.
 *
 * A map says in which block of the file a block of the disk is. A differencing image names its parent by UUID alone,
 * so that no file can be found by it: such an image is refused. */
#include "formats/images/reader.h"

#include <string.h>

#define FREE 0xffffffffu
#define ZEROS 0xfffffffeu

struct vdi {
    uint32_t map, data, block, extra, blocks; /* offsets; bytes of a block, and before its data; how many */
};

static bool vdi_recognise(const struct probe *probe)
{
    return get_le32(probe->head + 0x40) == 0xbeda107f;
}

static bool vdi_open(struct image *image, const struct probe *probe, struct error *error)
{
    static const char *const types[] = {"", "dynamic", "fixed", "undo", "differencing"};
    struct vdi *v = image_state(image, sizeof *v, error);
    const uint8_t *h = probe->head;
    uint32_t type = get_le32(h + 0x4c);
    char comment[257] = "";

    if (!v)
        return false;
    if (probe->size < 512 || get_le32(h + 0x44) >> 16 != 1 || type == 0 || type > 4)
        return image_wrong(image, "header", error, "has a version or type that this program does not know");
    snprintf(image->info.version, sizeof image->info.version, "%u.%u", get_le16(h + 0x46), get_le16(h + 0x44));
    snprintf(image->info.title, sizeof image->info.title, "VDI, %s", types[type]);
    memcpy(comment, h + 0x54, 256);
    if (!image_add_note(image, "comment", comment, error))
        return false;
    if (type > 2)
        return error_set(error, STATUS_INPUT, image_path(image), "header", "merge it with its parent first",
                         "is a %s image, which does not name its parent", types[type]);
    *v = (struct vdi){get_le32(h + 0x154), get_le32(h + 0x158), get_le32(h + 0x178), get_le32(h + 0x17c),
                      get_le32(h + 0x180)};
    image->size = get_le64(h + 0x170);
    if (get_le32(h + 0x168) != SECTOR_SIZE || v->block < SECTOR_SIZE || v->block & (v->block - 1) ||
        v->extra % SECTOR_SIZE)
        return image_wrong(image, "header", error, "has sectors or blocks of a wrong size");
    if (image->size > (uint64_t)v->blocks * v->block)
        return image_wrong(image, "header", error, "has too few blocks for its disk");
    if (v->map + (uint64_t)v->blocks * 4 > probe->size)
        return image_wrong(image, "header", error, "ends within the map of its blocks");
    return true;
}

static bool vdi_locate(struct image *image, uint64_t sector, struct piece *piece, struct error *error)
{
    const struct vdi *v = image->state;
    uint32_t sectors = v->block / SECTOR_SIZE, at;
    uint64_t block = sector / sectors;
    uint8_t entry[4];

    piece->sectors = sectors - sector % sectors;
    if (!source_read(&image->sources[0], v->map + block * 4, entry, 4, error))
        return false;
    at = get_le32(entry);
    piece->kind = at == FREE || at == ZEROS ? PIECE_ZEROS : PIECE_STORED;
    piece->offset = v->data + (uint64_t)at * ((uint64_t)v->block + v->extra) + v->extra +
                    sector % sectors * SECTOR_SIZE;
    return true;
}

const struct reader vdi_reader = {.name = "vdi", .recognise = vdi_recognise, .open = vdi_open, .locate = vdi_locate};
