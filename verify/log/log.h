/* log.h - the public header of verify/log/: the office's log, what was done with its archives, when and by whom.
 *
 * A log is a file of JSON lines that only grows (spec/log.md). Each act leaves two: its intent before it begins, its
 * outcome afterwards. A hash tree over the lines (RFC 9162) gives each length of the log a root; a head (a C2SP
 * checkpoint) names that root, is signed, printed and cosigned, and afterwards no line under it can change unnoticed.
 * Several processes may append at once. */
#ifndef MUNIMENT_VERIFY_LOG_H
#define MUNIMENT_VERIFY_LOG_H

#include "archive/archive.h"
#include "formats/error.h"
#include "formats/text.h"

#define LOG_LINE_LIMIT 65536 /* bytes of a line, without its line feed */
#define LOG_NAME_LIMIT 64    /* of a pseudonym; of the word of an act */
#define LOG_ORIGIN_LIMIT 256

/* --- Writing --- */

struct log_field {
    const char *name, *value; /* name: [a-z0-9-]; value: any text */
};

/* Makes an empty log (its first line), which names its origin: a name that nobody else's log has, such as
 * "archive.example/log", without blanks or plus signs. Refuses a file that exists. */
bool log_new(const char *path, const char *origin, struct error *error);

struct office_log;

/* Opens a log to append to it. by: the pseudonym of whoever acts, [a-z0-9.-]. Released with log_close, which takes
 * null. Null with *error: there is no such log, or it cannot be written. */
struct office_log *log_open(const char *path, const char *by, struct error *error);
void log_close(struct office_log *log);

/* Append a line each and return when it is on the disk. *line is its number, which the outcome names. A line that a
 * crash tore is closed first, and a line says so. */
bool log_intent(struct office_log *log, const char *act, const char *object, uint64_t *line, struct error *error);
bool log_outcome(struct office_log *log, uint64_t intent, enum status status, const struct log_field *fields,
                 size_t count, struct error *error);

/* --- Heads --- */

/* A checkpoint (c2sp.org/tlog-checkpoint): of the first `lines` lines, this is the root. */
struct log_head {
    char origin[LOG_ORIGIN_LIMIT + 1];
    uint64_t lines;
    uint8_t root[DIGEST_SIZE];
};

/* The text of a head; signed by the key (c2sp.org/signed-note, Ed25519) unless that is null. */
bool log_head_print(struct text *to, const struct log_head *head, const struct key *key, struct error *error);
/* Reads the text of a head. *body bytes of it are what signatures are over. False: it is none. */
bool log_head_parse(const char *text, size_t size, struct log_head *head, size_t *body);
/* Whether it has a signature by the log's own key, this one (PEM), and each that says so fits. */
bool log_head_signed_by(const char *text, size_t size, const char *pem, size_t pem_size);

/* What a witness adds to a head (c2sp.org/tlog-cosignature): that it saw this log grow as it must, until then. */
struct log_cosignature {
    char name[LOG_ORIGIN_LIMIT + 1];
    uint64_t time; /* seconds since 1970 */
};
/* Whether it has a cosignature by a witness's key (PEM), and each that says so fits. */
bool log_head_cosigned_by(const char *text, size_t size, const char *pem, size_t pem_size, struct log_cosignature *c);

/* --- Reading --- */

/* One line as it was read. `number` counts from 0. */
struct log_line {
    uint64_t number;
    enum log_kind { LOG_FIRST, LOG_ACT, LOG_OUTCOME, LOG_TORN, LOG_MALFORMED } kind;
    const char *text; /* length bytes, escaped JSON; of a malformed line, what there is, at most LOG_LINE_LIMIT */
    size_t length;
    bool unended; /* no line feed: a crash tore it, or another process is writing it */
    uint8_t leaf[DIGEST_SIZE];
    const char *wrong; /* LOG_MALFORMED: why */
    char time[21], by[LOG_NAME_LIMIT + 1];
    char act[LOG_NAME_LIMIT + 1]; /* LOG_ACT: the act; LOG_OUTCOME: the outcome */
    uint64_t intent;              /* LOG_OUTCOME: the line of its intent; LOG_TORN: the line that was torn */
};

/* The value of a string of a line, decoded and cut off at size - 1 bytes; false if it has none of that name. */
bool log_line_value(const struct log_line *line, const char *name, char *value, size_t size);

/* Reads all lines in order; each is handed to `each` (may be null), which stops the reading by returning false. *head
 * gets the head of what was read. A last line without line feed is handed over as LOG_MALFORMED with `unended`, and is
 * not under the head. False with *error when the file cannot be read, or is no log. */
bool log_read(const char *path, bool (*each)(void *context, const struct log_line *line), void *context,
              struct log_head *head, struct error *error);

/* How far a log was read. All zero: not at all. */
struct log_place {
    uint64_t device, inode, bytes, lines;
};

/* Hands over the whole lines after a place, which moves on to their end; *anew: it is another file than then, or has
 * become shorter, and all of it was read. What was read before is not looked at again. */
bool log_read_on(const char *path, struct log_place *place, bool *anew,
                 bool (*each)(void *context, const struct log_line *line), void *context, struct error *error);

/* Hands over the whole lines in which one of two texts stands, as the log writes them; the others are not even taken
 * apart, nor is it asked whether the file is a log. False with *error: it cannot be read. */
bool log_search(const char *path, const char *const texts[2], bool (*each)(void *context, const struct log_line *line),
                void *context, struct error *error);

struct log_finding {
    uint64_t line; /* UINT64_MAX: it concerns no line */
    const char *what;
};

struct log_check {
    const char *path;
    /* Heads of earlier days, texts of files: each must be that of the log as it was. */
    const struct text *heads;
    size_t head_count;
    /* A finding is something wrong; a remark (a torn line, an act without outcome) is not. */
    void (*found)(void *context, const struct log_finding *finding, bool wrong);
    void *context;
};

struct log_summary {
    struct log_head head;
    uint64_t findings, acts, torn, open; /* open: acts without an outcome */
    uint64_t proved;                     /* lines under the longest head that is equal */
};

/* Checks every line, and that the log still begins as each head says. Signatures are the caller's to judge. */
bool log_verify(const struct log_check *check, struct log_summary *summary, struct error *error);

/* --- Proofs --- */

/* Prints a proof (c2sp.org/tlog-proof) that the line is in the log of this head, with the line itself as extra data;
 * reads some lines only. head: text of a head of this log. */
bool log_prove_line(const char *path, uint64_t line, const struct text *head, struct text *to, struct error *error);
/* Prints what a witness wants (c2sp.org/tlog-witness, add-checkpoint): that the log of `head` begins with that of
 * `old`. */
bool log_prove_growth(const char *path, const struct text *old, const struct text *head, struct text *to,
                      struct error *error);

#define LOG_PROOF_FIRST "c2sp.org/tlog-proof@v1\n"

/* A proof of one line that holds: its head's text is at `head` of the proof's. */
struct log_proof {
    uint64_t line;
    struct text text; /* of the line; to be freed */
    struct log_head of;
    size_t head;
};

/* Whether a proof holds by itself; whose head it is is the caller's to judge. False with *error when it does not. */
bool log_proof_check(const char *path, const char *text, size_t size, struct log_proof *proof, struct error *error);

#endif
