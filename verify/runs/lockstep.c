/* lockstep.c - see lockstep.h. */
#include "verify/runs/lockstep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "verify/runs/record.h"
#include "verify/runs/snapshot.h"

#define LINE_SIZE 4352 /* of what is said: a path, or the digests of a state */
#define DROPPED 77     /* exit status of a process that looked ahead and is not wanted */

/* --- Lines over pipes: without buffers, which a fork would copy --- */

static bool say(int to, const char *line)
{
    for (size_t length = strlen(line); length > 0;) {
        ssize_t n = write(to, line, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        line += n;
        length -= (size_t)n;
    }
    return true;
}

/* Reads a line without its end. False: the other side is gone. */
static bool hear(int from, char line[LINE_SIZE])
{
    for (size_t length = 0; length < LINE_SIZE - 1;) {
        ssize_t n = read(from, line + length, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        if (line[length] == '\n') {
            line[length] = '\0';
            return true;
        }
        length++;
    }
    return false;
}

/* --- The worker --- */

static void run_ahead(struct replay *r, uint64_t tick)
{
    uint64_t before;

    do {
        before = machine_tick(r->machine);
        replay_to(r, tick);
    } while (r->outcome == REPLAY_EQUAL && r->next < r->journal->count && machine_tick(r->machine) < tick &&
             machine_tick(r->machine) > before);
}

/* What a process does that looks ahead; true: it takes the place of the one that forked it. */
static bool look_ahead(struct replay *r, uint64_t tick, int from, int to)
{
    char line[LINE_SIZE], hex[65];
    struct journal_state state;
    struct error error;

    r->unchecked = true;
    if (r->branch)
        r->branch(r->branch_context);
    if (!replay_branch(r, &error))
        return false;
    run_ahead(r, tick);
    if (r->outcome == REPLAY_FAILED || !record_state(r->machine, &state))
        return false;
    hex_encode(state.digest, hex);
    snprintf(line, sizeof(line), "at %" PRIu64 " %s %s\n", machine_tick(r->machine), hex, state.parts);
    if (!say(to, line) || !hear(from, line))
        _exit(0); /* the other side is gone */
    return !strcmp(line, "keep");
}

/* Forks, and waits for the other: it takes this one's place, or reports that it is not wanted. */
static void probe(struct replay *r, uint64_t tick, int from, int to)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        if (!look_ahead(r, tick, from, to))
            _exit(DROPPED);
        return;
    }
    if (child < 0)
        _exit(1);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != DROPPED)
        _exit(0);
}

void worker_serve(struct replay *r, const struct machine_identity *identity, int from, int to)
{
    char line[LINE_SIZE];
    struct error error;

    while (hear(from, line)) {
        if (!strncmp(line, "probe ", 6))
            probe(r, strtoull(line + 6, NULL, 10), from, to);
        else if (!strncmp(line, "save ", 5))
            say(to, snapshot_write(r->machine, identity, line + 5, false, &error) ? "saved\n" : "not saved\n");
        else if (!strcmp(line, "show") && r->show)
            say(to, r->show(r->branch_context) ? "shown\n" : "not shown\n");
        else
            return;
    }
}

/* --- From outside --- */

/* Makes two pipes: [0] to the worker, [1] from it. */
static bool make_pipes(int pipes[2][2], struct error *error)
{
    if (pipe(pipes[0]) != 0)
        return error_host(error, "replay", errno, "cannot make a pipe");
    if (pipe(pipes[1]) != 0) {
        error_host(error, "replay", errno, "cannot make a pipe");
        close(pipes[0][0]);
        close(pipes[0][1]);
        return false;
    }
    for (int i = 0; i < 4; i++)
        fcntl(pipes[i / 2][i % 2], F_SETFD, FD_CLOEXEC);
    return true;
}

/* What the parent keeps of the pipes, when the child was forked or could not be. */
static bool take_pipes(struct worker *w, pid_t process, int pipes[2][2], struct error *error)
{
    close(pipes[0][0]);
    close(pipes[1][1]);
    *w = (struct worker){process, pipes[0][1], pipes[1][0]};
    if (process > 0)
        return true;
    w->process = 0;
    close(w->to);
    close(w->from);
    return error_host(error, "replay", errno, "cannot start a process");
}

bool worker_fork(struct worker *w, const struct worker *others, size_t count, struct replay *r,
                 const struct machine_identity *identity, struct error *error)
{
    int pipes[2][2];

    if (!make_pipes(pipes, error))
        return false;
    fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        close(pipes[0][1]);
        close(pipes[1][0]);
        for (size_t i = 0; i < count; i++)
            if (others[i].process > 0) {
                close(others[i].to);
                close(others[i].from);
            }
        worker_serve(r, identity, pipes[0][0], pipes[1][1]);
        _exit(0);
    }
    return take_pipes(w, process, pipes, error);
}

bool worker_start(struct worker *w, char *const *argv, struct error *error)
{
    int pipes[2][2];

    if (!make_pipes(pipes, error))
        return false;
    pid_t process = fork();
    if (process == 0) {
        if (dup2(pipes[0][0], STDIN_FILENO) < 0 || dup2(pipes[1][1], STDOUT_FILENO) < 0)
            _exit(4);
        execvp(argv[0], argv);
        _exit(4);
    }
    return take_pipes(w, process, pipes, error);
}

void worker_quit(struct worker *w)
{
    if (w->process <= 0)
        return;
    say(w->to, "quit\n");
    close(w->to);
    close(w->from);
    while (waitpid(w->process, NULL, 0) < 0 && errno == EINTR)
        ;
    w->process = 0;
}

bool worker_probe(struct worker *w, uint64_t tick, struct worker_state *state)
{
    char line[LINE_SIZE], *rest;

    snprintf(line, sizeof(line), "probe %" PRIu64 "\n", tick);
    if (!say(w->to, line) || !hear(w->from, line) || strncmp(line, "at ", 3))
        return false;
    state->tick = strtoull(line + 3, &rest, 10);
    if (*rest != ' ' || strlen(rest) < 66 || !hex_decode(rest + 1, state->state.digest) ||
        strlen(rest + 66) >= sizeof(state->state.parts))
        return false;
    strcpy(state->state.parts, rest + 66);
    return true;
}

bool worker_keep(struct worker *w, bool keep)
{
    return say(w->to, keep ? "keep\n" : "drop\n");
}

bool worker_save(struct worker *w, const char *path)
{
    char line[LINE_SIZE];

    if (snprintf(line, sizeof(line), "save %s\n", path) >= (int)sizeof(line))
        return false;
    return say(w->to, line) && hear(w->from, line) && !strcmp(line, "saved");
}

bool worker_show(struct worker *w)
{
    char line[LINE_SIZE];

    return say(w->to, "show\n") && hear(w->from, line) && !strcmp(line, "shown");
}

static bool same(const struct worker_state s[2])
{
    return s[0].tick == s[1].tick && !memcmp(s[0].state.digest, s[1].state.digest, DIGEST_SIZE);
}

enum lockstep_result lockstep_find(struct worker *a, struct worker *b, uint64_t until, uint64_t *equal_at,
                                   struct worker_state found[2])
{
    uint64_t low = *equal_at, high = until;

    if (!worker_probe(a, high, &found[0]) || !worker_probe(b, high, &found[1]))
        return LOCKSTEP_FAILED;
    bool equal = same(found);
    if (!worker_keep(a, false) || !worker_keep(b, false))
        return LOCKSTEP_FAILED;
    if (equal)
        return LOCKSTEP_EQUAL;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        struct worker_state state[2];
        if (!worker_probe(a, middle, &state[0]) || !worker_probe(b, middle, &state[1]))
            return LOCKSTEP_FAILED;
        equal = same(state);
        if (!worker_keep(a, equal) || !worker_keep(b, equal))
            return LOCKSTEP_FAILED;
        /* An instruction may carry both over the middle: they stand there for every tick in between. */
        low = equal ? state[0].tick : low;
        high = equal ? high : middle;
        *equal_at = low;
        if (low >= high)
            return LOCKSTEP_FAILED;
    }
    if (!worker_probe(a, high, &found[0]) || !worker_probe(b, high, &found[1]) || !worker_keep(a, true) ||
        !worker_keep(b, true))
        return LOCKSTEP_FAILED;
    return LOCKSTEP_DIFFERENT;
}
