/* fixity.h - the public header of verify/fixity/: whether an archive is intact, and who signed it.
 *
 * Checks every byte of an archive against its one legal value or its digest, then the signatures, then who made them.
 * It reports all damage that it finds, each with its place (member, extent, chunk, sectors of the guest, file offset),
 * and never stops at the first. What seems damaged is read again before it is declared so. */
#ifndef MUNIMENT_VERIFY_FIXITY_H
#define MUNIMENT_VERIFY_FIXITY_H

#include "archive/archive.h"

enum verdict {
    VERDICT_TRUSTED,        /* intact, and somebody whom the caller trusts vouches for it */
    VERDICT_UNKNOWN_SIGNER, /* intact, signed, by a key the caller did not name */
    VERDICT_BAD_SIGNATURE,  /* it agrees with itself, but the signature does not fit: nobody vouches for it */
    VERDICT_DAMAGED,
    VERDICT_INHERITED, /* what is here is as it was sealed and signed; what it inherits is not at hand, or was not asked
                          for */
    VERDICT_SAMPLED,   /* what was read is as it was sealed and signed; the rest was not read: nothing is known of it */
    VERDICT_PARTIAL    /* the same; the next run resumes where this one stopped */
};

/* Who vouches for what the signature of an archive covers, among those whom the caller trusts. */
enum vouching {
    VOUCHED_NOBODY,
    VOUCHED_UNCHECKED,     /* a countersignature of a trusted key may, by an algorithm that is not checked here */
    VOUCHED_COUNTERSIGNED, /* a countersignature of a trusted key (spec/evidence.md) */
    VOUCHED_SIGNED         /* the signer */
};

#define TRUST_NOTE 400

/* What is read of the disks; of everything else, all is. */
enum verify_method {
    VERIFY_FULL,  /* each chunk is unpacked */
    VERIFY_QUICK, /* the stored bytes are compared with SHA256SUMS; what differs is unpacked, to find the place */
    VERIFY_SAMPLE /* some chunks of each extent, chosen at random */
};

struct finding {
    char member[128]; /* member or region of the file */
    char place[256];  /* "chunk 12 of disk/hd0, sectors 1536-1663"; empty when the member says it all */
    uint64_t offset;  /* in the file */
    uint64_t length;
    enum drive_slot slot; /* with sectors > 0: what a guest sees of it on this drive */
    uint64_t sector, sectors;
    bool unsteady; /* no damage: it was read otherwise than it was sealed, and rightly when it was read again */
    char what[256];
};

/* How far a verification came. All zeros: it has not begun. */
struct verify_state {
    uint64_t device, inode, size, changed, modified; /* of the file; times in nanoseconds */
    hex_digest statement;                            /* SHA-256 of the statement */
    enum verify_method method;
    uint32_t percent;
    uint64_t members, chunks, findings; /* that were checked, and found */
};

/* What names a sealed archive, and its signature: what evidence is about. */
struct sealed_identity {
    hex_digest machine_root, content, statement, signer; /* digests, in hexadecimal */
    uint8_t signature[SIGNATURE_SIZE];                   /* statement.sig */
    char closed_until[11];                               /* by its description; empty: open, or not stated */
    struct closure closure[CLOSURE_LIMIT];               /* and what that closes besides */
};

/* Takes the rules of a description. */
void sealed_rights(struct sealed_identity *sealed, const struct description_manifest *d);

struct verify_request {
    const char *path;
    const char *const *trusted; /* paths of public keys, roots, certificates, revocations, folders (spec/keys.md) */
    size_t trusted_count;
    /* Or null: says who vouches for an archive whose signature fits, by what else is known of it, and why; null:
     * `trusted` alone decides, and time is only claimed. False with *error to stop. */
    bool (*vouch)(void *context, const struct sealed_identity *sealed, enum vouching *vouching, char note[TRUST_NOTE],
                  struct error *error);
    void *vouch_context;
    bool integrity_only; /* leave signatures and trust out of the verdict */
    enum verify_method method;
    uint32_t percent;                      /* VERIFY_SAMPLE: 1 to 100, of the chunks of each extent, at least one */
    unsigned threads;                      /* 0: as many as there are processors */
    uint64_t rate;                         /* bytes a second, at most; 0: any number */
    const struct archive_folders *folders; /* where parents may lie; or null */
    bool own;                              /* leave out what a derived archive inherits */
    /* Or null: asked between members; true: stop here. */
    bool (*stop)(void *context);
    void *stop_context;
    /* Or null: resumes where an earlier verification stopped, if the file is the same; gets how far this one came. */
    struct verify_state *state;
    /* Called for each finding, in the order of the file, and never twice at a time, but on any thread. */
    void (*found)(void *context, const struct finding *finding);
    void *found_context;
    progress_function *progress; /* or null */
    void *progress_context;
    /* Or null: gets the archive that was verified, open, for the caller to close; null if it is damaged. What is read
     * from it is what the verdict is about, whatever becomes of path meanwhile. */
    struct archive **archive;
};

struct verify_result {
    enum verdict verdict;
    enum vouching vouching;          /* VOUCHED_NOBODY unless the signature fits */
    uint64_t bytes, members, chunks; /* that were checked, in earlier runs as well */
    uint64_t inherited;              /* of these chunks: they are a parent's */
    bool derived;                    /* it has a parent: */
    uint64_t inherited_read;         /* chunks that were read in it, and in those above it */
    char parent[512];                /* the file; empty: it is not at hand */
    char missing[512];               /* why not */
    uint64_t members_there, chunks_there;
    uint64_t findings, unsteady;
    uint64_t resumed;        /* members that an earlier run had checked */
    hex_digest machine_root; /* as content.txt has it; empty when the statement does not name that */
    hex_digest signer;       /* SHA-256 of his SubjectPublicKeyInfo; empty unless the signature fits */
    char trust[TRUST_NOTE];  /* why he is trusted, or not; may be empty */
};

/* The words of the methods: "full", "quick", "sample". */
extern const char *const verify_method_names[3];

/* False with *error when the file could not be read at all (STATUS_HOST) or is no Muniment archive (STATUS_INPUT);
 * otherwise true and the verdict stands in *result. */
bool archive_verify(const struct verify_request *request, struct verify_result *result, struct error *error);

struct trust {
    bool trusted;
    bool seconds;          /* it is certified for the office: it may second acts of two people */
    bool lapsed;           /* it would be, but was revoked as compromised, or by what is not checked here */
    hex_digest person;     /* who holds its key: the same for keys of one person */
    char note[TRUST_NOTE]; /* why, or why not; empty where the key itself was named, or nothing names it */
};

/* Whom files of trust name: public keys (PEM), roots, certificates and revocations, and folders of these
 * (spec/keys.md). Null with *error when one of them cannot be read (STATUS_HOST) or is none of these (STATUS_INPUT).
 * trusted_free takes null. */
struct trusted;
struct trusted *trusted_load(const char *const *paths, size_t count, struct error *error);
void trusted_free(struct trusted *trusted);

/* Whether a signer (SHA-256 of a SubjectPublicKeyInfo, in hexadecimal) is trusted, for a signature that is proved to
 * exist since a date (YYYY-MM-DD; null: that is only claimed). */
void trusted_judge(const struct trusted *trusted, const char *signer, const char *since, struct trust *trust);
/* The same with the files read for it. False with *error as trusted_load. */
bool signer_trust(const char *const *paths, size_t count, const char *signer, const char *since, struct trust *trust,
                  struct error *error);
/* The same without a reason. */
bool signer_is_trusted(const char *const *paths, size_t count, const char *signer, bool *trusted, struct error *error);

#endif
