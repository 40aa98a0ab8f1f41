/* differ.c - see differ.h. */
#include "desk/differ.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify/runs/runs.h"
#include "formats/plain.h"

#define WORDS 64  /* of a program and its arguments */
#define LISTED 20 /* differences that are shown */

bool differ_keep(void *context)
{
    struct differ *d = context;

    differ_end(d);
    for (int i = 0; i < 2; i++)
        if (!worker_fork(&d->workers[i], d->workers, d->worker_count, d->replay, &d->identity, &d->replay->error))
            return false;
    return true;
}

void differ_end(struct differ *d)
{
    worker_quit(&d->workers[0]);
    worker_quit(&d->workers[1]);
}

struct listing {
    unsigned shown, more;
};

static void list_line(void *context, const char *text)
{
    struct listing *listing = context;

    if (listing->shown++ >= LISTED) {
        listing->more++;
        return;
    }
    printf("    ");
    plain_print(stdout, text);
    putchar('\n');
}

/* Compares two snapshots by name of field, page and sector. */
static bool list_differences(char *const paths[2], struct error *error)
{
    struct snapshot snapshots[2] = {{.text = NULL}, {.text = NULL}};
    struct listing listing = {0, 0};
    uint64_t count;
    bool good = snapshot_read(paths[0], &snapshots[0], error) && snapshot_read(paths[1], &snapshots[1], error) &&
                snapshot_compare(&snapshots[0], &snapshots[1], list_line, &listing, &count, error);

    if (listing.more > 0)
        printf("    and %u more\n", listing.more);
    snapshot_free(&snapshots[0]);
    snapshot_free(&snapshots[1]);
    return good;
}

/* Lets a worker save where it stands, in a folder that does not stay, and compares: with what the other worker saves,
 * or with a snapshot that is there. */
static void compare_saved(struct worker *one, struct worker *other, char *snapshot)
{
    const char *temporary = getenv("TMPDIR");
    char folder[512], names[2][560], *const paths[2] = {names[0], snapshot ? snapshot : names[1]};
    struct error error;

    snprintf(folder, sizeof(folder), "%s/muniment-differ-XXXXXX",
             temporary && *temporary == '/' && strlen(temporary) < 400 ? temporary : "/tmp");
    if (!mkdtemp(folder)) {
        error_host(&error, folder, errno, "cannot make a folder");
        error_print(stderr, &error);
        return;
    }
    snprintf(names[0], sizeof(names[0]), "%s/this", folder);
    snprintf(names[1], sizeof(names[1]), "%s/other", folder);
    if (!worker_save(one, names[0]) || (other && !worker_save(other, names[1])))
        printf("    (the states could not be saved, and are not compared)\n");
    else if (!list_differences(paths, &error))
        error_print(stderr, &error);
    unlink(names[0]);
    unlink(names[1]);
    rmdir(folder);
}

/* Says where two differ first, and in what. */
static void print_difference(struct differ *d, struct worker *const two[2], uint64_t equal_at,
                             const struct worker_state found[2])
{
    char names[512];

    journal_differing_parts(&d->replay->journal->header, found[0].state.parts, found[1].state.parts, names,
                            sizeof(names));
    printf("  first at tick %" PRIu64 ", last equal at tick %" PRIu64 "; parts that differ: %s\n", found[0].tick,
           equal_at, names);
    if (found[0].tick != found[1].tick)
        printf("  the other stands at tick %" PRIu64 " then\n", found[1].tick);
    compare_saved(two[0], two[1], NULL);
}

/* Starts the program of --against on the same archive and journal. Its words are separated by spaces. */
static bool start_other(struct differ *d, struct worker *w, struct error *error)
{
    const struct arguments *a = d->arguments;
    char *words = strdup(argument_value(a, "--against")), *argv[WORDS + 8], *rest = NULL;
    const char *media;
    size_t count = 0, position = 0;

    if (!words)
        return error_set(error, STATUS_HOST, "replay", NULL, NULL, "out of memory");
    for (char *word = strtok_r(words, " ", &rest); word && count < WORDS / 2; word = strtok_r(NULL, " ", &rest))
        argv[count++] = word;
    argv[count++] = "replay";
    argv[count++] = "--lockstep";
    while (count < WORDS && (media = argument_next(a, "--media", &position))) {
        argv[count++] = "--media";
        argv[count++] = (char *)media;
    }
    argv[count++] = "--";
    argv[count++] = (char *)a->operands[0];
    argv[count++] = (char *)a->operands[1];
    argv[count] = NULL;
    bool good = worker_start(w, argv, error);
    free(words);
    return good;
}

/* Brings the other to where the first one stands. False, and it is said, if that cannot be. */
static bool bring(struct differ *d, struct worker *other, uint64_t tick)
{
    struct worker_state states[2];

    if (!worker_probe(&d->workers[0], tick, &states[0]) || !worker_keep(&d->workers[0], false) ||
        !worker_probe(other, tick, &states[1]) || !worker_keep(other, true)) {
        printf("  %s cannot be compared with: it does not run this journal\n",
               argument_value(d->arguments, "--against"));
        return false;
    }
    if (states[0].tick == states[1].tick && !memcmp(states[0].state.digest, states[1].state.digest, DIGEST_SIZE))
        return true;
    printf("  %s differs at tick %" PRIu64 " already, where this machine was as recorded\n",
           argument_value(d->arguments, "--against"), tick);
    return false;
}

static void compare_with_other(struct differ *d, uint64_t until)
{
    uint64_t equal_at = d->replay->equal_at;
    struct worker other = {.process = 0};
    struct worker_state found[2];
    struct error error;

    if (!start_other(d, &other, &error)) {
        error_print(stderr, &error);
        return;
    }
    if (bring(d, &other, equal_at)) {
        switch (lockstep_find(&d->workers[0], &other, until, &equal_at, found)) {
        case LOCKSTEP_EQUAL:
            printf("  %s is equal to this machine: it is not the one that recorded\n",
                   argument_value(d->arguments, "--against"));
            break;
        case LOCKSTEP_DIFFERENT:
            printf("  %s differs from this machine\n", argument_value(d->arguments, "--against"));
            print_difference(d, (struct worker *const[]){&d->workers[0], &other}, equal_at, found);
            break;
        case LOCKSTEP_FAILED:
            printf("  %s stopped before the difference was found\n", argument_value(d->arguments, "--against"));
            break;
        }
    }
    worker_quit(&other);
}

/* Compares with the last checkpoint that the recorder kept before the difference was seen. The first worker is brought
 * there, and stays. */
static void compare_with_checkpoint(struct differ *d, const char *folder, uint64_t until)
{
    struct snapshot checkpoint = {.text = NULL};
    struct worker_state state;
    struct error error;
    char path[4096];

    if (!checkpoint_find(folder, until, path, &error) || !snapshot_read(path, &checkpoint, &error)) {
        error_print(stderr, &error);
    } else if (checkpoint.tick <= d->replay->equal_at) {
        printf("  %s: is of a tick before the last equal state\n", path);
    } else if (!worker_probe(&d->workers[0], checkpoint.tick, &state) || !worker_keep(&d->workers[0], true)) {
        printf("  a process stopped before the checkpoint was reached\n");
    } else if (!memcmp(state.state.digest, checkpoint.digest, DIGEST_SIZE)) {
        printf("  the checkpoint of tick %" PRIu64 " is equal to this machine: the difference comes after it\n",
               checkpoint.tick);
    } else {
        printf("  the checkpoint of tick %" PRIu64 " differs from this machine (this / checkpoint)\n", checkpoint.tick);
        compare_saved(&d->workers[0], NULL, path);
    }
    snapshot_free(&checkpoint);
}

void differ_explain(struct differ *d)
{
    uint64_t until = machine_tick(d->replay->machine), equal_at = d->replay->equal_at;
    struct worker_state found[2];

    switch (lockstep_find(&d->workers[0], &d->workers[1], until, &equal_at, found)) {
    case LOCKSTEP_EQUAL:
        printf("  two runs on this host are equal to each other: the machine that recorded was another, or the journal "
               "is not what it wrote\n");
        if (argument_value(d->arguments, "--against"))
            compare_with_other(d, until);
        else
            printf("  --against PROGRAM compares with another program, such as the one that recorded\n");
        if (argument_value(d->arguments, "--checkpoints"))
            compare_with_checkpoint(d, argument_value(d->arguments, "--checkpoints"), until);
        break;
    case LOCKSTEP_DIFFERENT:
        printf("  two runs on this host differ from each other: this host is not deterministic\n");
        print_difference(d, (struct worker *const[]){&d->workers[0], &d->workers[1]}, equal_at, found);
        break;
    case LOCKSTEP_FAILED: printf("  a process stopped before the difference was found\n"); break;
    }
}
