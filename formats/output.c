/* output.c - see output.h. */
#define _DEFAULT_SOURCE /* flock, realpath */
#include "formats/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK ".muniment-" /* of a temporary's name: NAME.muniment-PROCESS-NUMBER.tmp */
#define MARK_LENGTH 48u   /* of what follows NAME, at most */
#define ATTEMPTS 100

/* --- Folders --- */

/* Opens the folder of a path, and splits off the name in it. */
static int open_folder(const char *path, const char **name, struct error *error)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];

    *name = slash ? slash + 1 : path;
    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        error_host(error, folder, errno, "cannot open the folder");
    return descriptor;
}

/* EINVAL: a file system whose folders know no sync, and need none. */
static bool sync_folder(int folder, const char *path, struct error *error)
{
    return fsync(folder) == 0 || errno == EINVAL || error_host(error, path, errno, "its folder cannot be synced");
}

bool output_sync_folder(const char *path, struct error *error)
{
    const char *name;
    int folder = open_folder(path, &name, error);
    bool good = folder >= 0 && sync_folder(folder, path, error);

    if (folder >= 0)
        close(folder);
    return good;
}

/* --- Temporaries --- */

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

static bool is_temporary(const char *name)
{
    const char *mark = NULL, *next = name;

    while ((next = strstr(next, MARK)))
        mark = next++;
    if (!mark)
        return false;
    mark += strlen(MARK);
    size_t process = digits(mark), number = mark[process] == '-' ? digits(mark + process + 1) : 0;
    return process > 0 && number > 0 && !strcmp(mark + process + 1 + number, ".tmp");
}

static bool lock(int descriptor, int how)
{
    int result;

    do
        result = flock(descriptor, how);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

/* Removes a temporary unless its lock is held. What cannot be opened or removed belongs to another user. */
static void remove_abandoned(int folder, const char *name)
{
    int descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;

    if (descriptor < 0)
        return;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && lock(descriptor, LOCK_EX | LOCK_NB))
        unlinkat(folder, name, 0);
    close(descriptor);
}

static bool sweep(int folder, const char *path, struct error *error)
{
    int descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = descriptor < 0 ? NULL : fdopendir(descriptor);
    struct dirent *entry;
    int reason;

    if (!names) {
        reason = errno;
        if (descriptor >= 0)
            close(descriptor);
        return error_host(error, path, reason, "cannot read the folder");
    }
    while ((errno = 0, entry = readdir(names)))
        if (is_temporary(entry->d_name))
            remove_abandoned(folder, entry->d_name);
    reason = errno;
    closedir(names);
    return reason == 0 || error_host(error, path, reason, "cannot read the folder");
}

bool output_sweep(const char *folder, struct error *error)
{
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = descriptor >= 0 ? sweep(descriptor, folder, error)
                                : error_host(error, folder, errno, "cannot open the folder");

    if (descriptor >= 0)
        close(descriptor);
    return good;
}

/* Whether a descriptor is still what the name in the folder means: a sweep may have come between creation and lock. */
static bool is_still(int folder, const char *name, int descriptor)
{
    struct stat named, open;

    return fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(descriptor, &open) == 0 &&
           named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

/* Creates and locks a temporary. A file system without locks has no sweeps either. */
static int create_temporary(struct output *o, mode_t mode)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        snprintf(o->temporary, sizeof(o->temporary), "%.*s" MARK "%ld-%d.tmp", (int)(NAME_MAX - MARK_LENGTH), o->name,
                 (long)getpid(), i);
        int descriptor = openat(o->folder, o->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (descriptor < 0 && errno != EEXIST)
            return -1;
        if (descriptor < 0)
            continue;
        if (!lock(descriptor, LOCK_EX) || is_still(o->folder, o->temporary, descriptor))
            return descriptor;
        close(descriptor);
    }
    return -1;
}

/* --- Opening --- */

enum there { THERE_NOTHING, THERE_FILE, THERE_OTHER /* a device, a FIFO */ };

/* What a path names, its links followed. */
static bool look(const char *path, char resolved[PATH_MAX], enum there *there, mode_t *mode, struct error *error)
{
    struct stat status;

    if (strlen(path) >= PATH_MAX)
        return error_host(error, path, ENAMETOOLONG, "cannot create");
    strcpy(resolved, path);
    *there = THERE_NOTHING;
    if (stat(path, &status) != 0) {
        if (errno != ENOENT)
            return error_host(error, path, errno, "cannot create");
        return lstat(path, &status) != 0 ||
               error_set(error, STATUS_INPUT, path, NULL, "name a file", "is a symbolic link that leads nowhere");
    }
    if (S_ISDIR(status.st_mode))
        return error_set(error, STATUS_INPUT, path, NULL, "name a file", "is a folder");
    *there = S_ISREG(status.st_mode) ? THERE_FILE : THERE_OTHER;
    *mode = status.st_mode & 07777;
    return *there == THERE_OTHER || realpath(path, resolved) || error_host(error, path, errno, "cannot follow");
}

static bool is_there(const char *path, struct error *error)
{
    return error_set(error, STATUS_INPUT, path, NULL, "choose another name, or replace it with --force",
                     "is there already");
}

bool output_may(const char *path, bool replace, struct error *error)
{
    char resolved[PATH_MAX];
    enum there there;
    mode_t mode;

    if (!strcmp(path, "-"))
        return true;
    return look(path, resolved, &there, &mode, error) && (there != THERE_FILE || replace || is_there(path, error));
}

enum kind { WHOLE, IN_ORDER, GROWING };

/* Opens what is no regular file. */
static int open_directly(struct output *o, enum kind kind, struct error *error)
{
    if (kind == WHOLE) {
        error_set(error, STATUS_INPUT, o->path, NULL, "name a regular file",
                  "is a device or a FIFO, and this file is not written in order");
        return -1;
    }
    int descriptor = open(o->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0)
        error_host(error, o->path, errno, "cannot open");
    return descriptor;
}

/* Opens a regular file, `there` or not, in o->folder. */
static int open_regular(struct output *o, enum kind kind, bool there, mode_t mode, struct error *error)
{
    int descriptor;

    if (kind == GROWING)
        descriptor = openat(o->folder, o->name, O_WRONLY | O_CLOEXEC | (there ? O_TRUNC : O_CREAT | O_EXCL), mode);
    else
        descriptor = sweep(o->folder, o->path, error) ? create_temporary(o, mode) : -2;
    if (descriptor == -1)
        error_host(error, o->path, errno, "cannot create");
    if (descriptor >= 0 && there && *o->temporary)
        fchmod(descriptor, mode); /* as the file that it replaces */
    if (descriptor < 0 || kind != GROWING || sync_folder(o->folder, o->path, error))
        return descriptor;
    close(descriptor);
    return -1;
}

/* Opens o->folder and the file in it. */
static int open_in_folder(struct output *o, const char *resolved, enum kind kind, bool there, mode_t mode,
                          struct error *error)
{
    const char *name;
    int descriptor = -1;

    o->made = !there;
    if (there && !o->replace) {
        is_there(o->path, error);
        return -1;
    }
    o->folder = open_folder(resolved, &name, error);
    if (o->folder < 0)
        return -1;
    if ((size_t)snprintf(o->name, sizeof(o->name), "%s", name) < sizeof(o->name))
        descriptor = open_regular(o, kind, there, mode, error);
    else
        error_host(error, o->path, ENAMETOOLONG, "cannot create");
    if (descriptor < 0)
        close(o->folder);
    return descriptor;
}

static bool open_output(struct output *o, const char *path, enum kind kind, mode_t mode, bool replace,
                        struct error *error)
{
    char resolved[PATH_MAX];
    enum there there;
    int descriptor;

    *o = (struct output){.folder = -1, .replace = replace};
    if (kind != WHOLE && !strcmp(path, "-")) {
        strcpy(o->path, "standard output");
        o->file = stdout;
        return true;
    }
    if (!look(path, resolved, &there, &mode, error))
        return false;
    strcpy(o->path, path);
    descriptor = there == THERE_OTHER ? open_directly(o, kind, error)
                                      : open_in_folder(o, resolved, kind, there == THERE_FILE, mode, error);
    o->file = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    return o->file || descriptor < 0 ? o->file != NULL : error_host(error, path, errno, "cannot create");
}

bool output_whole(struct output *o, const char *path, mode_t mode, bool replace, struct error *error)
{
    return open_output(o, path, WHOLE, mode, replace, error);
}

bool output_in_order(struct output *o, const char *path, bool replace, struct error *error)
{
    return open_output(o, path, IN_ORDER, 0666, replace, error);
}

bool output_growing(struct output *o, const char *path, bool replace, struct error *error)
{
    return open_output(o, path, GROWING, 0666, replace, error);
}

/* --- Closing --- */

/* Gives the finished file its name. A new name is linked, which replaces nothing that came there meanwhile; some file
 * systems have no links. */
static bool place(struct output *o, struct error *error)
{
    struct stat status;

    if (!o->replace) {
        if (linkat(o->folder, o->temporary, o->folder, o->name, 0) == 0)
            return unlinkat(o->folder, o->temporary, 0) == 0 ||
                   error_host(error, o->path, errno, "cannot remove the temporary name of");
        if (errno == EEXIST)
            return is_there(o->path, error);
    }
    if (fstatat(o->folder, o->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && (!o->replace || !S_ISREG(status.st_mode)))
        return is_there(o->path, error);
    return renameat(o->folder, o->temporary, o->folder, o->name) == 0 ||
           error_host(error, o->path, errno, "cannot rename the finished file to this name");
}

/* EINVAL, EROFS: what is no file on a disk. */
static bool sync_file(const struct output *o)
{
    return o->folder < 0 || fsync(fileno(o->file)) == 0 || errno == EINVAL;
}

bool output_commit(struct output *o, struct error *error)
{
    bool good = o->file == stdout || (fflush(o->file) == 0 && !ferror(o->file) && sync_file(o)) ||
                error_host(error, o->path, errno, "cannot write");

    if (good && *o->temporary && place(o, error)) {
        *o->temporary = '\0';
        good = sync_folder(o->folder, o->path, error);
    }
    if (*o->temporary)
        output_abort(o);
    else
        output_release(o);
    return good && !*o->temporary;
}

bool output_text(struct output *o, const struct text *text, struct error *error)
{
    if (text->failed) {
        error_host(error, o->path, ENOMEM, "cannot write");
        output_abort(o);
        return false;
    }
    fwrite(text->bytes, 1, text->length, o->file);
    return output_commit(o, error);
}

/* The lock goes with the last descriptor, after the temporary name. */
void output_abort(struct output *o)
{
    if (o->file && (*o->temporary || o->made))
        unlinkat(o->folder, *o->temporary ? o->temporary : o->name, 0);
    output_release(o);
}

void output_release(struct output *o)
{
    if (!o->file)
        return;
    if (o->file != stdout)
        fclose(o->file);
    o->file = NULL;
    if (o->folder >= 0)
        close(o->folder);
}
