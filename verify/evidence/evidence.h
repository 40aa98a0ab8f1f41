/* evidence.h - the public header of verify/evidence/: what was said of an archive after it was sealed, and what follows
 * for those who want to see what is in it.
 *
 * Evidence lies beside an archive in batches, write-once files that are named by their digests (spec/evidence.md): time
 * stamps, digests for renewals, decisions on rights. This folder writes and reads them, judges their signatures and
 * stamps, and says what is closed (spec/rights.md). */
#ifndef MUNIMENT_VERIFY_EVIDENCE_H
#define MUNIMENT_VERIFY_EVIDENCE_H

#include "archive/archive.h"
#include "formats/file.h"
#include "verify/fixity/fixity.h"

#define BATCH_LIMIT (1u << 20)
#define BATCH_ENDING ".batch"
#define DECISION_PATH 512

enum decision_scope { SCOPE_ARCHIVE, SCOPE_DRIVE, SCOPE_PATH };

/* A rule on rights. `until` orders rules from the least to the most strict: "" is open, then dates, then REDACTED. */
#define REDACTED "~"
struct decision {
    enum decision_scope scope;
    enum drive_slot slot;     /* unless SCOPE_ARCHIVE */
    char path[DECISION_PATH]; /* SCOPE_PATH: a file or folder of a volume of the drive; A to Z and a to z are the same
                               */
    char until[11];           /* closed until this date, YYYY-MM-DD; "": open; REDACTED: never shown */
    bool permits;             /* no rule: until the date, what is closed may be seen for a reason */
};

/* What a batch is about: an archive. */
struct evidence_subject {
    const char *path; /* of the archive's file, beside which its batches lie */
    struct sealed_identity sealed;
};

/* The folders beside an archive in which batches about it may lie: that of its content, whatever its file is named, and
 * that of its file. False: a path would be too long. */
#define EVIDENCE_FOLDERS 2
#define EVIDENCE_ENDING ".evidence"
struct evidence_folders {
    char paths[EVIDENCE_FOLDERS][4096];
};
bool evidence_folders(const char *path, const char *content, struct evidence_folders *folders);

/* The subject that an open archive is; path as it was named. */
void evidence_of(struct archive *archive, struct evidence_subject *subject);

struct evidence_request {
    const struct evidence_subject *subject;
    const char *const *folders; /* where batches may lie besides the two folders beside the archive */
    size_t folder_count;
    const char *const *trusted; /* keys, roots, ... as for signer_trust */
    size_t trusted_count;
    const char *const *authorities; /* certificates of time stamp authorities, PEM */
    size_t authority_count;
    const char *const *known; /* batches that the office's log says there are, by digest */
    size_t known_count;
};

struct evidence;

/* Reads and judges all batches about an archive. Null with *error: a folder or a file of trust cannot be read. */
struct evidence *evidence_load(const struct evidence_request *request, struct error *error);
void evidence_free(struct evidence *evidence);

/* --- What was found --- */

/* Calls `each` for each batch with a line for people; wrong: it is damaged, lost, or says what is not so. */
void evidence_report(const struct evidence *evidence, void (*each)(void *context, const char *line, bool wrong),
                     void *context);
/* How many were wrong, and how many batches of these are damaged or lost: then nobody knows what they decided. */
uint64_t evidence_wrong(const struct evidence *evidence);
uint64_t evidence_lost(const struct evidence *evidence);
/* Since when the signature of the archive is proved to exist: the earliest good stamp, "YYYY-MM-DDThh:mm:ssZ"; null:
 * time is only claimed. */
const char *evidence_proved(const struct evidence *evidence);
/* Who vouches for the archive, if its own signature fits: its signer, judged at the time that is proved; or a
 * countersignature, a batch that has nothing but signatures. Where nobody is named who is trusted, nobody does. A
 * reason, which may be empty, is in *note, if that is not null. */
enum vouching evidence_vouching(const struct evidence *evidence, const char **note);
/* The digests of the batches on which no other stands, those of trusted signers first, up to `limit`; returns how many.
 */
size_t evidence_heads(const struct evidence *evidence, hex_digest *heads, size_t limit);
/* The earliest date on which a decision wants to be looked at again; null: none. */
const char *evidence_review(const struct evidence *evidence);

/* The decisions that count, one after the other, from *position 0 on; null at the end. */
const struct decision *evidence_next(const struct evidence *evidence, size_t *position);

/* The permits, which two persons signed, one after the other, from *position 0 on; null at the end. */
const struct decision *evidence_permit(const struct evidence *evidence, size_t *position);

/* --- Writing --- */

struct batch_request {
    const struct evidence_subject *subject;
    const char *folder;               /* null: that of the archive's content, which is made */
    const struct evidence *stands_on; /* what is known; null: nothing */
    const struct decision *decision;  /* or null */
    const char *reason, *review;      /* of a decision, or null */
    const char *about;                /* of a stamp: "signature", or the digest of a batch; null: no stamp */
    struct stamp_bytes stamp;         /* the response, DER */
    const struct stamp_bytes *crls;
    size_t crl_count;
    struct archive *file;           /* the archive, if the digests of its file are to be kept for renewals; or null */
    const struct file_state *state; /* of that file when it was opened */
    struct key *const *keys;        /* who sign, at most 4 */
    size_t key_count;
};

/* Writes a batch; *name gets its digest. */
bool batch_write(const struct batch_request *request, hex_digest name, struct error *error);

/* The bytes that a stamp about "signature" or a batch is over; owned by the evidence. False: there is no such batch. */
bool evidence_stamped(const struct evidence *evidence, const char *about, struct stamp_bytes *bytes);

#endif
