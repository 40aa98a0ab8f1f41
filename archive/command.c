/* command.c - see command.h. */
#define _DEFAULT_SOURCE
#include "archive/command.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "formats/file.h"
#include "formats/monotonic.h"

struct running {
    pid_t child;
    int output;        /* where it prints */
    uint64_t deadline; /* milliseconds of the monotonic clock; 0: none */
    bool late, excessive;
};

/* In the child: the command, with the bytes as standard input. */
static void become(const char *command, int input, int output, bool group)
{
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        (!group || (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)))
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Waits for something to read, or the end of it. False: the time is up. */
static bool wait_for(struct running *r)
{
    struct pollfd output = {.fd = r->output, .events = POLLIN};
    int there = r->deadline == 0;

    while (there <= 0 && !r->late) {
        uint64_t now = monotonic_milliseconds();

        r->late = now >= r->deadline;
        there = r->late ? 0 : poll(&output, 1, (int)(r->deadline - now));
    }
    return !r->late;
}

/* Reads up to the end, the deadline, or more than there is room for. */
static void read_all(struct running *r, uint8_t *output, size_t limit, size_t *length)
{
    uint8_t more;
    ssize_t n = 1;

    *length = 0;
    while ((n > 0 || (n < 0 && errno == EINTR)) && !r->excessive && wait_for(r)) {
        bool full = *length == limit;

        n = read(r->output, full ? &more : output + *length, full ? 1 : limit - *length);
        r->excessive = n > 0 && full;
        *length += n > 0 && !full ? (size_t)n : 0;
    }
}

/* The parent of a process; 0: it is gone. */
static pid_t parent_of(const char *pid)
{
    char path[300], text[512], *end;
    FILE *file;
    int parent = 0;

    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    file = fopen(path, "r");
    if (!file)
        return 0;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    end = strrchr(text, ')'); /* the name before it may hold anything */
    return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* Ends all children, whatever group or session they are in, and then those whose parents have ended by that, until
 * there are none: this process gets them (PR_SET_CHILD_SUBREAPER). */
static void end_children(void)
{
    bool found = true;

    while (found) {
        DIR *processes = opendir("/proc");
        struct dirent *entry;

        found = false;
        while (processes && (entry = readdir(processes)))
            if (isdigit((unsigned char)*entry->d_name) && parent_of(entry->d_name) == getpid()) {
                const pid_t child = (pid_t)strtol(entry->d_name, NULL, 10);

                kill(child, SIGKILL);
                while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
                    continue;
                found = true;
            }
        if (processes)
            closedir(processes);
    }
}

/* Waits for its end, which may come later than that of its output. With a deadline, what it began ends with it. */
static int end(struct running *r)
{
    siginfo_t ended = {.si_pid = 0};
    int status = 0;

    while (r->deadline && !r->late && !r->excessive && !ended.si_pid) {
        waitid(P_PID, (id_t)r->child, &ended, WEXITED | WNOHANG | WNOWAIT);
        r->late = !ended.si_pid && monotonic_milliseconds() >= r->deadline;
        if (!ended.si_pid && !r->late)
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    if (r->deadline)
        kill(-r->child, SIGKILL);
    if (r->excessive)
        kill(r->child, SIGKILL);
    while (waitpid(r->child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (r->deadline) {
        end_children();
        prctl(PR_SET_CHILD_SUBREAPER, 0);
    }
    return status;
}

bool command_run(const char *command, const char *object, const void *input, size_t size, unsigned seconds,
                 uint8_t *output, size_t limit, size_t *length, struct error *error)
{
    struct running r = {.deadline = seconds ? monotonic_milliseconds() + (uint64_t)seconds * 1000 : 0};
    int from = file_temporary(error), ends[2], status;

    if (from < 0)
        return false;
    if (!file_write(from, "temporary file", 0, input, size, error)) {
        close(from);
        return false;
    }
    if (seconds && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        close(from);
        return error_host(error, object, errno, "cannot bound the command of");
    }
    r.child = pipe(ends) == 0 && fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0
                  ? fork()
                  : -1;
    if (r.child < 0) {
        close(from);
        return error_host(error, object, errno, "cannot run the command of");
    }
    if (r.child == 0)
        become(command, from, ends[1], seconds > 0);
    if (seconds)
        setpgid(r.child, r.child); /* whichever of the two is first */
    close(from);
    close(ends[1]);
    r.output = ends[0];
    read_all(&r, output, limit, length);
    close(ends[0]);
    status = end(&r);
    if (r.excessive)
        return error_set(error, STATUS_HOST, object, NULL, NULL, "has a command that gave more than %zu bytes", limit);
    if (r.late)
        return error_set(error, STATUS_HOST, object, NULL, "--timeout gives it more time",
                         "has a command that did not end within %u seconds", seconds);
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
           error_set(error, STATUS_HOST, object, NULL, NULL, "has a command that failed (exit status %d)",
                     WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
