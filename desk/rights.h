/* rights.h - whether what is in an archive may be seen today (spec/rights.md): the one place that every command asks.
 */
#ifndef MUNIMENT_DESK_RIGHTS_H
#define MUNIMENT_DESK_RIGHTS_H

#include "archive/archive.h"
#include "desk/options.h"
#include "verify/evidence/evidence.h"

/* The rows of --evidence and --tsa-trust for a table of options. */
#define EVIDENCE_OPTIONS \
    {"--evidence", "FOLDER", "where batches of evidence lie, if not beside the archive (may be repeated)", true, \
     false}, \
    { \
        "--tsa-trust", "PEM", "certificates of a time stamp authority to trust (may be repeated)", true, false \
    }

/* The evidence about an archive: from beside it, --evidence, --trust, --tsa-trust, and, with --log, what the log knows.
 * subject must outlive it. Null with *error. */
struct evidence *desk_evidence(const struct arguments *arguments, const struct evidence_subject *subject,
                               struct error *error);

/* Whether somebody vouches for an archive whose signature fits: its signer, at the time that a stamp proves, or a
 * countersignature beside `path`, by --trust. False with *error (STATUS_WRONG, or STATUS_UNDECIDED: a countersignature
 * is not checked here). */
bool desk_vouched(const struct arguments *arguments, struct archive *archive, const char *path, struct error *error);

struct rights;

/* Collects the rules of an archive and of all above it. Null with *error: a parent or a batch is missing or damaged, so
 * that nobody knows (STATUS_UNDECIDED), unless two persons permitted it and --override gives a reason that --log
 * records. */
struct rights *rights_open(const struct arguments *arguments, struct archive *archive, struct error *error);
void rights_close(struct rights *rights);

/* A file or folder as rules may name it: each part of its path, from the root on, has one or more names, such as a long
 * one and a short one. */
struct rights_path {
    size_t parts;
    /* Whether `name`, `length` bytes, is one of those of a part; closes: or what DOS may have made of it. */
    bool (*is_called)(void *context, size_t part, const char *name, size_t length, bool closes);
    void *context;
};

/* Whether a name is the one that a rule has, or that with a stream after it (NAME:STREAM); case does not count, nor,
 * with `bare`, an accent that the name lacks (letters_alike). */
bool rights_name_is(const char *name, const char *rule, size_t length, bool bare);
/* Whether a rule about a path names the file, or a folder above it. */
bool rights_rule_names(const char *rule, const struct rights_path *path);

/* The strictest rule for a drive (DRIVE_COUNT: for all of the machine) or a path on it (null: the drive, with all that
 * is not closed by itself); null: it may be seen today. Otherwise the date, or REDACTED. */
const char *rights_closed(const struct rights *rights, unsigned slot, const struct rights_path *path);
/* What opens what is closed, for messages: a permit, and a reason. */
#define RIGHTS_PERMIT "two persons whom --trust names permit it: `muniment decide --permit-until`"
#define RIGHTS_REMEDY \
    "two persons whom --trust names permit it (`muniment decide --permit-until`); then give a reason with " \
    "--override, and --log"

/* Whether all of a drive or of the machine may be seen, with every path. False with *error (STATUS_CLOSED). --override
 * opens what is closed, if two persons permitted it and the act is recorded (--log). */
bool rights_allow(const struct rights *rights, unsigned slot, bool with_paths, struct error *error);

/* Whether what a reason opens lies below a path that is closed itself: who looks for it may go on, and asks about each
 * path. */
bool rights_lead(const struct rights *rights, unsigned slot, const struct rights_path *path);

/* The strictest of all rules, those of drives and paths too, whether its date has come or not; "": everything is open.
 */
const char *rights_strictest(const struct rights *rights);
/* Whether everything may be seen, without a reason. */
bool rights_are_open(const struct rights *rights);

/* The strictest of all rules of an archive in words: "open", "closed until DATE", "redacted", and "in part" before
 * these where it is that of a drive or a path; "undecided": nobody knows; "not stated". */
#define RIGHTS_WORDS 48
void rights_say(const struct arguments *arguments, struct archive *archive, char text[RIGHTS_WORDS]);
/* The same by the description alone: at sealing. */
void rights_sealed(const struct description_manifest *description, char text[RIGHTS_WORDS]);
/* The earliest day on which its description, or a decision that counts, wants its rights to be looked at again,
 * YYYY-MM-DD; empty: none. */
void rights_review(const struct arguments *arguments, struct archive *archive, char date[11]);

/* rights_open and rights_allow of the whole machine. */
bool desk_may_see(const struct arguments *arguments, struct archive *archive, struct error *error);

#endif
