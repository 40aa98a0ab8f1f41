/* check.h - one verification on its way, shared by the files of verify/fixity/.
 *
 * report.c reports what is found. plan.c finds out what lies where, authority.c what each member must hash to, stream.c
 * reads members and compares, extent.c those of disks, inherited.c what is in parents, crew.c shares them out to
 * threads, fixity.c joins them and gives the verdict. */
#ifndef MUNIMENT_VERIFY_CHECK_H
#define MUNIMENT_VERIFY_CHECK_H

#include "archive/archive.h"
#include "verify/fixity/fixity.h"

#define PARTS_LIMIT 500000u    /* members of an archive: six disks of 2 TiB */
#define SUMS_LIMIT (64u << 20) /* SHA256SUMS of as many */

/* A member as the plan has it. */
struct part {
    struct member member; /* digest: of what was read */
    struct member_id id;
    bool damaged; /* a finding was reported for its content */
    bool blamed;  /* before it was read as a member */
    bool in_sums; /* SHA256SUMS has a line for it, with this digest */
    uint8_t summed[DIGEST_SIZE];
};

/* The extents of a disk: what the top says, and what was read. */
struct disk_check {
    uint64_t size; /* 0: no disk, or not known */
    uint32_t extents;
    uint8_t root[DIGEST_SIZE];       /* of the disk, from where its size is */
    struct top_entry *claimed;       /* null: the top is damaged or missing, or does not lead to the root */
    struct top_entry *read;          /* null: the size is not known */
    struct sector_range *unreadable; /* in order; null: the list is damaged or missing */
    uint32_t unreadable_count;
};

/* Findings that are not declared yet: what they are about is read again first. */
struct held {
    struct finding *list;
    uint32_t count, capacity;
    bool declared; /* there were too many: all are declared as they come */
};

#define HELD_LIMIT 4096u

/* The threads that read together; crew.c. */
struct crew;

struct check {
    const struct verify_request *request;
    struct verify_result *result;
    int descriptor;
    uint64_t size; /* of the file */
    bool cancelled, out_of_memory;
    struct error failure; /* of this host, in what the archive needs besides its own bytes; status 0: none */
    struct held held;
    struct crew *crew; /* while members are read */
    uint64_t random;   /* state of the generator that chooses what is sampled; not 0 */

    struct part *parts; /* in the order of the file */
    uint32_t count, capacity;
    struct part **by_name; /* the same, sorted by name */

    struct seal seal; /* as parsed from seal.txt */
    bool seal_parsed;
    bool seal_named; /* the statement names it: its claims count */
    bool content_named;
    bool vouched;         /* the signature fits the statement: what the statement leads to is what was signed */
    bool signature_bad;   /* key and statement are what they must be, and the signature does not fit them */
    char *content;        /* content.txt, if the statement names it */
    hex_digest statement; /* SHA-256 of the statement */
    bool by_seal;         /* the plan is the seal's */
    bool sums_intact;     /* SHA256SUMS is what the seal says */
    uint32_t stopped;     /* how many members were read */
    struct disk_check disks[DRIVE_COUNT];

    struct chunk_decoder *decoder;
    struct chunk_encoder *encoder;
};

/* Reports a place. place may be null. */
void report_place(struct check *c, const char *member, const char *place, uint64_t offset, uint64_t length,
                  const char *what, ...) __attribute__((format(printf, 6, 7)));

/* Declares what is held. */
void declare_held(struct check *c, struct held *held);
/* As report_place, about a place of a disk. */
void report_sectors(struct check *c, const char *member, const char *place, uint64_t offset, uint64_t length,
                    enum drive_slot slot, uint64_t sector, uint64_t sectors, const char *what);

/* Reports damage of a member's content, once for each member. */
void report_part(struct check *c, struct part *part, const char *what);

/* Compares what is there with what must be there, both `size` bytes at `offset` of the file, and reports the span that
 * differs. Returns whether they are the same. */
bool report_difference(struct check *c, const char *member, const char *place, uint64_t offset, const void *actual,
                       const void *expected, size_t size);

/* Reads what can be read; the rest is zeros. Reports nothing. Returns how much was read. */
size_t read_some(struct check *c, uint64_t offset, void *buffer, size_t size);

/* A whole member in memory, with NUL after it; null when it is longer than limit or there is no memory. */
char *read_part(struct check *c, const struct part *part, uint64_t limit);

/* Null when it is not there. */
struct part *find_name(const struct check *c, const char *name);
struct part *find_part(const struct check *c, enum member_kind kind, enum drive_slot slot);

/* plan.c: fills in parts. False when the file is no Muniment archive at all. */
bool plan_members(struct check *c);

/* authority.c: what the seal, the statement and its signature say about each other. */
void judge_evidence(struct check *c);
void load_claims(struct check *c);
/* Whether the digest that was read is one that it may be; true when nothing is said about it. */
bool claims_allow(const struct check *c, const struct part *part);
/* The machine-root in content.txt; false unless the statement names it. */
bool content_machine_root(const struct check *c, hex_digest root);
/* When everything was read: whether the disks are those that the statement leads to. */
void check_roots(struct check *c);
/* When nothing was found damaged: whether what the archive says of itself is so. */
void check_consistency(struct check *c);

/* inherited.c: what a derived archive has of those above it. */
void check_inherited(struct check *c, struct archive *archive);

/* Whether all that the archive says of itself was signed and is there, so that a member that is not read, or not all of
 * it, may be taken for what it must be. */
bool claims_are_whole(const struct check *c);
/* Takes it so. */
void take_claim(struct check *c, struct part *part);

/* --- Reading members --- */

/* A window that moves over the file. */
#define BUFFER_SIZE (1u << 20)
struct stream {
    struct check *c;
    uint64_t offset; /* of bytes[at] in the file */
    uint64_t end;    /* what comes after it is not read */
    size_t at, filled;
    struct sha256 digest; /* of what is taken while a member is read */
    uint8_t bytes[BUFFER_SIZE + CHUNK_GZ_MAX];
};

/* At least `size` bytes (at most CHUNK_GZ_MAX) at the stream's place; fewer, as *there says, only at its end. */
const uint8_t *stream_peek(struct stream *s, size_t size, size_t *there);
/* Moves on over bytes, up to `end`. */
void stream_take(struct stream *s, uint64_t end, bool hashed);
/* Moves on to `offset` without reading what lies between. */
void stream_skip(struct stream *s, uint64_t offset);

/* What is known of the extent that was read last, for the map that follows it. */
struct extent_check;
struct extent_check *extent_check_new(void); /* null: out of memory; released with free */
/* thorough: unpack it whatever the method. */
void check_extent(struct extent_check *x, struct stream *s, struct part *part, struct part *map, bool thorough);
void check_map(struct extent_check *x, struct stream *s, struct part *part);

/* stream.c: reads the members from `first` to before `end`. */
void check_members(struct stream *s, struct extent_check *x, uint32_t first, uint32_t end, bool thorough);

/* A number below limit, at random. */
uint32_t random_below(struct check *c, uint32_t limit);

/* crew.c: reads all members from `first` on, or until it is to stop. */
void read_members(struct check *c, uint32_t first);
/* Counts bytes that were read, shows progress and keeps to the rate. False: cancelled. */
bool crew_read(struct crew *crew, uint64_t bytes);

#endif
