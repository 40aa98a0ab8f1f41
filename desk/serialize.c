/* serialize.c - see serialize.h; libarchive writes. */
#define _DEFAULT_SOURCE /* fts */
#include "desk/serialize.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "desk/progress.h"
#include "formats/file.h"
#include "formats/output.h"

#define PIECE 65536u

static bool failed(struct archive *a, const char *path, struct error *error)
{
    return error_host(error, path, archive_errno(a) ? archive_errno(a) : ENOMEM, "cannot write");
}

static bool add_bytes(struct archive *a, const FTSENT *e, const char *path, struct error *error)
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
            good = archive_write_data(a, piece, (size_t)count) == count || failed(a, path, error);
    }
    close(descriptor);
    return good;
}

static bool add_file(struct archive *a, struct archive_entry *entry, const FTSENT *e, const char *name,
                     const char *path, struct error *error)
{
    archive_entry_clear(entry);
    archive_entry_set_pathname_utf8(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 315532800, 0); /* 1980-01-01, before which zip has no time */
    archive_entry_set_size(entry, e->fts_statp->st_size);
    return (archive_write_header(a, entry) == ARCHIVE_OK || failed(a, path, error)) && add_bytes(a, e, path, error);
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

static bool add_all(struct archive *a, const char *folder, const char *path, struct error *error)
{
    char root[PATH_MAX], base[NAME_MAX + 1], name[2 * PATH_MAX], *const paths[] = {root, NULL};
    struct archive_entry *entry = archive_entry_new();
    bool good = snprintf(root, sizeof root, "%s", folder) < (int)sizeof root && entry;
    FTS *walk = good ? fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name) : NULL;
    FTSENT *e;

    name_of(path, base);
    good = walk || error_host(error, folder, errno ? errno : ENOMEM, "cannot read");
    while (good && (errno = 0, e = fts_read(walk)))
        if (e->fts_info == FTS_F) {
            snprintf(name, sizeof name, "%s%s", base, e->fts_path + strlen(root));
            good = add_file(a, entry, e, name, path, error);
        } else if (e->fts_info != FTS_D && e->fts_info != FTS_DP) {
            good = error_host(error, e->fts_path, e->fts_errno, "cannot read");
        }
    if (good && errno)
        good = error_host(error, folder, errno, "cannot read");
    if (walk)
        fts_close(walk);
    archive_entry_free(entry);
    return good;
}

bool folder_serialize(const char *folder, const char *path, enum serialization as, struct error *error)
{
    struct archive *a = archive_write_new();
    struct output output = {.file = NULL};

    if (!a)
        return error_host(error, path, ENOMEM, "cannot write");
    bool good = output_whole(&output, path, 0666, false, error);
    if (good)
        good = ((as == SERIALIZE_ZIP ? archive_write_set_format_zip(a) : archive_write_set_format_pax_restricted(a)) ==
                    ARCHIVE_OK &&
                (as != SERIALIZE_ZIP || archive_write_set_options(a, "hdrcharset=UTF-8") == ARCHIVE_OK) &&
                archive_write_open_FILE(a, output.file) == ARCHIVE_OK) ||
               failed(a, path, error);
    good = good && add_all(a, folder, path, error) && (archive_write_close(a) == ARCHIVE_OK || failed(a, path, error));
    archive_write_free(a);
    if (good)
        return output_commit(&output, error);
    output_abort(&output);
    return false;
}
