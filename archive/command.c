/* command.c - see command.h. */
#define _DEFAULT_SOURCE
#include "archive/command.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/file.h"

/* In the child: the command, with the bytes as standard input. */
static void become(const char *command, int input, int output)
{
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Reads up to the end. False: it is more than there is room for, and was not read. */
static bool read_all(int descriptor, uint8_t *output, size_t limit, size_t *length)
{
    uint8_t more;
    ssize_t n;

    *length = 0;
    do {
        bool full = *length == limit;

        n = read(descriptor, full ? &more : output + *length, full ? 1 : limit - *length);
        if (n > 0 && full)
            return false;
        *length += n > 0 ? (size_t)n : 0;
    } while (n > 0 || (n < 0 && errno == EINTR));
    return true;
}

bool command_run(const char *command, const char *object, const void *input, size_t size, uint8_t *output, size_t limit,
                 size_t *length, struct error *error)
{
    int from = file_temporary(error), ends[2], status = 0;
    pid_t child;
    bool fits;

    if (from < 0)
        return false;
    if (!file_write(from, "temporary file", 0, input, size, error)) {
        close(from);
        return false;
    }
    child = pipe(ends) == 0 ? fork() : -1;
    if (child < 0) {
        close(from);
        return error_host(error, object, errno, "cannot run the command of");
    }
    if (child == 0)
        become(command, from, ends[1]);
    close(from);
    close(ends[1]);
    fits = read_all(ends[0], output, limit, length);
    close(ends[0]);
    if (!fits)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!fits)
        return error_set(error, STATUS_HOST, object, NULL, NULL, "has a command that gave more than %zu bytes", limit);
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
           error_set(error, STATUS_HOST, object, NULL, NULL, "has a command that failed (exit status %d)",
                     WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
