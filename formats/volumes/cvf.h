/* cvf.h - a compressed volume file of DoubleSpace or DriveSpace, as the FAT volume that is in it.
 *
 * A file DBLSPACE.nnn or DRVSPACE.nnn in the root of a FAT volume, its host, holds a volume whose clusters are
 * compressed one by one. From F. Gockel's description (dmsdos, doc/cvfinfo.doc, and for the three codes its source).
 * MS-DOS 6.0 to 6.22, Windows 95 and DriveSpace 3 wrote them; clusters that DriveSpace 3 keeps in fragments are named
 * and not read. Everything in one is taken for hostile. */
#ifndef MUNIMENT_CVF_H
#define MUNIMENT_CVF_H

#include "formats/formats.h"
#include "formats/volumes/volumes.h"

struct cvf;

/* Opens the file that volume->within names in its host, or, if that is empty, the volume's sectors as that file. The
 * disk must outlive it. Null with *error. */
struct cvf *cvf_open(const struct block *disk, const struct volume *volume, struct error *error);
void cvf_close(struct cvf *cvf);
/* A FAT volume that begins at its first sector; the cvf's. */
const struct block *cvf_block(const struct cvf *cvf);
/* "DoubleSpace", "DriveSpace", "DriveSpace 3". */
const char *cvf_kind(const struct cvf *cvf);
/* Why the last sector that was unreadable is; false: none was. It is forgotten. */
bool cvf_failure(struct cvf *cvf, struct error *error);

/* Unpacks a cluster, of which `size` bytes are kept, to exactly `wanted` bytes; null, or what is wrong. */
const char *cvf_unpack(const uint8_t *packed, size_t size, uint8_t *to, size_t wanted);

#endif
