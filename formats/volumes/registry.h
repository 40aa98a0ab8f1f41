/* registry.h - what the registry of an installed Windows says of code pages: the system hive of Windows NT to XP
 * ("regf") and SYSTEM.DAT of Windows 95 to ME ("CREG").
 *
 * After the descriptions of B.D., "WinReg.txt", and of J. Metz (libregf, libcreg), and Wine's comments on CREG. A hive
 * is taken for hostile: whoever looks into one does so in a worker that is locked in. */
#ifndef MUNIMENT_REGISTRY_H
#define MUNIMENT_REGISTRY_H

#include "formats/volumes/files.h"

/* Finds a value by its path of keys ("System/Select/Current"), the case of A to Z aside: text, or a number in decimal.
 * False: there is none. */
bool registry_value(const uint8_t *hive, size_t size, const char *path, char *to, size_t room);

struct registry_pages {
    uint16_t oem, ansi; /* of names of files and consoles, of texts of Windows; 0: not known */
    uint32_t file;      /* which says so: registry_file */
};

/* The code pages of the system that is installed on a volume; false: none is, or its registry does not say. */
bool registry_pages(const struct files *files, struct registry_pages *pages);
/* The path of the nth file that is looked for; null: there are no more. */
const char *registry_file(uint32_t n);

#endif
