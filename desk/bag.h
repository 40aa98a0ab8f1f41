/* bag.h - a BagIt bag (RFC 8493; spec/retrieval.md) that is being made: whole or not there at all. */
#ifndef MUNIMENT_DESK_BAG_H
#define MUNIMENT_DESK_BAG_H

#include <limits.h>

#include "desk/package.h"
#include "desk/proof.h"
#include "desk/serialize.h"

struct key;

struct bag {
    const struct arguments *arguments;
    const char *path;      /* that it gets at last */
    char folder[PATH_MAX]; /* where it is made; empty: not made yet */
    bool session;          /* what it holds is what a session left, not what was sealed */
    struct text manifest, table, receipt;
    struct text missing; /* of the file that was copied last: "4096-4607 9216-10239", its bytes that are zeros */
    struct package package;
    enum serialization as;
    struct proof *proof; /* null: --prove is not given */
    bool signs;          /* there is a receipt */
    struct key *key;     /* that signs it; null until the bag ends */
    uint64_t files, bytes, damaged, withheld, disclosed;
    uint64_t copied;              /* bytes of the file that was copied last */
    uint8_t head[SIGNATURE_HEAD]; /* of the file that was copied last */
    size_t head_size;
    uint8_t *piece; /* owned */
};

/* Makes the folder, which was not there, in which the bag is made; reads --as. The caller calls bag_release in any
 * case.
 */
bool bag_begin(struct bag *bag, const struct arguments *arguments, const char *path, const char *folder,
               struct error *error);
/* The same with one that was begun before: manifest, table, receipt and numbers are those of then. */
bool bag_resume(struct bag *bag, const struct arguments *arguments, const char *path, const char *folder,
                struct error *error);
/* Brings all that was written so far to the disk of this host: before something says that it is there. */
bool bag_sync(const struct bag *bag, struct error *error);
/* Removes what is in the folder and the manifest does not name: files that came after that was kept. */
bool bag_prune(const struct bag *bag, struct error *error);
/* Removes the folder with all that is in it, unless the bag is done. */
void bag_abandon(struct bag *bag);
void bag_release(struct bag *bag);

/* Checks the key that --key names, and begins the receipt, of an archive, unless it was begun. The key is not kept in
 * memory: a reader of hostile volumes (reader.h) is a copy of this process. */
bool bag_begin_receipt(struct bag *bag, const struct desk_volume *volume, struct error *error);

/* Copies a file of the volume into the bag as data/PREFIX/PATH. *damage: what in it could not be read, in whose place
 * are zeros, but for its end; STATUS_OK: it is whole. */
bool bag_take(struct bag *bag, struct desk_volume *volume, const char *prefix, const char *path,
              const struct file_entry *entry, struct error *damage, struct error *error);
/* Copies what the guest printed, a file of this host, into the bag as data/PREFIX/NAME. */
bool bag_take_print(struct bag *bag, const char *prefix, const char *name, const char *from, struct error *error);
/* Its digest only. */
bool bag_digest(struct bag *bag, struct desk_volume *volume, const char *path, const struct file_entry *entry,
                uint8_t digest[DIGEST_SIZE], struct error *damage, struct error *error);

/* Copies a file of this host, which must not change meanwhile, into the bag as data/NAME. *size in bytes. */
bool bag_copy(struct bag *bag, const char *path, const char *name, uint64_t *size, uint8_t digest[DIGEST_SIZE],
              struct error *error);

#define BAG_TAGS 8

/* One more file beside data/; at most BAG_TAGS - 1 of them. */
struct bag_tag {
    const char *name;
    const struct text *text;
};

/* Writes the tag files, the receipt too, and renames the folder, or makes one file of it. volume: that everything comes
 * from. journal: the path of the session's, or null. */
bool bag_end(struct bag *bag, const struct desk_volume *volume, const char *journal, const struct bag_tag *more,
             size_t count, struct error *error);

/* The same of a bag of archives (bag_copy): `about` begins its bag-info.txt, and `more` may be any number. */
bool bag_end_archives(struct bag *bag, const struct text *about, const struct bag_tag *more, size_t count,
                      struct error *error);

/* Removes a folder with all that is in it. Sets errno. */
bool folder_remove(const char *path);

#endif
