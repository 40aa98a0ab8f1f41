/* serialize.c - see serialize.h; libarchive writes. */
#define _DEFAULT_SOURCE /* fts */
#include "desk/serialize.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "desk/progress.h"
#include "formats/file.h"
#include "formats/libarchive.h"
#include "formats/output.h"

#define PIECE 65536u

struct writer {
    struct libarchive call;
    struct archive *a;
};

static bool failed(struct writer *w, const char *path, struct error *error)
{
    return error_host(error, path, w->call.archive_errno(w->a) ? w->call.archive_errno(w->a) : ENOMEM, "cannot write");
}

static bool add_bytes(struct writer *w, const FTSENT *e, const char *path, struct error *error)
{
    char piece[PIECE];
    ssize_t count;
    int descriptor = open(e->fts_accpath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (descriptor < 0)
        return error_host(error, e->fts_path, errno, "cannot read");
    bool good = true;
    while (good && (count = read(descriptor, piece, sizeof piece)) != 0) {
        if (count < 0)
            good = error_host(error, e->fts_path, errno, "cannot read");
        else if (interrupted())
            good = error_set(error, STATUS_HOST, path, NULL, NULL, "interrupted");
        else
            good = w->call.archive_write_data(w->a, piece, (size_t)count) == count || failed(w, path, error);
    }
    close(descriptor);
    return good;
}

static bool add_file(struct writer *w, struct archive_entry *entry, const FTSENT *e, const char *name, const char *path,
                     struct error *error)
{
    w->call.archive_entry_clear(entry);
    w->call.archive_entry_set_pathname_utf8(entry, name);
    w->call.archive_entry_set_filetype(entry, AE_IFREG);
    w->call.archive_entry_set_perm(entry, 0644);
    w->call.archive_entry_set_mtime(entry, 315532800, 0); /* 1980-01-01, before which zip has no time */
    w->call.archive_entry_set_size(entry, e->fts_statp->st_size);
    return (w->call.archive_write_header(w->a, entry) == ARCHIVE_OK || failed(w, path, error)) &&
           add_bytes(w, e, path, error);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* "records" of "out/records.zip". */
static void name_of(const char *path, char name[NAME_MAX + 1])
{
    size_t length = (size_t)snprintf(name, NAME_MAX + 1, "%.255s", path_name(path));

    if (length > 4 && (!strcmp(name + length - 4, ".zip") || !strcmp(name + length - 4, ".tar")))
        name[length - 4] = '\0';
}

static bool add_all(struct writer *w, const char *folder, const char *path, struct error *error)
{
    char root[PATH_MAX], base[NAME_MAX + 1], name[2 * PATH_MAX], *const paths[] = {root, NULL};
    struct archive_entry *entry = w->call.archive_entry_new();
    bool good = snprintf(root, sizeof root, "%s", folder) < (int)sizeof root && entry;
    FTS *walk = good ? fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name) : NULL;
    FTSENT *e;

    name_of(path, base);
    good = walk || error_host(error, folder, errno ? errno : ENOMEM, "cannot read");
    while (good && (errno = 0, e = fts_read(walk)))
        if (e->fts_info == FTS_F) {
            snprintf(name, sizeof name, "%s%s", base, e->fts_path + strlen(root));
            good = add_file(w, entry, e, name, path, error);
        } else if (e->fts_info != FTS_D && e->fts_info != FTS_DP) {
            good = error_host(error, e->fts_path, e->fts_errno, "cannot read");
        }
    if (good && errno)
        good = error_host(error, folder, errno, "cannot read");
    if (walk)
        fts_close(walk);
    w->call.archive_entry_free(entry);
    return good;
}

bool folder_serialize(const char *folder, const char *path, enum serialization as, struct error *error)
{
    struct writer writer, *w = &writer;
    struct output output = {.file = NULL};

    if (!libarchive_load(&w->call, error))
        return false;
    w->a = w->call.archive_write_new();
    if (!w->a)
        return error_host(error, path, ENOMEM, "cannot write");
    bool good = output_whole(&output, path, 0666, false, error);
    if (good)
        good = ((as == SERIALIZE_ZIP ? w->call.archive_write_set_format_zip(w->a)
                                     : w->call.archive_write_set_format_pax_restricted(w->a)) == ARCHIVE_OK &&
                (as != SERIALIZE_ZIP || w->call.archive_write_set_options(w->a, "hdrcharset=UTF-8") == ARCHIVE_OK) &&
                w->call.archive_write_open_FILE(w->a, output.file) == ARCHIVE_OK) ||
               failed(w, path, error);
    good = good && add_all(w, folder, path, error) &&
           (w->call.archive_write_close(w->a) == ARCHIVE_OK || failed(w, path, error));
    w->call.archive_write_free(w->a);
    if (good)
        return output_commit(&output, error);
    output_abort(&output);
    return false;
}
