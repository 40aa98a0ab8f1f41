/* jobs.c - see jobs.h. */
#define _GNU_SOURCE /* memfd_create, nftw */
#include "desk/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk/jail.h"

/* --- Command lines --- */

void job_command(struct job_line *line, const char *name)
{
    line->command = (struct command){.name = name, .options = line->options};
    line->arguments = (struct arguments){
        .command = &line->command, .operands = line->operands, .given = line->given, .kept = &line->kept};
}

void job_option(struct job_line *line, const char *name, const char *value)
{
    size_t n = line->arguments.given_count;

    if (!value || n + 1 >= JOB_OPTIONS)
        return;
    line->options[n] = (struct option){.name = name};
    line->given[n] = (struct given){&line->options[n], value};
    line->arguments.given_count++;
}

bool job_operand(struct job_line *line, const char *operand)
{
    if (line->arguments.operand_count == JOB_OPERANDS)
        return false;
    line->operands[line->arguments.operand_count++] = operand;
    return true;
}

/* --- Processes --- */

static void keep_only(const int *keep, size_t count, int life)
{
    for (int i = STDERR_FILENO + 1; i < 1024; i++) {
        bool kept = i == life;
        for (size_t k = 0; k < count; k++)
            kept = kept || keep[k] == i;
        if (!kept)
            close(i);
    }
}

static void close_answers(const struct job *job)
{
    if (job->out >= 0)
        close(job->out);
    if (job->err >= 0)
        close(job->err);
}

bool job_begin(struct job *job, const int *keep, size_t keep_count, enum status (*work)(void *context), void *context,
               struct error *error)
{
    const pid_t parent = getpid();
    int ends[2];

    job->out = memfd_create("answer", MFD_CLOEXEC);
    job->err = memfd_create("errors", MFD_CLOEXEC);
    if (job->out < 0 || job->err < 0 || pipe2(ends, O_CLOEXEC)) {
        error_host(error, "serve", errno, "cannot begin a job");
        return close_answers(job), false;
    }
    fflush(stdout);
    job->process = fork();
    if (job->process == 0) {
        enum status status;
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* nobody is there to answer */
        if (getppid() != parent || dup2(job->out, STDOUT_FILENO) < 0 || dup2(job->err, STDERR_FILENO) < 0)
            _exit(STATUS_HOST);
        keep_only(keep, keep_count, ends[1]);
        setpriority(PRIO_PROCESS, 0, 5);
        status = work(context);
        _exit(fflush(stdout) || ferror(stdout) ? STATUS_HOST : (int)status);
    }
    if (job->process < 0) {
        error_host(error, "serve", errno, "cannot begin a job");
        close(ends[0]), close(ends[1]);
        return close_answers(job), false;
    }
    close(ends[1]);
    job->life = ends[0];
    return true;
}

enum status job_end(struct job *job)
{
    int status = 0;

    close(job->life);
    kill(job->process, SIGKILL); /* one that has closed its end, and lives: nobody waits for it */
    while (waitpid(job->process, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? (enum status)WEXITSTATUS(status) : STATUS_HOST;
}

bool falls_again(struct falls *falls, uint64_t now)
{
    uint64_t *at = &falls->at[falls->count % FALLS_MOST];
    const bool often = falls->count++ >= FALLS_MOST && now - *at < FALLS_MS;

    *at = now;
    return !often;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status, (void)ftw;
    return kind == FTW_DP ? rmdir(path) : unlink(path);
}

bool job_copy(const char *from, int to)
{
    char buffer[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = -1;
    bool good = in >= 0;

    while (good && (got = read(in, buffer, sizeof buffer)) > 0)
        good = write(to, buffer, (size_t)got) == got;
    if (in >= 0)
        close(in);
    return good && got == 0;
}

void job_remove(const char *path)
{
    if (*path)
        nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
