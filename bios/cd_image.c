/* cd_image.c - the CD-ROM drives that were found, and which boot image stands for a floppy or a disk; both are kept in
 * the EBDA. */
#include "cd_image.h"

#include "bda.h"

void cd_load(struct disk *d, uint8_t number)
{
    far_read(d, bda_get(ebda), EBDA_OFFSET(cdroms) + number * sizeof(*d), sizeof(*d));
}

uint8_t cd_count(void)
{
    return far_get8(bda_get(ebda), EBDA_OFFSET(cd_count));
}

void cd_image_load(struct cd_image *image)
{
    far_read(image, bda_get(ebda), EBDA_OFFSET(cd_image), sizeof(*image));
}

uint8_t cd_emulated(uint8_t first)
{
    struct cd_image image;

    cd_image_load(&image);
    return image.size && image.media & CD_MEDIA_BITS && image.drive == first;
}

/* From now on the image is drive 00h or 80h, and those that were there move up by one. */
static void emulate(struct cd_image *image)
{
    uint16_t equipment = bda_get(equipment);
    uint8_t floppies = equipment & 1 ? (equipment >> 6 & 3) + 1 : 0;

    image->drive = (image->media & CD_MEDIA_BITS) == CD_MEDIA_DISK ? 0x80 : 0x00;
    far_put16(bda_get(ebda), EBDA_OFFSET(cd_equipment), equipment);
    if (image->drive)
        bda_put(hd_count, bda_get(hd_count) + 1);
    else
        bda_put(equipment, (equipment & ~0x00C1) | 1 | (floppies > 3 ? 3 : floppies) << 6);
}

void cd_enter(struct cd_image *image)
{
    if (image->media & CD_MEDIA_BITS)
        emulate(image);
    far_write(bda_get(ebda), EBDA_OFFSET(cd_image), image, sizeof(*image));
}

void cd_leave(void)
{
    struct cd_image image;

    cd_image_load(&image);
    if (!image.size || !(image.media & CD_MEDIA_BITS))
        return;
    if ((image.media & CD_MEDIA_BITS) == CD_MEDIA_DISK)
        bda_put(hd_count, bda_get(hd_count) - 1);
    bda_put(equipment, far_get16(bda_get(ebda), EBDA_OFFSET(cd_equipment)));
    far_put8(bda_get(ebda), EBDA_OFFSET(cd_image), 0);
}
