/* quarantine.c - see quarantine.h. */
#define _DEFAULT_SOURCE /* strsep */
#include "desk/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk/progress.h"
#include "formats/plain.h"

enum { WORDS = 32, LINE = 512 };

/* The child: never returns. */
static void become(char **words, int out)
{
    static const int handled[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ};
    int nothing = open("/dev/null", O_RDONLY);

    for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++)
        signal(handled[i], SIG_DFL);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(126);
    execvp(words[0], words);
    _exit(127);
}

/* Reads what it prints to its end, and keeps the last line that is not empty. */
static void read_last_line(FILE *from, char last[LINE])
{
    char line[LINE];

    *last = '\0';
    while (fgets(line, sizeof line, from)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (*line)
            memcpy(last, line, LINE);
    }
}

static bool run(char **words, int *status, char last[LINE], const char *path, struct error *error)
{
    int ends[2];

    if (pipe(ends))
        return error_host(error, path, errno, "cannot be scanned");
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        become(words, ends[1]);
    close(ends[1]);
    FILE *from = child > 0 ? fdopen(ends[0], "r") : NULL;
    if (from) {
        read_last_line(from, last);
        fclose(from);
    } else {
        close(ends[0]);
    }
    if (child < 0)
        return error_host(error, path, errno, "cannot be scanned");
    while (waitpid(child, status, 0) < 0)
        if (errno != EINTR)
            return error_host(error, path, errno, "cannot be scanned");
    return !interrupted() || error_set(error, STATUS_HOST, path, NULL, NULL, "interrupted");
}

bool quarantine_scan(const char *command, const char *path, bool *found, char *says, size_t size, struct error *error)
{
    char *copy = strdup(command), *rest = copy, *words[WORDS + 2], *word, last[LINE], text[2 * LINE];
    int count = 0, status = 0;

    if (!copy)
        return error_host(error, path, ENOMEM, "cannot be scanned");
    while ((word = strsep(&rest, " ")) && count < WORDS)
        if (*word)
            words[count++] = word;
    words[count] = (char *)path;
    words[count + 1] = NULL;
    bool good = count > 0 ? run(words, &status, last, path, error)
                          : error_set(error, STATUS_USAGE, "--scan", NULL, NULL, "names no command");
    if (good && (!WIFEXITED(status) || WEXITSTATUS(status) > 1))
        good = error_set(error, STATUS_HOST, path, NULL, "see what the scanner lacks",
                         "was not scanned: %s failed with %s %d: %s", words[0], WIFEXITED(status) ? "status" : "signal",
                         WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), last);
    if (good) {
        *found = WEXITSTATUS(status) == 1;
        snprintf(text, sizeof text, "%.200s: %s%s%.300s", words[0], *found ? "found something" : "nothing found",
                 *last ? ": " : "", last);
        plain_copy(says, size, text);
    }
    free(copy);
    return good;
}
