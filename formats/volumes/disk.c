/* disk.c - see disk.h. */
#include "formats/volumes/disk.h"

#include <string.h>

#include "formats/plain.h"

bool disk_get(const struct block *disk, uint64_t sector, uint32_t count, uint8_t *buffer)
{
    uint32_t done;

    return sector < disk->sectors && count <= disk->sectors - sector &&
           disk->read(disk->context, sector, count, buffer, &done) == BLOCK_OK;
}

void field_copy(char *to, size_t size, const uint8_t *from, size_t length)
{
    char text[256];

    if (length >= sizeof text)
        length = sizeof text - 1;
    memcpy(text, from, length);
    text[length] = '\0';
    length = strlen(text);
    while (length && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
    plain_copy(to, size, text);
}

void utf16_copy(char *to, const uint8_t *from, unsigned units)
{
    for (unsigned i = 0; i < units; i++) {
        uint32_t code = get_le16(from + 2 * i), low = i + 1 < units ? get_le16(from + 2 * i + 2) : 0;

        if (code >= 0xD800 && code < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i++;
        } else if (code >= 0xD800 && code < 0xE000) {
            code = 0xFFFD;
        }
        to += utf8_put(code, to);
    }
    *to = '\0';
}
