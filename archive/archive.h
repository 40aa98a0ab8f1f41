/* archive.h - the public header of archive/: the sealed container.
 *
 * A .mun file is one uncompressed POSIX ustar file that is a function of what is sealed; spec/archive.md is normative
 * and travels in every archive. This folder writes one, opens one, reads its disks with every chunk verified as it is
 * read, and keeps the overlay that a session writes to instead. It knows nothing of the machine that runs on the disks.
 *
 * Its parts that others need come with it: digest.h, SHA-256 and Ed25519; pack.h, files of chunks; timestamp.h,
 * stamps of RFC 3161; command.h, commands that sign; layout.h, the bytes
 * of the format for those who check one. */
#ifndef MUNIMENT_ARCHIVE_H
#define MUNIMENT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/command.h"
#include "archive/digest.h"
#include "archive/layout.h"
#include "archive/pack.h"
#include "archive/timestamp.h"
#include "formats/formats.h"
#include "formats/images/images.h"
#include "manifests/manifests.h"

/* --- Keys (Ed25519, PEM: PKCS #8 private, SubjectPublicKeyInfo public; OpenSSL) --- */

/* Writes a new private key to path (mode 0600, refuses to replace a file) and its public half to path.pub. Encrypted:
 * with a pass phrase, as key_load asks for it. */
bool key_new(const char *path, bool encrypted, struct error *error);

/* --- Sealing --- */

/* Reports progress of a long operation: bytes done of total. Returning false cancels it, and nothing is left. */
typedef bool progress_function(void *context, uint64_t done, uint64_t total);

/* A file that becomes a member as it is: recover.py, specification, source, documents; or built-in firmware. */
struct sealed_file {
    const char *name; /* of the member */
    const uint8_t *bytes;
    size_t size;
    const char *path; /* or, in place of bytes: it is read from here while it is sealed */
};

/* A machine on its way into an archive, with the root that it will have. */
struct sealed_machine {
    const struct machine_manifest *manifest;
    hex_digest machine_root;
    const uint8_t *system, *video;
    size_t system_size, video_size;
    struct block disks[DRIVE_COUNT]; /* read-only, not to be closed; without read function: the drive has no medium */
};

/* A reference boot: attest.txt, and the journal that drives it. Both are owned, and end with NUL. */
struct attestation {
    char *text, *journal;
    size_t size, journal_size;
};
void attestation_free(struct attestation *attestation);

/* What makes an archive from another one: the machine (struct seal_request), with sealed images and the parent's
 * firmware or the built-in one, and what its disks hold now. */
struct derivation {
    struct archive *parent;
    bool flat;                       /* keep everything: what comes out has no parent */
    struct block disks[DRIVE_COUNT]; /* what the drives hold, as long as the parent's; not to be closed; without read
                                        function: no medium */
    /* Whether so many sectors of a disk are the parent's, without being read. */
    bool (*same)(void *context, enum drive_slot slot, uint64_t sector, uint64_t count);
    void *same_context;
    const char *const *changes; /* how it came about, in lines of printable ASCII of at most CHANGE_LIMIT characters */
    size_t change_count;        /* at least 1 */
};

struct seal_request {
    const struct derivation *derivation;            /* or null: it is not made from another archive */
    const char *machine_path;                       /* machine.yaml; images and firmware are found relative to it */
    const struct machine_manifest *machine;         /* or null; in place of the file, whose path is for messages then */
    const char *image_paths[DRIVE_COUNT];           /* or null; in place of the images that the manifest names */
    const char *description_path;                   /* or null: a description with the machine file's name as title */
    const struct description_manifest *description; /* or null; in place of that file */
    const char *key_path;                           /* private key, PEM */
    const char *output_path;                        /* NAME.mun (formats/output.h) */
    bool replace;                                   /* it may be there already */
    struct image_request images[DRIVE_COUNT];       /* how the images are opened */
    unsigned threads; /* that compress; 0: as many as there are processors. The archive does not depend on it */
    const struct sealed_file *files; /* recover.py, spec/..., source/muniment.tar, docs/..., in any order */
    size_t file_count;
    struct sealed_file built_in_system, built_in_video, built_in_cirrus; /* what "built-in" means in a manifest; without
                                                                            name */
    /* Hears of each image that was opened; or null. */
    void (*opened)(const char *path, const struct image_info *info);
    progress_function *progress; /* or null */
    void *progress_context;
    /* Performs the reference boot that is to be sealed with the machine; null: none. It must follow from the machine.
     * The attestation is released here, in any case. */
    bool (*attest)(void *context, const struct sealed_machine *machine, struct attestation *attestation,
                   struct error *error);
    void *attest_context;
};

/* Seals a machine. The manifests are sealed in canonical form; drives with a medium have the image "sealed", and
 * firmware, built in or not, is named by its digest and its member. Whatever goes wrong, output_path is as it was and
 * nothing else is left behind. A file that is changed while it is read is refused (STATUS_INPUT). */
bool archive_seal(const struct seal_request *request, hex_digest machine_root, struct error *error);

/* --- Opening --- */

struct archive; /* one open archive; owns its descriptor and buffers */

/* Folders in which the parents of a derived archive may lie, besides that of the archive itself. */
struct archive_folders {
    char **paths;
    size_t count;
};

/* Opens the file of an archive to read it. A verdict, a comparison and a boot that belong together share one
 * descriptor: a name may come to mean another file. Returns it, or -1 with *error unless path is a regular file; *size
 * in bytes. */
int archive_open_file(const char *path, uint64_t *size, struct error *error);

/* Opens by the README's fixed-width fields, the seal, content.txt, machine.yaml and the tops of the drives: a handful
 * of reads. What is read, here and later, is checked against the chain of digests that begins with the statement. */
struct archive *archive_open(const char *path, const struct archive_folders *folders, struct error *error);
/* The same from a descriptor of archive_open_file, which stays the caller's. path is for messages, and for the folder
 * in which the parent may lie. folders may be null. */
struct archive *archive_open_descriptor(int descriptor, const char *path, const struct archive_folders *folders,
                                        struct error *error);
void archive_close(struct archive *archive);
/* Its own descriptor of its file. */
int archive_descriptor(const struct archive *archive);

/* Who vouches for everything that comes from an open archive, if the signature fits. */
struct archive_signature {
    hex_digest signer;    /* SHA-256 of the key's SubjectPublicKeyInfo */
    hex_digest statement; /* SHA-256 of the statement */
    hex_digest content;   /* SHA-256 of content.txt, which covers the description as well */
    uint8_t bytes[SIGNATURE_SIZE];
};
const struct archive_signature *archive_signature(const struct archive *archive);
/* Whether the signature fits the statement and the key; false: nobody vouches. */
bool archive_signature_fits(const struct archive *archive);

const struct machine_manifest *archive_machine(const struct archive *archive);
const struct description_manifest *archive_description(const struct archive *archive);
const char *archive_machine_root(const struct archive *archive);

/* The sealed image of a drive as a read-only disk; valid until archive_close. False with status STATUS_OK: the drive
 * has no medium. A chunk that does not match its digest is BLOCK_FAILED, and archive_failure says which. */
bool archive_disk(struct archive *archive, enum drive_slot slot, struct block *disk, struct error *error);

/* The length in bytes of the image that was sealed, which may have ended within the last sector; 0: no medium. */
uint64_t archive_image_size(const struct archive *archive, enum drive_slot slot);

/* What shows that a chunk belongs to a disk: its digest, and the nodes beside the path from its leaf to the root of the
 * disk, the lowest first (RFC 9162, section 2.1.3). */
#define PROOF_LIMIT 32
struct chunk_proof {
    uint8_t digest[DIGEST_SIZE], path[PROOF_LIMIT][DIGEST_SIZE];
    uint32_t length; /* of the path */
};
bool archive_prove(struct archive *archive, enum drive_slot slot, uint64_t chunk, struct chunk_proof *proof,
                   struct error *error);
/* Whether a proof leads from a chunk to the root of a disk that has so many chunks. */
bool chunk_proof_holds(const struct chunk_proof *proof, uint64_t chunk, uint64_t chunks,
                       const uint8_t root[DIGEST_SIZE]);
/* How many chunks a disk has; 0: no medium. */
uint64_t archive_chunks(const struct archive *archive, enum drive_slot slot);
/* Adds content.txt, which leads from the roots of the disks to the machine-root. */
void archive_content(const struct archive *archive, struct text *to);

/* The digest of that image, DIGEST_SIZE bytes; null: no medium, or it is not stated. */
const uint8_t *archive_image_digest(const struct archive *archive, enum drive_slot slot);

/* What sealed it: the line "software" of seal.txt. */
const char *archive_software(const struct archive *archive);

/* --- Chains: a derived archive holds what differs from its parent (spec/archive.md, "Derived archives") --- */

/* Whether it has a parent, and which: machine-root and digest of content.txt; either may be null. */
bool archive_is_derived(const struct archive *archive, const char **machine_root, const char **content);
/* The parent, looked for where it may lie and opened on first use; it belongs to the archive. Null with *error: there
 * is none (STATUS_OK), it is not at hand (STATUS_UNDECIDED), is damaged (STATUS_INPUT), or has not what is inherited
 * from it (STATUS_WRONG). */
struct archive *archive_parent(struct archive *archive, struct error *error);
/* The file that it was opened from. */
const char *archive_file(const struct archive *archive);

/* A chunk of a disk as an archive describes it; its bytes may be elsewhere. */
struct chunk_claim {
    bool own; /* they are here, or it is one of zeros here */
    uint8_t digest[DIGEST_SIZE];
};
/* The `count` chunks of an extent, at most EXTENT_CHUNKS, and its root; false with *error. */
bool archive_extent(struct archive *archive, enum drive_slot slot, uint32_t extent, struct chunk_claim *chunks,
                    uint32_t *count, uint8_t root[DIGEST_SIZE], struct error *error);
/* The sectors of a disk that could not be read from the original, in order. */
const struct sector_range *archive_unreadable(const struct archive *archive, enum drive_slot slot, uint32_t *count);
/* The descriptors and files of an archive and of all above it that are at hand, itself first, at most CHAIN_LIMIT. They
 * stay its own. Returns how many there are. */
#define CHAIN_LIMIT 100u /* archives of a chain */
size_t archive_chain(struct archive *archive, int descriptors[CHAIN_LIMIT], const char *files[CHAIN_LIMIT]);
/* Opens such a chain, by a process that can open no file; the descriptors are taken over, also on failure. What is not
 * in it is not at hand. */
struct archive *archive_open_chain(const int *descriptors, const char *const *files, size_t count, struct error *error);
/* Digest and length of a member that the seal lists; false: it lists none of that name. */
bool archive_member(const struct archive *archive, size_t index, const char **name, uint64_t *size, hex_digest digest);

/* The lines of seal.txt about the images that other programs made (spec/archive.md, "Origins"); may be empty. */
const char *archive_origins(const struct archive *archive);

/* The root of a drive's disk (spec/archive.md, "The tree"), DIGEST_SIZE bytes; null: no medium. */
const uint8_t *archive_disk_root(const struct archive *archive, enum drive_slot slot);

/* The reason of the last BLOCK_FAILED of any disk of this archive. */
const struct error *archive_failure(const struct archive *archive);

/* A sealed firmware file (machine->system or ->video, built in or not: its bytes are in the archive). The caller frees
 * *bytes. */
bool archive_firmware(struct archive *archive, bool video, uint8_t **bytes, size_t *size, struct error *error);

/* The sealed reference boot, to be released with attestation_free. False with status STATUS_OK: there is none. */
bool archive_attestation(struct archive *archive, struct attestation *attestation, struct error *error);

/* --- Chunks that processes share --- */

/* The bytes of a chunk of a disk, verified, until the next call; what follows the disk's last sector in the last one is
 * not defined. Null with archive_failure. */
const uint8_t *archive_chunk(struct archive *archive, enum drive_slot slot, uint64_t chunk);

/* Where an archive finds chunks that another process has verified. */
struct archive_pages {
    void *context;
    /* Puts CHUNK_SIZE bytes into bytes. False: it does not have that chunk, which is read and verified here. */
    bool (*read)(void *context, enum drive_slot slot, uint64_t chunk, uint8_t *bytes);
};
void archive_share(struct archive *archive, const struct archive_pages *pages);

/* --- The overlay: where the writes of a session go --- */

/* Puts an append-only overlay over base; the result is writable and owns base (closes it). path null: in an anonymous
 * temporary file that vanishes. An existing overlay file is continued; it names what it belongs to (64 hex digits: the
 * digest of an archive's content.txt, or of what it lies over) and the slot it belongs to, and another one's is
 * refused. What a crash tore before it was synced is dropped; any other damage is refused (STATUS_INPUT). */
bool overlay_open(const char *path, const char *belongs_to, enum drive_slot slot, struct block *base,
                  struct block *result, struct error *error);
/* The same in two steps, of which the second opens no file: the file of an overlay that is kept, below 0 with *error;
 * and an overlay in it, or, path null, in one of file_temporary. The descriptor is taken over, also on failure. */
int overlay_file(const char *path, struct error *error);
bool overlay_open_file(int descriptor, const char *path, const char *belongs_to, enum drive_slot slot,
                       struct block *base, struct block *result, struct error *error);

/* Whether a disk is an overlay that holds writes. */
bool overlay_has_writes(const struct block *disk);
/* What lies under an overlay; of another disk, itself. */
const struct block *overlay_base(const struct block *disk);

/* Whether an overlay holds none of so many sectors; of another disk, true. */
bool overlay_leaves(const struct block *disk, uint64_t sector, uint64_t count);

/* Puts what waits for long enough onto the disk, or all; to be called every 10 ms of guest time or so, and at the end.
 * Does nothing to other disks than overlays that are kept. */
bool overlay_sync(const struct block *disk, bool all, struct error *error);
/* How many records, torn by a crash, were dropped when it was opened. */
uint64_t overlay_dropped(const struct block *disk);

/* A moment of an overlay that is kept: how many records it had, and the digest by which the last of them is chained. */
struct overlay_place {
    uint64_t records;
    hex_digest chain;
};

/* Where it stands. False: it is no overlay that is kept. */
bool overlay_place(const struct block *disk, struct overlay_place *place);
/* Whether it once was at that place. */
bool overlay_was_at(const struct block *disk, const struct overlay_place *place);
/* Makes it hold what it held at a place at which it was. It only grows: what came later is written over, and stays in
 * the file. */
bool overlay_rewind(struct block *disk, const struct overlay_place *place, struct error *error);

/* After fork: gives this process a copy of its own of what an overlay holds, so that what it writes is not the other's.
 * Other disks are left as they are. */
bool overlay_branch(struct block *disk, struct error *error);

#endif
