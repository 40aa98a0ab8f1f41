/* bag.c - see bag.h. */
#define _GNU_SOURCE /* fts, syncfs, O_DIRECT */
#include "desk/bag.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "desk/embedded.h"
#include "desk/progress.h"
#include "desk/receipt.h"
#include "desk/shelf.h"
#include "formats/file.h"
#include "formats/output.h"
#include "formats/plain.h"

enum {
    PIECE = 1 << 21,
    DIRECT_LEAST = 1 << 18,
    DIRECT_UNIT = 4096,
    SAME_NAME_LIMIT = 1000,
    JOURNAL_LIMIT = 1 << 28,
    NAME_MOST = NAME_MAX - 5
};

/* What files may have beyond the size of the disk: one of them, and all together. */
#define FILE_SPARE (UINT64_C(1) << 30)
#define BAG_SPARE (UINT64_C(4) << 30)
#define BAG_TIMES 16

/* --- Files of the bag --- */

static bool close_written(int descriptor, const char *path, bool good, struct error *error)
{
    if (close(descriptor) && good)
        good = error_host(error, path, errno, "cannot write");
    return good;
}

/* One call for all files and folders: a thousand single ones cost as much as reading the files. */
bool bag_sync(const struct bag *b, struct error *error)
{
    int folder = open(b->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = folder >= 0 && syncfs(folder) == 0;

    if (!good)
        error_host(error, b->folder, errno, "cannot sync");
    if (folder >= 0)
        close(folder);
    return good;
}

static bool write_all(int descriptor, const char *path, const void *bytes, size_t size, struct error *error)
{
    return stream_write(descriptor, bytes, size) || error_host(error, path, errno, "cannot write");
}

/* Writes what is in b->piece past this host's cache where the file was opened so, its end apart: nobody reads it again
 * soon, and the cache costs as much as reading and hashing. */
static bool write_piece(int descriptor, const char *path, const uint8_t *bytes, size_t size, struct error *error)
{
    bool direct = fcntl(descriptor, F_GETFL) & O_DIRECT;

    while (size > 0) {
        if (direct && size % DIRECT_UNIT)
            direct = fcntl(descriptor, F_SETFL, 0) != 0;
        ssize_t count = write(descriptor, bytes, size);
        if (count < 0 && errno == EINVAL && direct)
            direct = fcntl(descriptor, F_SETFL, 0) != 0;
        else if (count < 0 && errno != EINTR)
            return error_host(error, path, errno, "cannot write");
        bytes += count > 0 ? count : 0;
        size -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

/* Adds a name, as a manifest has it, and the end of its line; RFC 8493 §2.1.3: % CR and LF are written as %25, %0D,
 * %0A. */
static void add_name(struct text *manifest, const char *name)
{
    for (; *name; name++)
        if (*name == '%' || *name == '\r' || *name == '\n')
            text_print(manifest, "%%%02X", (unsigned)*name);
        else
            text_add(manifest, name, 1);
    text_add(manifest, "\n", 1);
}

/* Adds a line "digest  name" to a manifest. */
static void add_to_manifest(struct text *manifest, const uint8_t digest[DIGEST_SIZE], const char *name)
{
    hex_digest hex;

    hex_encode(digest, hex);
    text_print(manifest, "%s  ", hex);
    add_name(manifest, name);
}

/* Whether a line of the manifest names a file, or that cannot be told. */
static bool is_named(const struct text *manifest, const char *name)
{
    const size_t before = 2 * DIGEST_SIZE + 2;
    const char *end = manifest->bytes + manifest->length;
    struct text wanted = {.bytes = NULL};

    add_name(&wanted, name);
    bool known = wanted.failed;
    for (const char *at = manifest->bytes, *next; !known && at && at < end; at = next) {
        next = memchr(at, '\n', (size_t)(end - at));
        next = next ? next + 1 : end;
        known = (size_t)(next - at) == before + wanted.length && !memcmp(at + before, wanted.bytes, wanted.length);
    }
    text_free(&wanted);
    return known;
}

/* Writes a tag file, and names it in the manifest of tags. */
static bool write_tag(struct bag *b, const char *name, const struct text *text, struct text *tags, struct error *error)
{
    char path[PATH_MAX];
    uint8_t digest[DIGEST_SIZE];

    if (text->failed)
        return error_host(error, b->path, ENOMEM, "cannot write");
    if (snprintf(path, sizeof path, "%s/%s", b->folder, name) >= (int)sizeof path)
        return error_set(error, STATUS_INPUT, b->path, NULL, NULL, "the path is too long");
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor < 0)
        return error_host(error, path, errno, "cannot make");
    const char *bytes = text->bytes ? text->bytes : "";
    bool good = close_written(descriptor, path, write_all(descriptor, path, bytes, text->length, error), error);
    sha256(bytes, text->length, digest);
    if (good && tags)
        add_to_manifest(tags, digest, name);
    return good;
}

/* --- What is taken out --- */

/* The name on this host of one part of a path: the guest's, with what is hidden, special or too long in another form.
 */
static void host_name(const struct file_entry *e, char name[NAME_MAX + 1])
{
    char shown[4 * FILE_NAME_SIZE];

    plain_copy(shown, sizeof shown, e->name);
    if (strlen(shown) > NAME_MOST && *e->short_name)
        plain_copy(shown, sizeof shown, e->short_name);
    size_t length = strlen(shown) > NAME_MOST ? NAME_MOST : strlen(shown);
    while (((uint8_t)shown[length] & 0xC0) == 0x80) /* no character is cut in two */
        length--;
    shown[length] = '\0';
    for (char *at = shown; *at; at++)
        if (*at == '/')
            *at = '_';
    if (!*shown || !strcmp(shown, ".") || !strcmp(shown, ".."))
        snprintf(name, NAME_MAX + 1, "_%.2s", shown);
    else
        snprintf(name, NAME_MAX + 1, "%.*s", NAME_MAX, shown);
}

static bool too_long(const struct bag *b, struct error *error)
{
    return error_set(error, STATUS_INPUT, b->path, NULL, NULL, "a path of the disk is too long for this host");
}

/* Makes a folder, or finds it. False with errno; EEXIST: something else has its name. */
static bool make_folder(const char *path)
{
    struct stat status;

    if (mkdir(path, 0777) == 0)
        return true;
    if (errno != EEXIST)
        return false;
    bool found = lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
    errno = EEXIST;
    return found;
}

/* Makes the folders above a file, of a path in the volume; one whose name a file has gets ".2" and so on. */
static bool make_folders(struct bag *b, char path[PATH_MAX], struct error *error)
{
    char rest[PATH_MAX];

    for (char *end = strchr(path + strlen(b->folder) + 1, '/'); end; end = strchr(end + 1, '/')) {
        const size_t room = PATH_MAX - (size_t)(end - path);
        memcpy(rest, end, strlen(end) + 1);
        *end = '\0';
        bool made = make_folder(path);
        for (int n = 2; !made && errno == EEXIST && n < SAME_NAME_LIMIT; n++) {
            snprintf(end, room, ".%d", n);
            made = make_folder(path);
        }
        if (!made)
            return error_host(error, path, errno, "cannot make");
        if (strlen(end) + strlen(rest) + 6 >= room)
            return too_long(b, error);
        end += strlen(end);
        memcpy(end, rest, strlen(rest) + 1);
    }
    return true;
}

/* Opens a new file; one of the same name is there if the volume has two: then ".2" and so on is added. */
static int new_file(char *path, size_t size, uint64_t bytes, struct error *error)
{
    size_t length = strlen(path);

    for (int n = 2; n < SAME_NAME_LIMIT; n++) {
        int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (descriptor >= 0 && bytes >= DIRECT_LEAST)
            fcntl(descriptor, F_SETFL, O_DIRECT); /* where there is no such, the cache takes it */
        if (descriptor >= 0)
            return descriptor;
        if (errno != EEXIST)
            break;
        snprintf(path + length, size - length, ".%d", n);
    }
    error_host(error, path, errno, "cannot make");
    return -1;
}

/* What a file claims: a hole costs the volume nothing, and this host its size. */
static bool is_believable(const struct bag *b, const struct desk_volume *v, const struct file_entry *e,
                          struct error *damage)
{
    const uint64_t disk = v->disk.block.sectors * SECTOR_SIZE;

    return (e->size <= disk + FILE_SPARE && b->bytes <= BAG_TIMES * disk + BAG_SPARE) ||
           error_set(damage, STATUS_WRONG, e->name, NULL, NULL,
                     "claims %" PRIu64 " bytes; the disk has %" PRIu64 ", and what was taken out of it %" PRIu64,
                     e->size, disk, b->bytes);
}

/* A file that is copied. */
struct copying {
    const struct files *files;
    const struct file_entry *entry;
    int descriptor; /* below 0: only the digest is wanted */
    const char *path;
    struct sha256 hash;
    uint64_t at, resumed; /* where it is, and where it went on last, after damage */
};

/* size bytes of b->piece. */
static bool copy_piece(struct bag *b, struct copying *c, size_t size, struct error *error)
{
    if (c->descriptor >= 0 && !write_piece(c->descriptor, c->path, b->piece, size, error))
        return false;
    sha256_add(&c->hash, b->piece, size);
    if (c->at == 0)
        memcpy(b->head, b->piece, b->head_size = size < SIGNATURE_HEAD ? size : SIGNATURE_HEAD);
    c->at += size;
    return true;
}

/* Puts zeros in place of what is missing. */
static bool copy_gap(struct bag *b, struct copying *c, uint64_t end, struct error *error)
{
    bool good = true;

    text_print(&b->missing, "%s%" PRIu64 "-%" PRIu64, b->missing.length ? " " : "", c->at, end - 1);
    memset(b->piece, 0, end - c->at < PIECE ? (size_t)(end - c->at) : PIECE);
    while (good && c->at < end && !interrupted())
        good = copy_piece(b, c, end - c->at < PIECE ? (size_t)(end - c->at) : PIECE, error);
    return good;
}

/* Where the file can be read again after damage, which is at least a sector; false: nowhere. */
static bool resume(struct copying *c, const struct error *damage, uint64_t *next)
{
    const struct file_system *s = c->files->system;
    const uint64_t from = c->at == c->resumed ? c->at + SECTOR_SIZE : c->at;

    if (damage->status == STATUS_OK || damage->status == STATUS_HOST || !s->resume ||
        !s->resume(c->files->context, c->entry, from, next) || *next < c->at)
        return false;
    c->resumed = *next;
    return true;
}

/* descriptor below 0: only the digest is wanted. */
static bool copy(struct bag *b, struct desk_volume *volume, const struct file_entry *e, int descriptor,
                 const char *path, uint8_t digest[DIGEST_SIZE], struct error *damage, struct error *error)
{
    struct copying c = {
        .files = &volume->files, .entry = e, .descriptor = descriptor, .path = path, .resumed = UINT64_MAX};
    uint64_t next;
    size_t got;
    bool good = true;

    damage->status = STATUS_OK;
    b->head_size = b->missing.length = 0;
    sha256_begin(&c.hash);
    while (good && !interrupted() && c.at < e->size && (c.at > 0 || is_believable(b, volume, e, damage))) {
        struct error found = {.status = STATUS_OK};
        c.files->system->read(c.files->context, e, c.at, b->piece, PIECE, &got, &found);
        if (damage->status == STATUS_OK)
            *damage = found;
        if (got > 0) /* before the damage, if there is any */
            good = copy_piece(b, &c, got, error);
        else if (!resume(&c, &found, &next))
            break;
        else if (next > c.at)
            good = copy_gap(b, &c, next, error);
    }
    sha256_end(&c.hash, digest);
    if (good && interrupted())
        return error_set(error, STATUS_HOST, b->path, NULL, NULL, "interrupted");
    if (good && c.at < e->size && damage->status == STATUS_OK)
        error_set(damage, STATUS_WRONG, path, NULL, NULL, "ends after %" PRIu64 " of %" PRIu64 " bytes", c.at, e->size);
    if (c.at < e->size)
        text_print(&b->missing, "%s%" PRIu64 "-%" PRIu64, b->missing.length ? " " : "", c.at, e->size - 1);
    text_add(&b->missing, "", 1);
    b->copied = c.at;
    b->bytes += descriptor < 0 ? 0 : c.at;
    return good && (!b->missing.failed || error_host(error, b->path, ENOMEM, "cannot retrieve"));
}

static void add_field(struct text *t, const char *value)
{
    csv_field(t, value);
    text_add(t, ",", 1);
}

static void add_row(struct bag *b, const struct packaged *f)
{
    const struct file_entry *e = f->entry;
    const struct desk_volume *v = f->volume;
    char time[24], attributes[12];
    hex_digest hex;
    struct text *t = &b->table;

    add_field(t, f->name);
    add_field(t, f->path);
    for (int i = 0; i < e->raw_size; i++)
        text_print(t, "%02x", e->raw_name[i]);
    hex_encode(f->digest, hex);
    text_print(t, ",%" PRIu64 ",%s,", e->size, hex);
    text_print(t, "%s,", file_time_text(&e->modified, time));
    text_print(t, "%s,", file_time_text(&e->created, time));
    text_print(t, "%s,", file_attributes_text(e, attributes));
    text_print(t, "%s,%" PRIu32 ",%" PRIu64 ",%s,%s,",
               !v                ? "printer"
               : v->disk.archive ? drive_slot_names[v->disk.slot]
                                 : "image",
               v ? v->number : 0, e->id,
               f->damaged   ? "damaged"
               : e->deleted ? "deleted"
                            : "whole",
               f->signature ? f->signature->name : "-");
    if (e->posix)
        text_print(t, "%" PRIu32 ":%" PRIu32 ",", e->owner, e->group);
    else
        text_print(t, "-,");
    text_add(t, f->missing, strlen(f->missing));
    text_add(t, "\r\n", 2);
}

/* The place of a path of the volume under data/, each part as this host takes it. */
static bool place(struct bag *b, const char *prefix, const char *path, const struct file_entry *e, char to[PATH_MAX],
                  struct error *error)
{
    char last[NAME_MAX + 1], part[FILE_NAME_SIZE];
    size_t length = (size_t)snprintf(to, PATH_MAX, "%s/data/%s%s", b->folder, prefix, *prefix ? "/" : "");
    const char *slash;

    for (; (slash = strchr(path, '/')) && length + NAME_MAX + 2 < PATH_MAX; path = slash + 1) {
        struct file_entry folder = {.name = ""};
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        memcpy(folder.name, part, sizeof part);
        host_name(&folder, last);
        length += (size_t)snprintf(to + length, PATH_MAX - length, "%s/", last);
    }
    host_name(e, last);
    if (slash || length + strlen(last) + 6 >= PATH_MAX)
        return too_long(b, error);
    memcpy(to + length, last, strlen(last) + 1);
    return true;
}

/* Names a file that is in the bag in all that lists them. */
static void keep(struct bag *b, const struct packaged *f)
{
    add_to_manifest(&b->manifest, f->digest, f->name);
    add_row(b, f);
    package_file(&b->package, f);
    if (b->signs && f->damaged)
        receipt_damaged(&b->receipt, f->name, f->path, b->copied, f->digest, f->missing);
    else if (b->signs)
        receipt_file(&b->receipt, f->name, f->path, f->entry->size, f->digest);
    b->files++;
    b->damaged += f->damaged;
}

bool bag_take(struct bag *b, struct desk_volume *v, const char *prefix, const char *path, const struct file_entry *e,
              struct error *damage, struct error *error)
{
    char to[PATH_MAX];
    uint8_t digest[DIGEST_SIZE];

    if (!place(b, prefix, path, e, to, error) || !make_folders(b, to, error))
        return false;
    int descriptor = new_file(to, sizeof to, e->size, error);
    if (descriptor < 0)
        return false;
    bool good = copy(b, v, e, descriptor, to, digest, damage, error);
    if (!close_written(descriptor, to, good, error))
        return false;
    const struct packaged file = {
        .name = to + strlen(b->folder) + 1,
        .path = path,
        .entry = e,
        .volume = v,
        .digest = digest,
        .signature = signature_of(b->head, b->head_size),
        .damaged = damage->status != STATUS_OK,
        .missing = b->missing.bytes,
    };
    if (b->proof &&
        !(file.damaged && e->size ? proof_leave(b->proof, file.name) : proof_file(b->proof, v, file.name, e)))
        return error_host(error, b->path, ENOMEM, "cannot prove");
    keep(b, &file);
    return true;
}

/* Copies a file of this host; nobody writes to it any more. */
static bool copy_print(struct bag *b, const char *from, int descriptor, const char *to, struct file_entry *e,
                       uint8_t digest[DIGEST_SIZE], struct error *error)
{
    FILE *file = fopen(from, "rb");
    struct sha256 hash;
    size_t got;
    bool good = true;

    if (!file)
        return error_host(error, from, errno, "cannot read");
    sha256_begin(&hash);
    b->head_size = 0;
    while (good && (got = fread(b->piece, 1, PIECE, file)) > 0) {
        if (e->size == 0)
            memcpy(b->head, b->piece, b->head_size = got < SIGNATURE_HEAD ? got : SIGNATURE_HEAD);
        sha256_add(&hash, b->piece, got);
        good = write_all(descriptor, to, b->piece, got, error);
        e->size += got;
    }
    sha256_end(&hash, digest);
    if (good && ferror(file))
        good = error_host(error, from, errno, "cannot read");
    fclose(file);
    b->bytes += e->size;
    return good;
}

bool bag_take_print(struct bag *b, const char *prefix, const char *name, const char *from, struct error *error)
{
    struct file_entry entry = {.kind = FILE_REGULAR};
    uint8_t digest[DIGEST_SIZE];
    char to[PATH_MAX];

    snprintf(entry.name, sizeof entry.name, "%s", name);
    if (!place(b, prefix, name, &entry, to, error) || !make_folders(b, to, error))
        return false;
    int descriptor = new_file(to, sizeof to, 0, error);
    if (descriptor < 0)
        return false;
    bool good = copy_print(b, from, descriptor, to, &entry, digest, error);
    if (!close_written(descriptor, to, good, error))
        return false;
    keep(b, &(struct packaged){.name = to + strlen(b->folder) + 1,
                               .path = name,
                               .entry = &entry,
                               .digest = digest,
                               .signature = signature_of(b->head, b->head_size),
                               .missing = ""});
    return true;
}

bool bag_digest(struct bag *b, struct desk_volume *v, const char *path, const struct file_entry *e,
                uint8_t digest[DIGEST_SIZE], struct error *damage, struct error *error)
{
    b->withheld++;
    return copy(b, v, e, -1, path, digest, damage, error) && (!b->proof || proof_withhold(b->proof, v, path, e, error));
}

bool bag_copy(struct bag *b, const char *path, const char *name, uint64_t *size, uint8_t digest[DIGEST_SIZE],
              struct error *error)
{
    char to[PATH_MAX];
    struct file_state before;
    struct sha256 hash;
    uint64_t at = 0;

    if (snprintf(to, sizeof to, "%s/data/%s", b->folder, name) >= (int)sizeof to)
        return error_set(error, STATUS_INPUT, b->path, NULL, NULL, "the path is too long");
    int from = archive_open_file(path, size, error);
    if (from < 0)
        return false;
    int descriptor = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    bool good = (descriptor >= 0 || error_host(error, to, errno, "cannot make")) &&
                file_state(from, path, &before, error);
    sha256_begin(&hash);
    while (good && at < *size) {
        size_t part = *size - at < PIECE ? (size_t)(*size - at) : PIECE;
        good = file_read(from, path, at, b->piece, part, error) && write_all(descriptor, to, b->piece, part, error);
        sha256_add(&hash, b->piece, good ? part : 0);
        if (good && interrupted())
            good = error_set(error, STATUS_HOST, b->path, NULL, NULL, "interrupted");
        at += part;
    }
    sha256_end(&hash, digest);
    good = good && file_unchanged(from, path, &before, error);
    close(from);
    if (descriptor < 0 || !close_written(descriptor, to, good, error))
        return false;
    add_to_manifest(&b->manifest, digest, to + strlen(b->folder) + 1);
    b->files++;
    b->bytes += *size;
    return true;
}

/* --- The bag --- */

/* "1998-11-02T09:00:00Z" */
static void print_now(char text[32])
{
    time_t now = time(NULL);
    struct tm tm;

    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
}

bool bag_begin_receipt(struct bag *b, const struct desk_volume *volume, struct error *error)
{
    const char *path = argument_value(b->arguments, "--key");
    char today[32];

    if (!path)
        return true;
    if (!volume->disk.archive)
        return error_set(error, STATUS_USAGE, b->arguments->command->name, NULL, "seal the image first",
                         "a receipt is about an archive");
    struct key *key = key_load(path, error);
    b->signs = key;
    key_free(key);
    if (!b->signs)
        return false;
    if (b->receipt.length > 0)
        return true;
    print_now(today);
    today[10] = '\0';
    receipt_begin(&b->receipt, b->arguments, volume, b->session, today);
    return true;
}

bool bag_resume(struct bag *b, const struct arguments *a, const char *path, const char *folder, struct error *error)
{
    const char *as = argument_value(a, "--as");

    b->arguments = a;
    b->path = path;
    b->as = !as || !strcmp(as, "folder") ? SERIALIZE_NOT : !strcmp(as, "zip") ? SERIALIZE_ZIP : SERIALIZE_TAR;
    if (b->as == SERIALIZE_TAR && strcmp(as, "tar"))
        return error_set(error, STATUS_USAGE, a->command->name, NULL, NULL, "--as is folder, zip or tar");
    if (strlen(folder) >= PATH_MAX - 300)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "the path is too long");
    b->piece = aligned_alloc(PIECE, PIECE);
    if (b->piece)
        madvise(b->piece, PIECE, MADV_HUGEPAGE); /* one page that the disk reads, not hundreds; or not */
    strcpy(b->folder, folder);
    return b->piece || error_host(error, path, ENOMEM, "cannot make");
}

bool bag_begin(struct bag *b, const struct arguments *a, const char *path, const char *folder, struct error *error)
{
    char data[PATH_MAX];

    if (!access(path, F_OK))
        return error_set(error, STATUS_INPUT, path, NULL, "name another folder", "exists");
    if (!bag_resume(b, a, path, folder, error))
        return false;
    if (mkdir(folder, 0777)) {
        *b->folder = '\0';
        return error_host(error, folder, errno, "cannot make");
    }
    snprintf(data, sizeof data, "%.*s/data", PATH_MAX - 8, b->folder);
    text_print(&b->table, "file,path,raw-name,size,sha256,modified,created,attributes,drive,partition,cluster,state,"
                          "kind,owner,missing\r\n");
    return mkdir(data, 0777) == 0 || error_host(error, data, errno, "cannot make");
}

/* Removes one thing that a walk came to: a file that the manifest of `named` does not name, or, without, whatever it
 * is. Sets errno. */
static bool sweep_one(const FTSENT *e, const struct bag *named)
{
    switch (e->fts_info) {
    case FTS_D: return true;
    case FTS_DP: return named || rmdir(e->fts_accpath) == 0;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS: errno = e->fts_errno; return false;
    default:
        return (named && is_named(&named->manifest, e->fts_path + strlen(named->folder) + 1)) ||
               unlink(e->fts_accpath) == 0;
    }
}

static bool sweep(const char *path, const struct bag *named)
{
    char folder[PATH_MAX], *const paths[] = {folder, NULL};
    bool good = snprintf(folder, sizeof folder, "%s", path) < (int)sizeof folder;
    FTS *walk = good ? fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
    FTSENT *e;
    int reason = 0;

    if (!walk) {
        errno = good ? errno : ENAMETOOLONG;
        return false;
    }
    while (!reason && (errno = 0, e = fts_read(walk)))
        if (!sweep_one(e, named))
            reason = errno;
    reason = reason ? reason : errno;
    fts_close(walk);
    errno = reason;
    return !reason;
}

bool folder_remove(const char *path)
{
    return sweep(path, NULL);
}

bool bag_prune(const struct bag *b, struct error *error)
{
    return sweep(b->folder, b) || error_host(error, b->folder, errno, "cannot remove what was unfinished in");
}

void bag_abandon(struct bag *b)
{
    if (*b->folder)
        folder_remove(b->folder);
    *b->folder = '\0';
}

void bag_release(struct bag *b)
{
    key_free(b->key);
    proof_free(b->proof);
    text_free(&b->receipt);
    text_free(&b->manifest);
    text_free(&b->table);
    text_free(&b->missing);
    package_free(&b->package);
    free(b->piece);
}

static const char bag_declaration[] = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

static void print_info(const struct bag *b, const struct packaged_from *from, struct text *to)
{
    char shown[1024];

    if (from->archive) {
        const struct description_manifest *d = archive_description(from->archive);
        const struct archive_signature *signature = archive_signature(from->archive);
        plain_copy(shown, sizeof shown, d->title);
        text_print(to, "External-Description: %s\n", shown);
        for (uint32_t i = 0; i < d->identifiers; i++) {
            plain_copy(shown, sizeof shown, d->identifier[i]);
            text_print(to, "External-Identifier: %s\n", shown);
        }
        text_print(to, "Muniment-Machine-Root: %s\n", archive_machine_root(from->archive));
        text_print(to, "Muniment-Signer: %s\n", archive_signature_fits(from->archive) ? signature->signer : "none");
        text_print(to, "Muniment-State: %s\n", b->session ? "session output" : "sealed");
    }
    if (from->code_page != 437)
        text_print(to, "Muniment-Code-Page: %u\n", from->code_page);
    if (from->lacking_page)
        text_print(to, "Muniment-Lacking-Code-Page: %u\n", from->lacking_page);
    if (from->journal)
        text_print(to, "Muniment-Journal: %s\n", from->journal);
    if (from->override) {
        plain_copy(shown, sizeof shown, from->override);
        text_print(to, "Muniment-Override: %s\n", shown);
    }
    text_print(to, "Bagging-Date: %.10s\nBag-Software-Agent: Muniment " MUNIMENT_VERSION "\n", from->now);
    text_print(to, "Payload-Oxum: %" PRIu64 ".%" PRIu64 "\n", b->bytes, b->files);
}

static bool write_receipt(struct bag *b, struct text *tags, struct error *error)
{
    struct text signature = {.bytes = NULL}, public_half = {.bytes = NULL};
    uint8_t bytes[SIGNATURE_SIZE];
    char pem[PUBLIC_PEM_SIZE];

    if (!b->key)
        return true;
    if (b->receipt.failed)
        return error_host(error, b->path, ENOMEM, "cannot sign");
    bool good = key_sign(b->key, b->receipt.bytes, b->receipt.length, bytes, error) &&
                key_public_pem(b->key, pem, error);
    if (good) {
        text_add(&signature, bytes, sizeof bytes);
        text_add(&public_half, pem, sizeof pem);
        good = write_tag(b, "receipt.txt", &b->receipt, tags, error) &&
               write_tag(b, "receipt.sig", &signature, tags, error) &&
               write_tag(b, "receipt.pem", &public_half, tags, error);
    }
    text_free(&signature);
    text_free(&public_half);
    return good;
}

/* The journal of the session, which must be one of this machine. */
static bool read_journal(const char *path, const struct archive *archive, struct text *journal, hex_digest hex,
                         struct error *error)
{
    uint8_t digest[DIGEST_SIZE];
    char piece[4096], wanted[96];
    size_t count;
    FILE *file = fopen(path, "rb");

    if (!file)
        return error_host(error, path, errno, "cannot open");
    while (!journal->failed && journal->length < JOURNAL_LIMIT && (count = fread(piece, 1, sizeof piece, file)) > 0)
        text_add(journal, piece, count);
    bool good = !ferror(file) || error_host(error, path, errno, "cannot read");
    fclose(file);
    if (good && journal->failed)
        good = error_host(error, path, ENOMEM, "cannot read");
    if (good && journal->length >= JOURNAL_LIMIT)
        good = error_set(error, STATUS_INPUT, path, NULL, "keep it beside the bag", "is longer than %d MiB",
                         JOURNAL_LIMIT >> 20);
    snprintf(wanted, sizeof wanted, "\nmachine-root: %s ", archive ? archive_machine_root(archive) : "");
    if (good &&
        (!journal->bytes || strncmp(journal->bytes, "muniment-journal: ", 18) || !strstr(journal->bytes, wanted)))
        good = error_set(error, STATUS_INPUT, path, NULL, NULL, "is no journal of this machine");
    if (good) {
        sha256(journal->bytes, journal->length, digest);
        hex_encode(digest, hex);
    }
    return good;
}

/* Whose key signs the receipt. */
static bool name_signer(const struct bag *b, hex_digest hex, struct error *error)
{
    uint8_t digest[DIGEST_SIZE];
    char pem[PUBLIC_PEM_SIZE];

    if (!key_public_pem(b->key, pem, error) || !public_key_digest(pem, sizeof pem, false, digest))
        return false;
    hex_encode(digest, hex);
    return true;
}

struct adding {
    struct bag *bag;
    struct text *tags;
};

static bool add_proof(void *context, const char *name, const struct text *text, struct error *error)
{
    const struct adding *a = context;

    return write_tag(a->bag, name, text, a->tags, error);
}

static bool write_proof(struct bag *b, const struct desk_volume *v, struct text *tags, struct error *error)
{
    struct adding adding = {b, tags};
    char folder[PATH_MAX];

    if (!b->proof)
        return true;
    snprintf(folder, sizeof folder, "%.*s/proof", PATH_MAX - 8, b->folder);
    if (mkdir(folder, 0777))
        return error_host(error, folder, errno, "cannot make");
    return proof_end(b->proof, v, add_proof, &adding, &b->disclosed, error);
}

static bool write_tags(struct bag *b, const struct desk_volume *v, const struct packaged_from *from,
                       const struct bag_tag *more, size_t count, struct error *error)
{
    const struct embedded_file *check = embedded_file("package/check.py");
    struct text made[6] = {{.bytes = NULL}}, tags = {.bytes = NULL};
    const struct bag_tag all[] = {
        {"bagit.txt", &made[0]},  {"bag-info.txt", &made[1]},
        {"files.csv", &b->table}, {"dfxml.xml", &made[2]},
        {"premis.xml", &made[3]}, {"index.html", &made[4]},
        {"check.py", &made[5]},   {"manifest-sha256.txt", &b->manifest},
    };
    bool good = true;

    text_add(&made[0], bag_declaration, strlen(bag_declaration));
    print_info(b, from, &made[1]);
    package_dfxml(&b->package, from, &made[2]);
    package_premis(&b->package, from, &made[3]);
    package_index(&b->package, from, &made[4]);
    text_add(&made[5], check->bytes, check->size);
    for (size_t i = 0; good && i < sizeof all / sizeof *all; i++)
        good = write_tag(b, all[i].name, all[i].text, &tags, error);
    good = good && write_receipt(b, &tags, error) && write_proof(b, v, &tags, error);
    for (size_t i = 0; good && i < count; i++)
        good = write_tag(b, more[i].name, more[i].text, &tags, error);
    good = good && write_tag(b, "tagmanifest-sha256.txt", &tags, NULL, error);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        text_free(&made[i]);
    text_free(&tags);
    return good;
}

/* Makes what was written what the path names. */
static bool publish(struct bag *b, struct error *error)
{
    if (b->as != SERIALIZE_NOT) {
        if (!folder_serialize(b->folder, b->path, b->as, error))
            return false;
        bag_abandon(b);
        return true;
    }
    if (!bag_sync(b, error))
        return false;
    if (rename(b->folder, b->path))
        return error_host(error, b->path, errno, "cannot make");
    *b->folder = '\0';
    return output_sync_folder(b->path, error);
}

bool bag_end_archives(struct bag *b, const struct text *about, const struct bag_tag *more, size_t count,
                      struct error *error)
{
    struct text declaration = {.bytes = NULL}, info = {.bytes = NULL}, tags = {.bytes = NULL};
    char now[32];

    print_now(now);
    text_add(&declaration, bag_declaration, strlen(bag_declaration));
    text_add(&info, about->bytes, about->length);
    print_info(b, &(struct packaged_from){.now = now, .code_page = 437}, &info);
    bool good = write_tag(b, "bagit.txt", &declaration, &tags, error) &&
                write_tag(b, "bag-info.txt", &info, &tags, error) &&
                write_tag(b, "manifest-sha256.txt", &b->manifest, &tags, error);
    for (size_t i = 0; good && i < count; i++)
        good = write_tag(b, more[i].name, more[i].text, &tags, error);
    good = good && write_tag(b, "tagmanifest-sha256.txt", &tags, NULL, error) && publish(b, error);
    text_free(&declaration);
    text_free(&info);
    text_free(&tags);
    return good;
}

bool bag_end(struct bag *b, const struct desk_volume *volume, const char *journal_path, const struct bag_tag *more,
             size_t count, struct error *error)
{
    struct text journal = {.bytes = NULL};
    struct bag_tag tags[BAG_TAGS];
    hex_digest signer, journal_digest;
    char now[32];
    struct packaged_from from = {
        .archive = volume->disk.archive,
        .source = b->arguments->operands[0],
        .override = argument_value(b->arguments, "--override"),
        .now = now,
        .files = b->files,
        .bytes = b->bytes,
        .withheld = b->withheld,
        .damaged = b->damaged,
        .session = b->session,
        .proved = b->proof != NULL,
        .code_page = volume->code_page,
        .lacking_page = argument_value(b->arguments, "--code-page") ? 0 : volume->volume.lacking_page,
    };
    bool good = true;

    print_now(now);
    memcpy(tags, more, count * sizeof *more);
    if (b->signs) {
        b->key = key_load(argument_value(b->arguments, "--key"), error);
        good = b->key && name_signer(b, signer, error);
        from.signer = signer;
    }
    if (good && journal_path && (good = read_journal(journal_path, from.archive, &journal, journal_digest, error))) {
        from.journal = journal_digest;
        tags[count++] = (struct bag_tag){"session.journal", &journal};
    }
    good = good && write_tags(b, volume, &from, tags, count, error) && publish(b, error);
    text_free(&journal);
    return good;
}
