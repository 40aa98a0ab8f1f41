/* copyqm.c - floppies of CopyQM, Sydex ("CQM file format", rio.early8bitz.de; LIBDSK's documentation of its driver
 * "qm").
 *
 * A header of 133 bytes with the fields of the BIOS parameter block, a comment, and the sectors in order, packed: a
 * length of 16 bits, negative for one byte that is repeated. A CRC of the unpacked bytes looks up its table by six bits
 * where eight would be right, as the program did. */
#include "formats/images/floppy.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER = 133,
    AT_SECTOR_SIZE = 0x03,
    AT_SECTORS = 0x10,
    AT_HEADS = 0x12,
    AT_TITLE = 0x1C,
    AT_USED = 0x5A,
    AT_CYLINDERS = 0x5B,
    AT_CRC = 0x5C,
    AT_COMMENT = 0x6F
};

static bool copyqm_recognise(const struct probe *probe)
{
    uint8_t sum = 0;

    for (unsigned n = 0; n < HEADER; n++)
        sum = (uint8_t)(sum + probe->head[n]);
    return !memcmp(probe->head, "CQ\x14", 3) && sum == 0 && probe->size > HEADER;
}

static uint32_t add_crc(uint32_t crc, uint8_t byte)
{
    uint32_t entry = (crc ^ byte) & 0x3F;

    for (unsigned bit = 0; bit < 8; bit++)
        entry = entry >> 1 ^ (entry & 1 ? 0xEDB88320 : 0);
    return crc >> 8 ^ entry;
}

/* Unpacks the rest of the file. Returns how many bytes came, of at most `room`; 0 with *error. */
static size_t unpack(struct image *image, struct floppy_file *file, uint8_t *to, size_t room, struct error *error)
{
    size_t done = 0;

    while (file->at < file->size) {
        uint64_t offset = file->at;
        const uint8_t *head = floppy_take(image, file, 2, error), *from;
        int length = head ? (int16_t)get_le16(head) : 0;
        size_t count = (size_t)(length < 0 ? -length : length);

        if (!head || !(from = floppy_take(image, file, length < 0 ? 1 : count, error)))
            return 0;
        if (count > room - done)
            return image_wrong_at(image, 0, offset, error, "holds more than its disk has"), 0;
        if (length < 0)
            memset(to + done, *from, count);
        else
            memcpy(to + done, from, count);
        done += count;
    }
    return done ? done : (image_wrong_at(image, 0, file->size, error, "holds no disk"), 0);
}

/* The disk has all its cylinders; those that were not used when it was copied are not in the image, and are zeros. */
static bool take_disk(struct image *image, struct floppy_file *file, uint8_t *disk, struct error *error)
{
    const uint8_t *h = file->bytes;
    unsigned sectors = get_le16(h + AT_SECTORS), heads = get_le16(h + AT_HEADS), cylinders = h[AT_CYLINDERS];
    size_t size = (size_t)cylinders * heads * sectors * SECTOR_SIZE, done;
    uint32_t crc = 0;

    if (get_le16(h + AT_SECTOR_SIZE) != SECTOR_SIZE)
        return image_foreign(image, AT_SECTOR_SIZE, error, "has sectors that are not of 512 bytes");
    if (!sectors || sectors > FLOPPY_SECTORS || !heads || heads > 2 || !cylinders || cylinders > FLOPPY_CYLINDERS)
        return image_wrong_at(image, 0, AT_SECTORS, error, "has the geometry of no floppy");
    file->at = HEADER;
    if (!floppy_take(image, file, get_le16(h + AT_COMMENT), error) || !(done = unpack(image, file, disk, size, error)))
        return false;
    for (size_t n = 0; n < done; n++)
        crc = add_crc(crc, disk[n]);
    if (crc != get_le32(h + AT_CRC))
        return image_wrong_at(image, 0, AT_CRC, error, "does not fit its checksum");
    for (size_t n = 0; n < size / SECTOR_SIZE; n++) {
        const struct floppy_sector sector = {.cylinder = (unsigned)(n / sectors / heads),
                                             .id_cylinder = (unsigned)(n / sectors / heads),
                                             .head = n / sectors % heads,
                                             .id = (unsigned)(n % sectors) + 1,
                                             .size_code = 2,
                                             .data = disk + n * SECTOR_SIZE,
                                             .good = true};
        if (!floppy_add(image, &sector, 0, error))
            return false;
    }
    return floppy_end(image, error);
}

static bool take_notes(struct image *image, const struct floppy_file *file, struct error *error)
{
    char text[232];
    uint16_t length;

    if (file->size < HEADER)
        return image_wrong_at(image, 0, file->size, error, "ends within its header");
    length = get_le16(file->bytes + AT_COMMENT);
    snprintf(text, sizeof text, "%.60s", (const char *)file->bytes + AT_TITLE);
    if (!image_add_note(image, "title", text, error))
        return false;
    if (length > file->size - HEADER)
        return true; /* take_disk says so */
    snprintf(text, sizeof text, "%.*s", (int)length, (const char *)file->bytes + HEADER);
    return image_add_note(image, "comment", text, error);
}

static bool copyqm_open(struct image *image, const struct probe *probe, struct error *error)
{
    struct floppy_file file = {NULL, 0, 0};
    uint8_t *disk = calloc(1, FLOPPY_BYTES);
    bool done = disk ? floppy_begin(image, error) && floppy_read(image, probe, &file, error) &&
                           take_notes(image, &file, error) && take_disk(image, &file, disk, error)
                     : image_no_memory(image, error);

    snprintf(image->info.title, sizeof image->info.title, "CopyQM");
    free(file.bytes);
    free(disk);
    return done;
}

const struct reader copyqm_reader = {.name = "copyqm",
                                     .recognise = copyqm_recognise,
                                     .open = copyqm_open,
                                     .locate = floppy_locate,
                                     .unpack = floppy_unpack};
