/* ghostscript.c - see ghostscript.h. Options by "Using Ghostscript" and "VectorDevices" of Ghostscript 10.00. */
#define _GNU_SOURCE /* memfd_create */
#include "desk/ghostscript.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk/jail.h"

#define NOT_INSTALLED 127

struct ghostscript {
    const char *folder;
    pid_t process;
    int channel;
};

/* --- The process --- */

/* The job as a file that has nothing else: what wraps it is not PostScript. Below 0: that failed. */
static int unwrapped(const struct ghostscript_job *job)
{
    char name[32];
    off_t at = job->from;
    uint32_t left = job->length;

    snprintf(name, sizeof name, "%04u.prn", job->number);
    int from = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), to = memfd_create(name, MFD_CLOEXEC);
    while (from >= 0 && to >= 0 && left > 0) {
        ssize_t count = sendfile(to, from, &at, left);
        if (count <= 0)
            return -1;
        left -= (uint32_t)count;
    }
    return from < 0 || to < 0 || lseek(to, 0, SEEK_SET) != 0 ? -1 : to;
}

/* Becomes Ghostscript, or GhostPCL. */
static void become(const char *folder, const struct ghostscript_job *job)
{
    static const struct jail_limits limits = {
        .memory = UINT64_C(2) << 30, .seconds = 60, .file_bytes = UINT64_C(256) << 20};
    const struct jail_folder folders[] = {{"/usr", false}, {"/lib", false}, {"/lib64", false},
                                          {"/bin", false}, {"/etc", false}, {"/var/lib/ghostscript", false},
                                          {".", true}};
    const char *program = job->pcl ? "gpcl6" : "gs";
    char to[64];
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), from = chdir(folder) ? -1 : unwrapped(job);

    snprintf(to, sizeof to, "-sOutputFile=%04u.pdf.tmp", job->number);
    if (from < 0 || nothing < 0 || dup2(from, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0 ||
        dup2(nothing, STDERR_FILENO) < 0)
        _exit(1);
    setenv("TMPDIR", ".", 1);
    setenv("LC_ALL", "C", 1);
    if (!jail_program(folders, sizeof folders / sizeof *folders, &limits, NULL))
        _exit(1);
    execlp(program, program, "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-dCompatibilityLevel=1.4",
           "-dOmitInfoDate=true", "-dOmitID=true", "-dOmitXMP=true", to, "-", (char *)NULL);
    _exit(NOT_INSTALLED);
}

static int make(const char *folder, const struct ghostscript_job *job)
{
    char from[PATH_MAX], to[PATH_MAX];
    int status = 0;
    pid_t process = fork();

    if (process == 0)
        become(folder, job);
    while (process > 0 && waitpid(process, &status, 0) < 0 && errno == EINTR)
        continue;
    snprintf(from, sizeof from, "%s/%04u.pdf.tmp", folder, job->number);
    snprintf(to, sizeof to, "%s/%04u.pdf", folder, job->number);
    if (process > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && rename(from, to) == 0)
        return 0;
    unlink(from);
    return process > 0 && WIFEXITED(status) && WEXITSTATUS(status) == NOT_INSTALLED ? NOT_INSTALLED : 1;
}

#define LAST_JOB 0u /* jobs count from 1 */

static void serve(int channel, const char *folder)
{
    struct ghostscript_job job;

    signal(SIGINT, SIG_IGN); /* who asks decides */
    while (read(channel, &job, sizeof job) == sizeof job && job.number != LAST_JOB) {
        int result = make(folder, &job);
        if (write(channel, &result, sizeof result) != sizeof result)
            break;
    }
    _exit(0);
}

/* --- Its customer --- */

struct ghostscript *ghostscript_begin(const char *folder, struct error *error)
{
    struct ghostscript *g = calloc(1, sizeof *g);
    int ends[2];

    if (!g || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
        error_host(error, folder, g ? errno : ENOMEM, "cannot print");
        free(g);
        return NULL;
    }
    g->folder = folder;
    g->process = fork();
    if (g->process == 0) {
        close(ends[0]);
        serve(ends[1], folder);
    }
    close(ends[1]);
    g->channel = ends[0];
    if (g->process > 0)
        return g;
    error_host(error, folder, errno, "cannot print");
    close(ends[0]);
    free(g);
    return NULL;
}

void ghostscript_end(struct ghostscript *g)
{
    const struct ghostscript_job last = {.number = LAST_JOB};

    if (!g)
        return;
    /* Closing alone would not do where a process that was forked later holds the channel as well: another machine's of
     * a set. If this fails, it has gone. */
    if (write(g->channel, &last, sizeof last) < 0)
        errno = 0;
    close(g->channel);
    while (waitpid(g->process, NULL, 0) < 0 && errno == EINTR)
        continue;
    free(g);
}

bool ghostscript_make(struct ghostscript *g, const struct ghostscript_job *job, struct error *error)
{
    const char *language = job->pcl ? "PCL" : "PostScript", *program = job->pcl ? "GhostPCL" : "Ghostscript";
    char name[32];
    int result = 1;

    snprintf(name, sizeof name, "%04u.prn", job->number);
    if (write(g->channel, job, sizeof *job) != sizeof *job || read(g->channel, &result, sizeof result) != sizeof result)
        return error_set(error, STATUS_HOST, name, NULL, NULL, "the process that starts %s is gone", program);
    return result == 0 || error_set(error, result == NOT_INSTALLED ? STATUS_OK : STATUS_WRONG, name, NULL, NULL,
                                    result == NOT_INSTALLED ? "is %s, and %s is not installed: there is no PDF of it"
                                                            : "is %s of which %s makes no PDF",
                                    language, program);
}
