/* boot.h - a machine on the desk: what the commands that run one share. boot.c runs it freely, replay.c by a journal,
 * attest.c for the seal. */
#ifndef MUNIMENT_DESK_BOOT_H
#define MUNIMENT_DESK_BOOT_H

#include "desk/act.h"
#include "desk/media.h"
#include "desk/midi.h"
#include "desk/options.h"
#include "desk/print.h"
#include "desk/script.h"
#include "desk/session.h"
#include "desk/taking.h"
#include "emu/host/host.h"
#include "formats/output.h"
#include "verify/runs/runs.h"

struct live;
struct watcher;

struct boot {
    const struct arguments *arguments;
    struct media media;
    struct session session;
    struct script script;
    const char *script_path; /* null: none */
    struct machine_host host;
    struct machine *machine;
    struct condition *until; /* --until; a tick is microseconds until the machine is there to convert it */
    size_t until_count;
    uint64_t limit; /* microseconds */
    struct slicing slicing;
    enum machine_engine engine; /* engine.h */
    uint64_t engine_seed;       /* ENGINE_RANDOM */
    uint64_t code_size;         /* MiB of it; 0: as many as usual */
    struct code_memory code;    /* what the translator writes into */
    struct tracing tracing;
    struct output serial, parallel, clipboard, trace, translation;
    struct midi_file midi;
    struct printing *print;                    /* null: nothing is printed */
    uint64_t prints_taken;                     /* jobs up to which `print next` has waited */
    unsigned print_com;                        /* the printer is on COM1, as 1, and so on; 0: on LPT1 */
    FILE *perf_map;                            /* null: none */
    struct taking *taking;                     /* --retrieve; null: nothing is taken out */
    struct taking_place place;                 /* where the run begins */
    char blank[32];                            /* --take: the blank disk, as images.h names it; empty: none */
    bool resumed;                              /* by --retrieve */
    struct machine_identity identity;          /* what snapshots say of the machine */
    bool identified;                           /* it is filled in */
    struct checkpoints *checkpoints;           /* null: none are taken */
    uint64_t checkpoint_every, checkpoint_due; /* microseconds; tick */
    uint64_t checkpoint_keep;
    bool checkpoint_failed;
    uint64_t digest_every, digest_due; /* microseconds, 0: none is printed on the way; tick */
    bool digest_failed;                /* one of them could not be taken */
    struct live *live;                 /* who watches; null: nobody */
    bool interrupted;                  /* a wait was, by a signal */
    bool disk_failed;                  /* the machine holds no state to show */
    const struct watcher *watcher;     /* who looks at the run (watch.h); null: nobody */
    /* Of a machine of a set (set.h): */
    const char *name; /* null: it is none */
    struct boot *set; /* all of them, `in_set` */
    unsigned in_set;
    unsigned focus; /* of the first: which of them a script named last */
    /* What a script's digest and snapshot are, of the set. */
    bool (*print_digest)(void *context, struct error *error);
    bool (*take_snapshot)(void *context, const char *path, struct error *error);
    void *set_context;
    char *paths[8]; /* owned: of outputs, the machine's name after what the option says */
};

/* Reads everything that can be wrong about the command line, before anything is opened. Of the options that a command
 * does not have, nothing is given. */
bool boot_read_options(struct boot *b, struct error *error);
/* A number of at most 19 digits, and nothing else. */
bool boot_read_number(const char *text, uint64_t *value);
/* Says that an option cannot have this value. */
bool boot_bad_option(const struct boot *b, const char *option, const char *value, struct error *error);
/* Refuses files that are there already and that the options or the script would write, unless --force is given. */
bool boot_check_outputs(const struct boot *b, struct error *error);
bool boot_open_outputs(struct boot *b, struct error *error);
/* Whether files that are there may be replaced: --force is given, or the run resumes one that wrote them. */
bool boot_replaces(const struct boot *b);

/* Writes out what the machine has sent since the last look. False: a disk failed. */
bool boot_flush(struct boot *b);

/* The functions by which the machine's output reaches b; what comes is written out at the next look. */
void boot_host(struct boot *b, struct machine_host *host);
/* The recording of --line-in begins with the machine. One that resumes has it already. Returns true. */
bool boot_connect_recording(struct boot *b);
/* Builds the machine of b->media. object is what errors name. */
bool boot_create_machine(struct boot *b, const char *object, struct error *error);

/* Joins b->machine to a session, of at most `limit` ticks. */
bool boot_begin_session(struct boot *b, uint64_t limit, struct error *error);

/* Reads the script b->script_path. */
bool boot_read_script(struct boot *b, struct error *error);

/* What scripts and options ask for. */
bool boot_print_digest(struct boot *b, struct error *error);
void boot_show_text(struct boot *b, FILE *to);
bool boot_screenshot(struct boot *b, const char *path, struct error *error);
/* Refuses a machine that is never heard: silence would be no answer to somebody who listens. */
bool boot_needs_sound(const struct boot *b, const char *object, struct error *error);

/* Turns the end of a wait into success or an error. object names who waited, waited_for what for. */
bool boot_ended(struct boot *b, enum session_end end, const char *object, const char *waited_for, struct error *error);

/* Shows what --text, --digest and --screenshot ask for, also of a run that did not come to what it was to come to: that
 * is when it is needed most. */
bool boot_show_end(struct boot *b, struct error *error);
bool boot_commit_outputs(struct boot *b, struct error *error);
/* What the log is to say of the run. */
void boot_facts(const struct boot *b, struct act *act);
void boot_release(struct boot *b);

#endif
