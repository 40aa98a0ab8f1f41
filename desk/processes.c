/* processes.c - see processes.h. A child prints into two files without a name, which are shown when it has ended; that
 * it has ended is seen by a pipe whose other end nobody but it holds. */
#include "desk/processes.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk/desk.h"
#include "desk/progress.h"

struct child {
    pid_t process; /* 0: not begun, or shown */
    int life;      /* below 0: it has ended */
    FILE *out, *err;
    enum status status;
};

enum status status_graver(enum status a, enum status b)
{
    return a == STATUS_WRONG || (b != STATUS_WRONG && a >= b) ? a : b;
}

static bool begin(struct child *child, struct child *all, size_t index, enum status (*each)(void *context, size_t i),
                  void *context, struct error *error)
{
    int ends[2];

    child->out = tmpfile();
    child->err = tmpfile();
    if (!child->out || !child->err || pipe(ends))
        return error_host(error, "verify", errno, "cannot make a temporary file");
    fflush(stdout);
    child->process = fork();
    if (child->process == 0) {
        for (size_t i = 0; i < index; i++)
            if (all[i].process && all[i].life >= 0)
                close(all[i].life);
        close(ends[0]);
        if (dup2(fileno(child->out), STDOUT_FILENO) < 0 || dup2(fileno(child->err), STDERR_FILENO) < 0)
            _exit(STATUS_HOST);
        enum status status = each(context, index);
        _exit(fflush(stdout) || ferror(stdout) ? STATUS_HOST : (int)status);
    }
    close(ends[1]);
    child->life = ends[0];
    return child->process > 0 || error_host(error, "verify", errno, "cannot begin a process");
}

static void copy(FILE *from, FILE *to)
{
    char buffer[16384];
    size_t size;

    rewind(from);
    while ((size = fread(buffer, 1, sizeof buffer, from)) > 0)
        fwrite(buffer, 1, size, to);
    fclose(from);
    fflush(to);
}

static void end(struct child *child)
{
    struct error error;
    int status;

    close(child->life);
    child->life = -1;
    while (waitpid(child->process, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status)) {
        child->status = (enum status)WEXITSTATUS(status);
        return;
    }
    error_set(&error, STATUS_HOST, "verify", NULL, NULL, "a process was ended by signal %d", WTERMSIG(status));
    child->status = desk_fail(&error);
}

/* Waits until one of the children from `first` to before `next` has ended. */
static void wait_for_one(struct child *all, size_t first, size_t next)
{
    struct pollfd ends[64];
    struct child *which[64];
    nfds_t count = 0;

    for (size_t i = first; i < next && count < 64; i++)
        if (all[i].process && all[i].life >= 0) {
            ends[count] = (struct pollfd){.fd = all[i].life};
            which[count++] = &all[i];
        }
    poll(ends, count, 1000); /* an interrupt may have come just before */
    if (interrupted())
        for (nfds_t i = 0; i < count; i++)
            kill(which[i]->process, SIGTERM);
    for (nfds_t i = 0; i < count; i++)
        if (ends[i].revents)
            end(which[i]);
}

/* Some were not begun. */
static enum status give_up(enum status worst)
{
    struct error error;

    error_set(&error, STATUS_HOST, "verify", NULL, "run the same command again", "interrupted: not all were begun");
    return status_graver(worst, desk_fail(&error));
}

static enum status run_children(struct child *all, size_t count, unsigned jobs,
                                enum status (*each)(void *context, size_t i), void *context)
{
    enum status worst = STATUS_OK;
    struct error error;
    size_t next = 0, shown = 0, running;
    bool more = true;

    while (shown < next || (more && next < count)) {
        for (running = 0, more = more && !interrupted(); more && next < count; next++) {
            running = 0;
            for (size_t i = shown; i < next; i++)
                running += all[i].life >= 0;
            if (running >= jobs || next - shown >= 64)
                break;
            if (!begin(&all[next], all, next, each, context, &error)) {
                worst = status_graver(worst, desk_fail(&error));
                more = false;
                break;
            }
        }
        if (shown < next && all[shown].life >= 0)
            wait_for_one(all, shown, next);
        for (; shown < next && all[shown].life < 0; shown++) {
            copy(all[shown].out, stdout);
            copy(all[shown].err, stderr);
            all[shown].process = 0;
            worst = status_graver(worst, all[shown].status);
        }
    }
    return next < count && interrupted() ? give_up(worst) : worst;
}

enum status processes_run(size_t count, unsigned jobs, enum status (*each)(void *context, size_t i), void *context)
{
    enum status worst = STATUS_OK;
    struct child *all;

    if (jobs > 1 && count > 1 && (all = calloc(count, sizeof *all))) {
        for (size_t i = 0; i < count; i++)
            all[i].life = -1;
        worst = run_children(all, count, jobs, each, context);
        free(all);
        return worst;
    }
    size_t done = 0;
    for (; done < count && !interrupted(); done++)
        worst = status_graver(worst, each(context, done));
    return done < count ? give_up(worst) : worst;
}
