/* package.h - what stands in a bag beside the files, for programs and for people: DFXML, PREMIS 3 and index.html
 * (spec/retrieval.md, "The package"). */
#ifndef MUNIMENT_DESK_PACKAGE_H
#define MUNIMENT_DESK_PACKAGE_H

#include "desk/volume.h"
#include "formats/volumes/signatures.h"

/* What is said of each file, as it grows: with the files it makes the documents. */
struct package {
    struct text objects; /* fileobjects of DFXML */
    struct text premis;  /* objects of PREMIS */
    struct text rows;    /* of the table of index.html */
};

void package_free(struct package *package);

/* A file that was taken out. */
struct packaged {
    const char *name, *path; /* in the bag; on the disk */
    const struct file_entry *entry;
    const struct desk_volume *volume;       /* null: it is a print */
    const uint8_t *digest;                  /* SHA-256 */
    const struct file_signature *signature; /* null: not known */
    const char *missing;                    /* its bytes that could not be read, as files.csv has them */
    bool damaged;
};
void package_file(struct package *package, const struct packaged *file);

/* What all of it has in common. */
struct packaged_from {
    const struct archive *archive; /* null: an image */
    const char *source;            /* its path */
    const char *override;          /* the reason; null: none */
    const char *signer;            /* 64 digits: the key of the receipt; null: none */
    const char *journal;           /* 64 digits: digest of the session's; null: none */
    const char *now;               /* YYYY-MM-DDThh:mm:ssZ */
    uint64_t files, bytes, withheld, damaged;
    uint16_t code_page;    /* of names; 437: nobody chose another */
    uint16_t lacking_page; /* that they are in, and that is not known; 0: none */
    bool session, proved;
};

void package_dfxml(const struct package *package, const struct packaged_from *from, struct text *to);
void package_premis(const struct package *package, const struct packaged_from *from, struct text *to);
void package_index(const struct package *package, const struct packaged_from *from, struct text *to);

#endif
