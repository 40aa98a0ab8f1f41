/* optical.c - ISO 9660 (ECMA-119) with Joliet and El Torito, and UDF (ECMA-167, OSTA UDF 2.01). */
#include <inttypes.h>
#include <string.h>

#include "formats/plain.h"
#include "formats/volumes/disk.h"
#include "formats/volumes/survey.h"

#define BLOCK 2048u
#define DESCRIPTORS 32u /* of a volume that are read at most */

static bool block_get(const struct examined *e, uint64_t block, uint8_t *buffer)
{
    return block < UINT64_MAX / 4 && disk_get(e->disk, e->volume->first + block * 4, 4, buffer);
}

static void add_detail(struct examined *e, const char *text)
{
    size_t used = strlen(e->volume->detail);

    snprintf(e->volume->detail + used, sizeof e->volume->detail - used, "%s%s", used ? ", " : "", text);
}

/* The platform of a boot catalogue, and what its first entry emulates (El Torito 1.0, figures 2 and 3). */
static void torito(struct examined *e, uint32_t block)
{
    static const char *const media[] = {"no emulation", "1.2M floppy", "1.44M floppy", "2.88M floppy", "disk"};
    uint8_t catalogue[BLOCK];
    char text[64];

    if (!block_get(e, block, catalogue) || catalogue[0] != 1 || catalogue[30] != 0x55 || catalogue[31] != 0xAA) {
        volume_damage(e, "the boot catalogue of El Torito, block %" PRIu32 ", is damaged", block);
        return;
    }
    unsigned kind = catalogue[33] & 0x0F;
    snprintf(text, sizeof text, "El Torito (%s%s)", kind < 5 ? media[kind] : "unknown emulation",
             catalogue[32] == 0x88 ? "" : ", not bootable");
    add_detail(e, text);
    survey_name(e->volume->loader, catalogue[32] == 0x88 ? "El Torito" : NULL);
}

void iso_examine(struct examined *e)
{
    uint8_t d[BLOCK];
    bool joliet = false;

    for (uint32_t i = 16; i < 16 + DESCRIPTORS && block_get(e, i, d) && !memcmp(d + 1, "CD001", 5); i++) {
        if (d[0] == 255)
            break;
        if (d[0] == 1) {
            uint64_t sectors = get_le32(d + 80) * (uint64_t)get_le16(d + 128) / SECTOR_SIZE;

            field_copy(e->volume->label, sizeof e->volume->label, d + 40, 32);
            if (sectors > e->volume->sectors)
                volume_damage(e, "the ISO 9660 volume has %" PRIu64 " sectors, but only %" PRIu64 " are there", sectors,
                              e->volume->sectors);
        }
        if (d[0] == 2 && d[88] == 0x25 && d[89] == 0x2F && !joliet) {
            joliet = true;
            add_detail(e, "Joliet");
        }
        if (d[0] == 0 && !memcmp(d + 7, "EL TORITO SPECIFICATION", 23))
            torito(e, get_le32(d + 71));
    }
    survey_name(e->volume->file_system, "ISO 9660");
    e->survey->optical = true;
}

/* The recognition sequence after ISO 9660's descriptors has NSR02 or NSR03; the anchor is in block 256. */
void udf_examine(struct examined *e)
{
    uint8_t d[BLOCK];
    const char *version = NULL;

    for (uint32_t i = 16; i < 16 + DESCRIPTORS && block_get(e, i, d); i++) {
        if (memcmp(d + 1, "BEA01", 5) && memcmp(d + 1, "NSR0", 4) && memcmp(d + 1, "TEA01", 5) &&
            memcmp(d + 1, "CD001", 5) && memcmp(d + 1, "BOOT2", 5))
            break;
        if (!memcmp(d + 1, "NSR02", 5) || !memcmp(d + 1, "NSR03", 5))
            version = d[5] == '2' ? "UDF 1" : "UDF 2";
    }
    if (!version)
        return;
    if (!block_get(e, 256, d) || get_le16(d) != 2)
        volume_damage(e, "UDF has no anchor in block 256");
    if (*e->volume->file_system)
        add_detail(e, version);
    else
        survey_name(e->volume->file_system, version);
    e->survey->optical = true;
}
