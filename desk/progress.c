/* progress.c - a line on standard error for anything that takes longer than a second. */
#include "desk/progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/monotonic.h"

/* The one variable of the program that is not reached through a pointer: a signal handler has no other way to speak. */
static volatile sig_atomic_t interrupt_flag;

static void on_signal(int number)
{
    (void)number;
    interrupt_flag = 1;
}

void interrupt_watch(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
}

bool interrupted(void)
{
    return interrupt_flag;
}

void progress_begin(struct progress *p, const char *what)
{
    struct stat status;

    /* Whether it is a terminal an ioctl would say, which few jails permit. A line to another device does no harm. */
    *p = (struct progress){.what = what,
                           .began = monotonic_milliseconds(),
                           .terminal = fstat(STDERR_FILENO, &status) == 0 && S_ISCHR(status.st_mode)};
}

void progress_show(struct progress *p, const char *line)
{
    uint64_t now;

    if (!p->terminal)
        return;
    now = monotonic_milliseconds();
    if (now - p->began < 1000 || now - p->shown < 200)
        return;
    p->shown = now;
    fprintf(stderr, "\r\033[K%s: %s", p->what, line);
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = 0;
}

bool progress_bytes(void *context, uint64_t done, uint64_t total)
{
    struct progress *p = context;
    uint64_t passed = monotonic_milliseconds() - p->began;
    uint64_t rate = passed ? (done >> 10) * 1000 / passed : 0; /* KiB a second */
    uint64_t left = rate ? ((total - done) >> 10) / rate : 0;
    char line[128];

    snprintf(line, sizeof(line), "%" PRIu64 " of %" PRIu64 " MiB (%u %%), %" PRIu64 " MiB/s, %" PRIu64 ":%02u left",
             done >> 20, total >> 20, (unsigned)(total ? (double)done * 100 / (double)total : 100), rate >> 10,
             left / 60, (unsigned)(left % 60));
    progress_show(p, line);
    return !interrupted();
}
