/* layout.h - the bytes of a sealed archive, as spec/archive.md defines them, for those who write, read and check one.
 *
 * Nothing here touches a disk image or decides anything: it prints and parses the fixed forms, and whatever has only
 * one legal form is parsed by printing it again. */
#ifndef MUNIMENT_LAYOUT_H
#define MUNIMENT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/digest.h"
#include "formats/text.h"
#include "manifests/manifests.h"

#define TAR_BLOCK 512u
#define TAR_END 1024u  /* bytes of zeros that end an archive */
#define NAME_SIZE 100u /* of a member, with NUL */

#define CHUNK_SIZE 65536u
#define CHUNK_SECTORS (CHUNK_SIZE / SECTOR_SIZE)
#define CHUNK_GZ_MAX 65564u /* a gzip member of stored blocks: 10 + 2 * 5 + 65536 + 8 */
#define EXTENT_CHUNKS 1024u
#define EXTENT_SIZE (CHUNK_SIZE * EXTENT_CHUNKS)
#define EXTENT_GZ_MAX (CHUNK_GZ_MAX * EXTENT_CHUNKS)

#define MAP_LINE 88u
#define TOP_LINE 167u
#define UNREADABLE_LINE 32u

/* Bounds of version 0; nothing beyond them is written, and nothing beyond them is read. */
#define FILE_LIMIT UINT64_C(999999999999999) /* 15 digits */
#define DISK_LIMIT (UINT64_C(1) << 41)       /* 32,768 extents */
#define UNREADABLE_LIMIT 65536u              /* ranges of one disk */
#define CHANGES_LIMIT 64u                    /* lines of seal.txt about changes */
#define CHANGE_LIMIT 255u                    /* characters of one */
#define LISTED_LIMIT 4096u                   /* members that seal.txt lists */
#define SMALL_LIMIT (1u << 20)               /* README, content.txt, seal.txt */
#define FIRMWARE_LIMIT (1u << 20)
#define ATTEST_LIMIT (16u << 20) /* attest.txt and attest.journal */
#define TOP_LIMIT (DISK_LIMIT / EXTENT_SIZE * TOP_LINE)

/* --- Members --- */

/* clang-format off */
/* In the order of the archive; the first four kinds of a disk take turns. */
enum member_kind {
    MEMBER_README, MEMBER_RECOVER, MEMBER_SPEC, MEMBER_SOURCE, MEMBER_DOCUMENT, MEMBER_MACHINE, MEMBER_DESCRIPTION,
    MEMBER_SYSTEM, MEMBER_VIDEO,
    MEMBER_EXTENT, MEMBER_MAP, MEMBER_TOP, MEMBER_UNREADABLE,
    MEMBER_ATTEST, MEMBER_ATTEST_JOURNAL,
    MEMBER_CONTENT, MEMBER_SUMS, MEMBER_SEAL, MEMBER_KEY, MEMBER_SIGNATURE, MEMBER_STATEMENT,
    MEMBER_UNKNOWN
};
/* clang-format on */

struct member_id {
    enum member_kind kind;
    enum drive_slot slot; /* of the kinds of a disk */
    uint32_t extent;      /* of MEMBER_EXTENT and MEMBER_MAP */
    uint64_t order;       /* members are sorted by this, then by name */
};

struct member {
    char name[NAME_SIZE];
    uint64_t offset; /* of its data in the file; its header is the block before */
    uint64_t size;
    uint8_t digest[DIGEST_SIZE];
};

/* What a name means; MEMBER_UNKNOWN for one that version 0 does not have. */
struct member_id member_identify(const char *name);

/* The name of the kinds that have only one name for a slot and extent. */
void member_name(enum member_kind kind, enum drive_slot slot, uint32_t extent, char name[NAME_SIZE]);

/* Below, above or 0: the order of two members. */
int member_compare(const char *a, const char *b);

/* The only legal header of a member. */
void tar_header(const char *name, uint64_t size, uint8_t block[TAR_BLOCK]);

/* False unless block is the one legal header of some name and size. */
bool tar_header_parse(const uint8_t block[TAR_BLOCK], char name[NAME_SIZE], uint64_t *size);

/* size, rounded up to whole blocks. */
uint64_t tar_padded(uint64_t size);

/* --- The hash tree (RFC 9162, section 2.1.1; leaf = SHA-256(00 | SHA-256(chunk))) --- */

/* A node: SHA-256(01 | left | right). out may be one of them. */
void tree_node(const uint8_t left[DIGEST_SIZE], const uint8_t right[DIGEST_SIZE], uint8_t out[DIGEST_SIZE]);
/* What a chunk is in the tree. leaf may be chunk_digest. */
void tree_leaf(const uint8_t chunk_digest[DIGEST_SIZE], uint8_t leaf[DIGEST_SIZE]);
/* Hashes a path of `count` nodes upwards from node `number` of a level whose last is `last` (RFC 9162 §2.1.3.2 and
 * §2.1.4.2): *root, the node at first, becomes the root that the path leads to; *old, unless null, takes only what
 * stands to the left. False: so many nodes lead to no root. */
bool tree_climb(uint64_t number, uint64_t last, const uint8_t (*node)[DIGEST_SIZE], unsigned count, uint8_t *old,
                uint8_t *root);

struct tree {
    uint8_t nodes[64][DIGEST_SIZE]; /* roots of the perfect subtrees so far, largest first */
    uint64_t count;
};

void tree_add_chunk(struct tree *t, const uint8_t chunk_digest[DIGEST_SIZE]);
/* All subtrees added to one tree must be perfect and equally large, except the last. */
void tree_add_subtree(struct tree *t, const uint8_t root[DIGEST_SIZE]);
/* The root; of an empty tree, the digest of nothing. */
void tree_root(const struct tree *t, uint8_t root[DIGEST_SIZE]);

/* --- Extents --- */

struct map_entry {
    bool inherited;          /* kind p: the chunk is the parent's; offset and length are 0 */
    uint32_t offset, length; /* of the gzip member, in the extent's .gz */
    uint8_t digest[DIGEST_SIZE];
};

struct top_entry {
    bool zero;      /* kind z: an extent of zeros without members; offset, length and map digest are 0 */
    bool inherited; /* kind p: the parent's, likewise without members */
    uint64_t offset;
    uint32_t length;
    uint8_t map_digest[DIGEST_SIZE], root[DIGEST_SIZE];
};

uint32_t disk_extents(uint64_t size);
uint32_t extent_chunks(uint64_t size, uint32_t extent);
uint32_t chunk_length(uint64_t size, uint32_t extent, uint32_t chunk);

/* Whether an extent has no members here. */
bool top_entry_is_bare(const struct top_entry *entry);

void map_line_print(char line[MAP_LINE + 1], uint32_t chunk, const struct map_entry *entry);
bool map_line_parse(const char *line, uint32_t chunk, bool derived, struct map_entry *entry);
void top_line_print(char line[TOP_LINE + 1], uint32_t extent, const struct top_entry *entry);
bool top_line_parse(const char *line, uint32_t extent, bool derived, struct top_entry *entry);

/* Parses a whole .map: `count` lines whose own chunks follow each other without gap from 0 to gz_size. entries has room
 * for them. derived, here and above: kind p may be there. */
bool map_parse(const char *text, size_t size, uint32_t count, uint64_t gz_size, bool derived,
               struct map_entry *entries);

/* Parses a whole .unreadable: ranges in order, apart, inside the disk. ranges has room for size / UNREADABLE_LINE. */
bool unreadable_parse(const char *text, size_t size, uint64_t sectors, struct sector_range *ranges);

/* The root of an extent from the digests of its chunks. */
void extent_root(const struct map_entry *entries, uint32_t count, uint8_t root[DIGEST_SIZE]);

/* The roots of an extent of zeros: of one that is whole, and of the last of a disk. */
struct zero_roots {
    uint8_t whole[DIGEST_SIZE], last[DIGEST_SIZE];
};

void zero_roots(uint64_t disk_size, struct zero_roots *roots);

/* --- seal.txt, content.txt, the statement, the README --- */

struct sealed_disk {
    uint64_t size; /* bytes; 0: the drive has no medium */
    uint8_t root[DIGEST_SIZE];
    uint64_t image_size; /* of the file that was sealed, which may have ended within the last sector; 0: not stated */
    uint8_t image_digest[DIGEST_SIZE];
};

struct seal {
    char software[160], compressor[64];
    struct member *members; /* owned: all but extents, maps, the seal itself and the evidence, in order */
    uint32_t count, capacity;
    struct sealed_disk disks[DRIVE_COUNT];
    hex_digest parent_root, parent_content; /* of a derived archive; empty: it has no parent */
    struct text changes;                    /* owned: the lines about how it came from another archive */
    struct text origins;                    /* owned: the lines about the images that other programs made */
};

/* Whether an archive keeps what differs from its parent. */
bool seal_is_derived(const struct seal *seal);
bool seal_add(struct seal *seal, const struct member *member);
const struct member *seal_find(const struct seal *seal, const char *name);
void seal_free(struct seal *seal);

void seal_print(struct text *t, const struct seal *seal);
/* False, with what is wrong in *reason, unless text is a legal seal; null: memory was short. The seal must be freed in
 * either case. */
bool seal_parse(const char *text, size_t size, struct seal *seal, const char **reason);

/* content.txt as it follows from the seal's table; also gives the machine-root. */
void content_print(struct text *t, const struct seal *seal, uint8_t machine_root[DIGEST_SIZE]);

void statement_print(struct text *t, const uint8_t signer[DIGEST_SIZE], const uint8_t content[DIGEST_SIZE],
                     const uint8_t seal[DIGEST_SIZE]);

/* A line of SHA256SUMS. */
void sums_print(struct text *t, const uint8_t digest[DIGEST_SIZE], const char *name);

/* The README; the two numbers say where things are. */
void readme_print(struct text *t, uint64_t sealed_bytes, uint64_t seal_at);
/* Finds the two fields; false unless each stands there once. text ends with NUL. */
bool readme_fields(const char *text, uint64_t *sealed_bytes, uint64_t *seal_at);

/* Where the seal and the three members of evidence lie in the tail, relative to the seal's header. */
struct tail {
    uint64_t key, signature, statement, end; /* data offsets; end: the length of the whole tail */
    uint64_t statement_size;
};

struct tail tail_layout(uint64_t seal_size);

/* --- Chunks as gzip members (RFC 1951, RFC 1952) --- */

struct chunk_encoder;
struct chunk_decoder;

struct chunk_encoder *chunk_encoder_new(void); /* null: out of memory */
void chunk_encoder_free(struct chunk_encoder *encoder);
/* Encodes up to CHUNK_SIZE bytes; returns the length of the gzip member. */
uint32_t chunk_encode(struct chunk_encoder *encoder, const uint8_t *bytes, uint32_t size, uint8_t gz[CHUNK_GZ_MAX]);
/* What the seal's line "compressor" says. */
void chunk_encoder_name(char *name, size_t size);

struct chunk_decoder *chunk_decoder_new(void);
void chunk_decoder_free(struct chunk_decoder *decoder);
/* Decodes the gzip member at the start of gz; *used is its length and *size that of its contents, at most CHUNK_SIZE.
 * Returns null, or what is wrong with it. */
const char *chunk_decode(struct chunk_decoder *decoder, const uint8_t *gz, uint32_t available,
                         uint8_t bytes[CHUNK_SIZE], uint32_t *size, uint32_t *used);

/* A whole chunk that did not shrink, which has CHUNK_GZ_MAX bytes, holds its bytes but for the last one between these:
 * who reads many such chunks reads them where they belong. */
#define CHUNK_STORED_HEAD 15u
#define CHUNK_STORED_TAIL 14u
/* Whether head and tail are those of these contents, of which the last byte is set. False: decode it. */
bool chunk_stored(const uint8_t head[CHUNK_STORED_HEAD], const uint8_t tail[CHUNK_STORED_TAIL],
                  uint8_t bytes[CHUNK_SIZE]);

#endif
