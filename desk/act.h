/* act.h - an act in the office's log: its intent before it begins, its outcome when it has ended. */
#ifndef MUNIMENT_DESK_ACT_H
#define MUNIMENT_DESK_ACT_H

#include "archive/archive.h"
#include "desk/options.h"
#include "verify/log/log.h"

#define ACT_FACTS 8

/* The rows of --log and --by for a table of options. */
#define ACT_OPTIONS \
    {"--log", "LOG", "record this act in the office's log (muniment log new)", false, false}, \
    { \
        "--by", "PSEUDONYM", "who acts, for the log", false, false \
    }

struct act {
    struct office_log *log; /* null: nothing is recorded */
    uint64_t intent;
    struct log_field facts[ACT_FACTS];
    char values[ACT_FACTS][256];
    size_t count;
};

/* Records the intent where --log is given. False with *error: then the act must not begin. */
bool act_begin(struct act *act, const struct arguments *arguments, const char *word, const char *object,
               struct error *error);
/* Adds a fact to the outcome; name is a constant. An empty value is left out. */
void act_fact(struct act *act, const char *name, const char *value);
/* Adds what an archive's outcome always says: its machine-root, and the reason of --override. archive may be null. */
void act_override(struct act *act, const struct arguments *arguments, const struct archive *archive);
/* Records the outcome. Returns status, or STATUS_HOST, with a message, where it could not be recorded. */
enum status act_end(struct act *act, enum status status);
/* A whole act on the first operand: intent, run, outcome. */
enum status act_run(const struct arguments *arguments, const char *word,
                    enum status (*run)(const struct arguments *arguments, struct act *act));

#endif
