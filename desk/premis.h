/* premis.h - an archive in the words of PREMIS 3.0 (Data Dictionary for Preservation Metadata; spec/terms.md). */
#ifndef MUNIMENT_DESK_PREMIS_H
#define MUNIMENT_DESK_PREMIS_H

#include "archive/archive.h"
#include "desk/rights.h"

/* What is said of an archive. */
struct premis_subject {
    const struct archive *archive;
    const char *path;
    uint64_t size;               /* of the file */
    uint8_t digest[DIGEST_SIZE]; /* of the file */
    const char *log;             /* the office's, for events; or null */
    char rights[RIGHTS_WORDS];   /* as decided (rights_say) */
    char review[11];             /* rights_review */
};

/* Writes the XML document: objects, events, agents, rights. The caller frees *to. */
bool premis_print(struct text *to, const struct premis_subject *subject, struct error *error);

/* Opens an archive and reads all of its file for size and digest; its parents may lie in folders, or null. The caller
 * closes subject->archive in any case. */
bool premis_open(struct premis_subject *subject, struct archive **archive, const char *path,
                 const struct archive_folders *folders, struct error *error);

#endif
