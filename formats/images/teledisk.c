/* teledisk.c - floppies of Teledisk, Sydex (TD0NOTES.TXT of ImageDisk: "Teledisk Image File Format Notes", 2008).
 *
 * A header of 12 bytes, perhaps a comment, and tracks of sectors, each packed by itself. In a file that begins with td
 * in place of TD, everything after the header is packed by LZHUF besides, from version 2 of the program on. */
#include "formats/images/floppy.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = 12, AT_SEQUENCE = 2, AT_VERSION = 4, AT_STEPPING = 7, AT_CRC = 10, NO_MORE_TRACKS = 0xFF };
enum { HAS_COMMENT = 0x80 };                                                    /* of the stepping */
enum { READ_WRONG = 0x02, NOT_ALLOCATED = 0x10, NO_DATA = 0x20, NO_ID = 0x40 }; /* of a sector's flags */

/* CRC-16 with the polynomial A097h, from 0 on. */
static uint16_t crc16(uint16_t crc, const uint8_t *bytes, size_t size)
{
    while (size--) {
        crc ^= (uint16_t)(*bytes++ << 8);
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? 0xA097 : 0));
    }
    return crc;
}

static bool teledisk_recognise(const struct probe *probe)
{
    return (!memcmp(probe->head, "TD", 2) || !memcmp(probe->head, "td", 2)) &&
           crc16(0, probe->head, AT_CRC) == get_le16(probe->head + AT_CRC);
}

/* Puts the bytes after the header unpacked in their place. */
static bool unpack_file(struct image *image, struct floppy_file *file, struct error *error)
{
    size_t room = 2 * FLOPPY_BYTES;
    uint8_t *bytes;

    if (file->bytes[0] == 'T')
        return true;
    if (file->bytes[AT_VERSION] < 20)
        return image_wrong(image, "header", error, "is packed by Teledisk 1, which this program cannot unpack");
    bytes = malloc(HEADER + room);
    if (!bytes)
        return image_no_memory(image, error);
    memcpy(bytes, file->bytes, HEADER);
    room = lzhuf_unpack(file->bytes + HEADER, file->size - HEADER, bytes + HEADER, room);
    free(file->bytes);
    *file = (struct floppy_file){bytes, HEADER + room, HEADER};
    snprintf(image->info.compression, sizeof image->info.compression, "LZHUF");
    return true;
}

/* A checksum, a length, the date, and lines that end with NUL. */
static bool take_comment(struct image *image, struct floppy_file *file, struct error *error)
{
    uint64_t offset = file->at;
    const uint8_t *head = floppy_take(image, file, 10, error), *text;
    char note[232];

    if (!head || !(text = floppy_take(image, file, get_le16(head + 2), error)))
        return false;
    if (crc16(0, head + 2, 8u + get_le16(head + 2)) != get_le16(head))
        return image_wrong_at(image, 0, offset, error, "has a comment that does not fit its checksum");
    snprintf(note, sizeof note, "%04u-%02u-%02u %02u:%02u:%02u", 1900u + head[4], head[5] + 1u, head[6], head[7],
             head[8], head[9]);
    if (!image_add_note(image, "date", note, error))
        return false;
    snprintf(note, sizeof note, "%.*s", (int)get_le16(head + 2), (const char *)text);
    for (size_t n = strlen(note); n + 1 < sizeof note && n + 1 < get_le16(head + 2); n++)
        note[n] = text[n] ? (char)text[n] : '\n', note[n + 1] = '\0';
    return image_add_note(image, "comment", note, error);
}

/* Fills a sector from a data block: its length, how it is packed, and that. False: it does not fill the sector. */
static bool unpack_sector(const uint8_t *from, size_t size, uint8_t *to, size_t room)
{
    const uint8_t *end = from + size;
    unsigned method = size ? *from++ : 3;
    size_t done = 0;

    if (method == 0) {
        if ((size_t)(end - from) != room)
            return false;
        memcpy(to, from, room);
        return true;
    }
    while (end - from >= (method == 1 ? 4 : 2) && method < 3) {
        /* 1: a count and two bytes. 2: 0, a length and so many bytes; or half a length, a count and the bytes */
        size_t length = method == 1 ? 2 : from[0] ? 2u * from[0] : from[1];
        size_t count = method == 1 ? get_le16(from) : from[0] ? from[1] : 1;
        from += 2;
        if (length > (size_t)(end - from) || length * count > room - done)
            return false;
        for (; count > 0; count--, done += length)
            memcpy(to + done, from, length);
        from += length;
    }
    return from == end && done == room;
}

static bool take_sector(struct image *image, struct floppy_file *file, unsigned cylinder, unsigned head,
                        struct error *error)
{
    uint64_t offset = file->at;
    const uint8_t *h = floppy_take(image, file, 6, error), *block;
    uint8_t bytes[SECTOR_SIZE];
    struct floppy_sector sector;

    if (!h)
        return false;
    sector = (struct floppy_sector){
        .cylinder = cylinder, .head = head, .id = h[2], .id_cylinder = h[0], .size_code = h[3]};
    if (!(h[4] & (NOT_ALLOCATED | NO_DATA))) {
        const uint8_t *length = floppy_take(image, file, 2, error);
        if (!length || !(block = floppy_take(image, file, get_le16(length), error)))
            return false;
        if (h[4] & NO_ID) /* found between the others: no program could ask for it */
            return true;
        if (h[3] == 2) {
            if (!unpack_sector(block, get_le16(length), bytes, sizeof bytes))
                return image_wrong_at(image, 0, offset, error, "has a sector that cannot be unpacked");
            if ((crc16(0, bytes, sizeof bytes) & 0xFF) != h[5])
                return image_wrong_at(image, 0, offset, error, "has a sector that does not fit its checksum");
        }
        sector.data = bytes;
        sector.good = !(h[4] & READ_WRONG);
    }
    return floppy_add(image, &sector, offset, error);
}

static bool take_tracks(struct image *image, struct floppy_file *file, struct error *error)
{
    for (;;) {
        uint64_t offset = file->at;
        const uint8_t *h = floppy_take(image, file, 4, error);
        if (!h)
            return false;
        if (h[0] == NO_MORE_TRACKS)
            return floppy_end(image, error);
        if ((crc16(0, h, 3) & 0xFF) != h[3])
            return image_wrong_at(image, 0, offset, error, "has a track that does not fit its checksum");
        for (unsigned n = 0; n < h[0]; n++)
            if (!take_sector(image, file, h[1], h[2] & 0x7F, error))
                return false;
    }
}

static bool take_disk(struct image *image, struct floppy_file *file, struct error *error)
{
    const uint8_t *h = file->bytes;

    if (h[AT_SEQUENCE])
        return image_wrong(image, "header", error, "is one of several parts, which this program does not join");
    snprintf(image->info.version, sizeof image->info.version, "%u.%u", h[AT_VERSION] / 10u, h[AT_VERSION] % 10u);
    file->at = HEADER;
    return unpack_file(image, file, error) &&
           (!(file->bytes[AT_STEPPING] & HAS_COMMENT) || take_comment(image, file, error)) &&
           take_tracks(image, file, error);
}

static bool teledisk_open(struct image *image, const struct probe *probe, struct error *error)
{
    struct floppy_file file = {NULL, 0, 0};
    bool done = floppy_begin(image, error) && floppy_read(image, probe, &file, error) &&
                (file.size > HEADER || image_wrong_at(image, 0, file.size, error, "ends too early")) &&
                take_disk(image, &file, error);

    snprintf(image->info.title, sizeof image->info.title, "Teledisk");
    free(file.bytes);
    return done;
}

const struct reader teledisk_reader = {.name = "teledisk",
                                       .recognise = teledisk_recognise,
                                       .open = teledisk_open,
                                       .locate = floppy_locate,
                                       .unpack = floppy_unpack};
