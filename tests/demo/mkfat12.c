/* mkfat12.c - writes a FAT12 disk image: mkfat12 IMAGE BOOTSECTOR [DIRECTORY/ | FILE] ...
 *
 * Geometry comes from the boot sector's parameter block. Files go in by the order of the arguments, under their base
 * name in capitals, each in one piece, into the root until a directory is named, then into that. Every date is 2
 * November 1998, 09:00: the image depends on nothing but its parts. After Microsoft, "FAT: General Overview of On-Disk
 * Format", 1.03. */

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, ENTRY = 32, NAME = 11, DATE = (1998 - 1980) << 9 | 11 << 5 | 2, TIME = 9 << 11 };
enum { VOLUME_LABEL = 0x08, DIRECTORY = 0x10, ARCHIVE = 0x20 };

struct image {
    uint8_t *bytes;
    size_t length;
    size_t fats, fat_at, fat_bytes, root_at, root_bytes, data_at, cluster_bytes;
    uint16_t next;                  /* first free cluster */
    size_t entries_at, entries_end; /* where the next directory entry goes, and the directory's end */
};

static void fail(const char *object, const char *reason)
{
    fprintf(stderr, "mkfat12: %s: %s\n", object, reason);
    exit(1);
}

static size_t get16(const uint8_t *p)
{
    return p[0] | p[1] << 8;
}

static void put16(uint8_t *p, size_t value)
{
    p[0] = value & 0xff;
    p[1] = value >> 8 & 0xff;
}

static uint8_t *file_read(const char *path, size_t *length)
{
    enum { LIMIT = 1 << 21 };
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(LIMIT);

    if (!file || !bytes)
        fail(path, "cannot be opened");
    *length = fread(bytes, 1, LIMIT, file);
    if (ferror(file) || *length == LIMIT)
        fail(path, "cannot be read, or is too long");
    fclose(file);
    return bytes;
}

static void fat_set(struct image *image, size_t cluster, uint16_t value)
{
    size_t offset = cluster + cluster / 2;

    if (offset + 1 >= image->fat_bytes)
        fail("image", "the FAT is too short");
    for (size_t i = 0; i < image->fats; i++) {
        uint8_t *p = image->bytes + image->fat_at + i * image->fat_bytes + offset;

        put16(p, cluster & 1 ? (get16(p) & 0xf) | value << 4 : (get16(p) & 0xf000) | value);
    }
}

/* Chains clusters for `length` bytes, one after the other; returns where they begin in the image. */
static size_t allocate(struct image *image, const char *object, size_t length)
{
    size_t count = (length + image->cluster_bytes - 1) / image->cluster_bytes;
    size_t at = image->data_at + (image->next - 2) * image->cluster_bytes;

    if (count * image->cluster_bytes > image->length - at)
        fail(object, "does not fit on the disk");
    for (; count; count--, image->next++)
        fat_set(image, image->next, count > 1 ? image->next + 1 : 0xfff);
    return at;
}

/* The name of a path as a directory has it: eight and three capitals, padded with spaces. */
static void short_name(const char *path, uint8_t name[NAME])
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    size_t n = 0;

    memset(name, ' ', NAME);
    for (; *base; base++) {
        if (*base == '.' && n <= 8)
            n = 8;
        else if (!isalnum((unsigned char)*base) || n == NAME || (n == 8 && base[-1] != '.'))
            fail(path, "has no name of the form NNNNNNNN.EEE");
        else
            name[n++] = toupper((unsigned char)*base);
    }
}

static void entry_add(struct image *image, const uint8_t name[NAME], uint8_t attributes, size_t cluster, size_t size)
{
    uint8_t *entry = image->bytes + image->entries_at;

    if (image->entries_at == image->entries_end)
        fail("image", "a directory is full");
    memcpy(entry, name, NAME);
    entry[11] = attributes;
    put16(entry + 14, TIME);
    put16(entry + 16, DATE);
    put16(entry + 18, DATE);
    put16(entry + 22, TIME);
    put16(entry + 24, DATE);
    put16(entry + 26, cluster);
    put16(entry + 28, size);
    put16(entry + 30, size >> 16);
    image->entries_at += ENTRY;
}

/* An image that holds the boot sector, empty FATs and an empty root with a volume label. */
static struct image image_new(const char *boot_path)
{
    struct image image = {.next = 2};
    size_t length;
    uint8_t *boot = file_read(boot_path, &length);

    if (length != SECTOR || boot[510] != 0x55 || boot[511] != 0xaa || get16(boot + 11) != SECTOR || !boot[13])
        fail(boot_path, "is no boot sector with a parameter block");
    image.length = get16(boot + 19) * SECTOR;
    image.cluster_bytes = boot[13] * SECTOR;
    image.fats = boot[16];
    image.fat_at = get16(boot + 14) * SECTOR;
    image.fat_bytes = get16(boot + 22) * SECTOR;
    image.root_at = image.fat_at + image.fats * image.fat_bytes;
    image.root_bytes = get16(boot + 17) * ENTRY;
    image.data_at = image.root_at + image.root_bytes;
    if (!image.fats || !image.fat_at || image.fat_bytes < 3 || image.root_bytes % SECTOR ||
        image.data_at >= image.length || (image.length - image.data_at) / image.cluster_bytes >= 0xff5)
        fail(boot_path, "its parameter block describes no FAT12 disk");
    image.bytes = calloc(1, image.length);
    if (!image.bytes)
        fail(boot_path, "not enough memory");
    memcpy(image.bytes, boot, SECTOR);
    for (size_t i = 0; i < image.fats; i++)
        memcpy(image.bytes + image.fat_at + i * image.fat_bytes, (uint8_t[]){boot[21], 0xff, 0xff}, 3);
    image.entries_at = image.root_at;
    image.entries_end = image.data_at;
    entry_add(&image, boot + 43, VOLUME_LABEL, 0, 0);
    free(boot);
    return image;
}

static void file_add(struct image *image, const char *path)
{
    uint8_t name[NAME];
    size_t length, cluster = image->next;
    uint8_t *bytes = file_read(path, &length);
    size_t at = allocate(image, path, length);

    memcpy(image->bytes + at, bytes, length);
    short_name(path, name);
    entry_add(image, name, ARCHIVE, length ? cluster : 0, length);
    free(bytes);
}

/* Adds a directory for `count` files to the root; files go there from now on. */
static void directory_add(struct image *image, char *path, size_t count)
{
    uint8_t name[NAME];
    size_t cluster = image->next;
    size_t length = (count + 2) * ENTRY;
    size_t at = allocate(image, path, length);

    path[strlen(path) - 1] = 0;
    short_name(path, name);
    entry_add(image, name, DIRECTORY, cluster, 0);
    image->entries_at = at;
    image->entries_end = at + length;
    entry_add(image, (const uint8_t *)".          ", DIRECTORY, cluster, 0);
    entry_add(image, (const uint8_t *)"..         ", DIRECTORY, 0, 0);
}

int main(int argc, char **argv)
{
    struct image image;
    FILE *out;

    if (argc < 3)
        fail("usage", "mkfat12 IMAGE BOOTSECTOR [DIRECTORY/ | FILE] ...");
    image = image_new(argv[2]);
    for (int i = 3; i < argc; i++) {
        size_t length = strlen(argv[i]);

        if (length > 1 && argv[i][length - 1] == '/')
            directory_add(&image, argv[i], argc - i - 1);
        else
            file_add(&image, argv[i]);
    }
    out = fopen(argv[1], "wb");
    if (!out || fwrite(image.bytes, 1, image.length, out) != image.length || fclose(out)) {
        remove(argv[1]);
        fail(argv[1], "cannot be written");
    }
    free(image.bytes);
    return 0;
}
