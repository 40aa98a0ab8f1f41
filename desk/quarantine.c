/* quarantine.c - see quarantine.h. */
#define _GNU_SOURCE /* asprintf, strsep */
#include "desk/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk/bag.h"
#include "desk/progress.h"
#include "desk/reader.h"
#include "formats/file.h"
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
    char *operand = NULL;
    int count = 0, status = 0;

    /* A name that begins with a dash is no option of the scanner's. */
    if (!copy || asprintf(&operand, "%s%s", *path == '-' ? "./" : "", path) < 0) {
        free(copy);
        return error_host(error, path, ENOMEM, "cannot be scanned");
    }
    while ((word = strsep(&rest, " ")) && count < WORDS)
        if (*word)
            words[count++] = word;
    words[count] = operand;
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
    free(operand);
    free(copy);
    return good;
}

/* --- Files --- */

enum { PIECE = 1 << 16, NAME = 160 };

/* Files on their way into the folder. */
struct unpacking {
    struct desk_volume volume;
    char folder[PATH_MAX];
    uint64_t files, room; /* bytes that may come: files may share what they hold */
    uint8_t *piece;
};

/* NUMBER_PATH, in characters that every scanner takes. */
static void name_file(const struct unpacking *u, const char *path, char to[PATH_MAX])
{
    int length = snprintf(to, PATH_MAX, "%.3800s/%06llu_", u->folder, (unsigned long long)u->files);
    size_t skip = strlen(path) > NAME ? strlen(path) - NAME : 0;

    for (path += skip; *path; path++)
        to[length++] = (*path >= '0' && *path <= '9') || (*path >= 'A' && *path <= 'Z') ||
                               (*path >= 'a' && *path <= 'z') || strchr("._-", *path)
                           ? *path
                           : '_';
    to[length] = '\0';
}

static bool copy_file(struct unpacking *u, const struct file_entry *e, int descriptor, const char *to,
                      struct error *error)
{
    const struct files *f = &u->volume.files;
    struct error damage;
    size_t got = 1;

    for (uint64_t at = 0; at < e->size && got > 0; at += got) {
        bool whole = f->system->read(f->context, e, at, u->piece, PIECE, &got, &damage);
        if (got > u->room)
            return error_set(error, STATUS_INPUT, to, NULL, "scan the image alone",
                             "the files of the image are larger than eight times the image");
        if (!file_write(descriptor, to, at, u->piece, got, error))
            return false;
        u->room -= got;
        if (interrupted())
            return error_set(error, STATUS_HOST, to, NULL, NULL, "interrupted");
        if (!whole)
            break;
    }
    return true;
}

static bool unpack_one(void *context, const char *path, const struct file_entry *e, struct error *error)
{
    struct unpacking *u = context;
    char to[PATH_MAX];

    if (e->kind != FILE_REGULAR)
        return true;
    name_file(u, path, to);
    int descriptor = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
        return error_host(error, to, errno, "cannot make");
    bool good = copy_file(u, e, descriptor, to, error);
    close(descriptor);
    u->files++;
    return good;
}

static void leave_out(void *context, const char *path, const struct error *damage)
{
    (void)context, (void)path, (void)damage; /* the image itself was scanned */
}

/* All volumes that can be read; one that cannot is no error. */
static bool unpack_all(struct unpacking *u, const struct block *disk, struct error *error)
{
    struct visit visit = {.each = unpack_one, .damaged = leave_out, .context = u};
    struct disk_survey survey;
    bool good = reader_survey_names(disk, &survey, error);

    u->room = disk->sectors * SECTOR_SIZE * 8;
    for (uint32_t i = 0; good && i < survey.volume_count; i++) {
        struct error ignored;
        if (!files_can_open(&survey.volumes[i]) || !reader_open(disk, &survey.volumes[i], &u->volume.files, &ignored))
            continue;
        good = desk_volume_visit(&u->volume, &visit, error);
        files_close(&u->volume.files);
    }
    disk_survey_free(&survey);
    return good;
}

bool quarantine_scan_files(const char *command, const char *path, const struct image_request *request, bool *found,
                           char *says, size_t size, uint64_t *files, struct error *error)
{
    const char *temporary = getenv("TMPDIR");
    struct unpacking *u = calloc(1, sizeof *u);
    struct block disk = {.close = NULL};

    *files = 0;
    *found = false;
    *says = '\0';
    if (!u || !(u->piece = malloc(PIECE))) {
        free(u);
        return error_host(error, path, ENOMEM, "cannot be scanned");
    }
    snprintf(u->folder, sizeof u->folder, "%.3700s/muniment-scan-XXXXXX", temporary ? temporary : "/var/tmp");
    bool made = mkdtemp(u->folder) != NULL;
    bool good = made || error_host(error, u->folder, errno, "cannot make");
    good = good && image_open(path, request, &disk, NULL, error) && unpack_all(u, &disk, error);
    *files = u->files;
    if (good && u->files > 0)
        good = quarantine_scan(command, u->folder, found, says, size, error);
    if (disk.close)
        disk.close(disk.context);
    if (made && !folder_remove(u->folder) && good)
        good = error_host(error, u->folder, errno, "cannot remove");
    free(u->piece);
    free(u);
    return good;
}
