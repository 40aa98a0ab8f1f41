/* uploads.c - see uploads.h. */
#define _GNU_SOURCE /* getentropy */
#include "desk/uploads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/json.h"
#include "formats/monotonic.h"

#define UNFINISHED "upload-" /* and its id: its name until then */

static void path_in(const struct uploads *u, const char *before, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.4000s/%s%.64s", u->folder, before, name);
}

static bool is_digest(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* Calls each for the files of the folder. */
static void for_each(const struct uploads *u, void (*each)(const struct uploads *u, const char *name, void *context),
                     void *context)
{
    DIR *dir = opendir(u->folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        each(u, entry->d_name, context);
    if (dir)
        closedir(dir);
}

static void remove_unfinished(const struct uploads *u, const char *name, void *context)
{
    char path[PATH_MAX];

    (void)context;
    path_in(u, "", name, path);
    if (!strncmp(name, UNFINISHED, strlen(UNFINISHED)))
        unlink(path);
}

bool uploads_open(struct uploads *u, const char *folder, struct error *error)
{
    u->folder = folder;
    if (mkdir(folder, 0700) && errno != EEXIST)
        return error_host(error, folder, errno, "cannot make");
    for_each(u, remove_unfinished, NULL);
    return true;
}

void upload_abandon(const struct uploads *u, struct upload *upload)
{
    uint8_t bytes[DIGEST_SIZE];
    char path[PATH_MAX];

    if (!*upload->id)
        return;
    path_in(u, UNFINISHED, upload->id, path);
    close(upload->file);
    unlink(path);
    if (upload->hash.context)
        sha256_end(&upload->hash, bytes);
    upload->id[0] = '\0';
}

static void add_size(const struct uploads *u, const char *name, void *sum)
{
    struct stat status;
    char path[PATH_MAX];

    path_in(u, "", name, path);
    if (is_digest(name) && stat(path, &status) == 0)
        *(uint64_t *)sum += (uint64_t)status.st_size;
}

static struct upload *place_for(struct uploads *u, const char *owner)
{
    for (size_t i = 0; i < UPLOADS_MOST; i++)
        if (!*u->under_way[i].id)
            return &u->under_way[i];
    for (size_t i = 0; i < UPLOADS_MOST; i++)
        if (!strcmp(u->under_way[i].owner, owner)) {
            upload_abandon(u, &u->under_way[i]);
            return &u->under_way[i];
        }
    return NULL;
}

struct upload *upload_begin(struct uploads *u, const char *owner, const char *name, uint64_t size, struct error *error)
{
    struct upload *upload;
    uint64_t kept = 0;
    uint8_t id[8];
    char path[PATH_MAX];

    for_each(u, add_size, &kept);
    for (size_t i = 0; i < UPLOADS_MOST; i++)
        kept += *u->under_way[i].id ? u->under_way[i].size : 0;
    if (!*name || strlen(name) >= UPLOAD_NAME)
        return error_set(error, STATUS_INPUT, "upload", NULL, NULL, "give the image a name of at most %u bytes",
                         UPLOAD_NAME - 1),
               NULL;
    if (!size || size % SECTOR_SIZE || size > UPLOAD_SIZE_MOST)
        return error_set(error, STATUS_INPUT, "upload", NULL, NULL, "this is no raw image of at most %llu MiB",
                         (unsigned long long)(UPLOAD_SIZE_MOST >> 20)),
               NULL;
    if (size > UPLOADS_SIZE_MOST || kept > UPLOADS_SIZE_MOST - size)
        return error_set(error, STATUS_INPUT, "upload", NULL, NULL,
                         "the desk's folder media has no room for it: remove images there"),
               NULL;
    upload = place_for(u, owner);
    if (!upload || getentropy(id, sizeof id))
        return error_set(error, STATUS_INPUT, "upload", NULL, NULL, "other images are being brought: try again later"),
               NULL;
    *upload = (struct upload){.size = size, .touched = monotonic_seconds()};
    for (size_t i = 0; i < sizeof id; i++)
        snprintf(upload->id + 2 * i, 3, "%02x", id[i]);
    snprintf(upload->owner, sizeof upload->owner, "%.16s", owner);
    snprintf(upload->name, sizeof upload->name, "%s", name);
    sha256_begin(&upload->hash);
    path_in(u, UNFINISHED, upload->id, path);
    upload->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (upload->file >= 0)
        return upload;
    error_host(error, "upload", errno, "cannot write");
    upload->id[0] = '\0';
    return NULL;
}

struct upload *upload_find(struct uploads *u, const char *id, const char *owner)
{
    for (size_t i = 0; i < UPLOADS_MOST; i++)
        if (*id && !strcmp(u->under_way[i].id, id) && !strcmp(u->under_way[i].owner, owner))
            return &u->under_way[i];
    return NULL;
}

/* Decodes Base64 in place of itself; the length, or -1. */
static ssize_t decode(const char *text, uint8_t *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t value = 0;
    size_t length = 0;
    unsigned bits = 0;

    for (; *text && *text != '='; text++) {
        const char *digit = strchr(digits, *text);
        if (!digit)
            return -1;
        value = value << 6 | (uint32_t)(digit - digits);
        bits += 6;
        if (bits < 8)
            continue;
        if (length == size)
            return -1;
        bits -= 8;
        bytes[length++] = (uint8_t)(value >> bits);
    }
    return strspn(text, "=") == strlen(text) ? (ssize_t)length : -1;
}

bool upload_keep(const struct uploads *u, struct upload *upload, hex_digest digest, struct error *error)
{
    char from[PATH_MAX], to[PATH_MAX], beside[PATH_MAX];
    uint8_t bytes[DIGEST_SIZE];
    FILE *name;
    bool good;

    sha256_end(&upload->hash, bytes);
    upload->hash.context = NULL;
    hex_encode(bytes, digest);
    path_in(u, UNFINISHED, upload->id, from);
    path_in(u, "", digest, to);
    snprintf(beside, sizeof beside, "%.4090s.name", to);
    name = fopen(beside, "we");
    good = name && fputs(upload->name, name) >= 0;
    good = (!name || fclose(name) == 0) && good && fsync(upload->file) == 0 && rename(from, to) == 0;
    if (!good)
        error_host(error, "upload", errno, "cannot keep");
    upload_abandon(u, upload);
    return good;
}

bool upload_add(struct uploads *u, struct upload *upload, const char *piece, struct error *error)
{
    uint8_t bytes[65536];
    ssize_t length = decode(piece, bytes, sizeof bytes);

    if (length <= 0 || (uint64_t)length > upload->size - upload->have)
        error_set(error, STATUS_INPUT, "upload", NULL, NULL, "a piece is not as it was announced");
    else if (write(upload->file, bytes, (size_t)length) != length)
        error_host(error, "upload", errno, "cannot write");
    else {
        sha256_add(&upload->hash, bytes, (size_t)length);
        upload->have += (uint64_t)length;
        upload->touched = monotonic_seconds();
        return true;
    }
    upload_abandon(u, upload);
    return false;
}

/* --- Age --- */

struct forgetting {
    bool (*is_used)(void *context, const char *path);
    void *context;
};

static void forget_one(const struct uploads *u, const char *name, void *context)
{
    const struct forgetting *f = context;
    char path[PATH_MAX], beside[PATH_MAX];
    struct stat status;

    path_in(u, "", name, path);
    if (!is_digest(name) || stat(path, &status) || time(NULL) - status.st_mtime < UPLOAD_DAYS * 86400 ||
        f->is_used(f->context, path))
        return;
    snprintf(beside, sizeof beside, "%.4090s.name", path);
    unlink(beside);
    unlink(path);
}

void uploads_forget(struct uploads *u, bool (*is_used)(void *context, const char *path), void *context)
{
    for (size_t i = 0; i < UPLOADS_MOST; i++)
        if (*u->under_way[i].id && monotonic_seconds() - u->under_way[i].touched >= UPLOAD_IDLE)
            upload_abandon(u, &u->under_way[i]);
    for_each(u, forget_one, &(struct forgetting){is_used, context});
}

void upload_use(const char *path)
{
    utimensat(AT_FDCWD, path, NULL, 0);
}

bool upload_path(const struct uploads *u, const char *digest, char path[PATH_MAX])
{
    path_in(u, "", digest, path);
    return is_digest(digest) && access(path, R_OK) == 0;
}

static void print_one(const struct uploads *u, const char *name, void *to)
{
    char path[PATH_MAX], beside[PATH_MAX], title[UPLOAD_NAME] = "";
    struct stat status;
    FILE *file;

    if (!is_digest(name) || !upload_path(u, name, path) || stat(path, &status))
        return;
    snprintf(beside, sizeof beside, "%.4090s.name", path);
    file = fopen(beside, "re");
    if (file && !fgets(title, sizeof title, file))
        *title = '\0';
    if (file)
        fclose(file);
    json_member(to, "{", "image", name);
    json_member(to, ", ", "name", title);
    json_member(to, ", ", "from", "upload");
    fprintf(to, ", \"size\": %lld}\n", (long long)status.st_size);
}

void uploads_print(const struct uploads *u, FILE *to)
{
    for_each(u, print_one, to);
}
