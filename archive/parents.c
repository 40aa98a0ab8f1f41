/* parents.c - finds the parents of derived archives: beside them, or in the folders that the caller names.
 *
 * A parent is named by its machine-root and the digest of its content.txt, never by a file's name. The statement at the
 * end of each archive says that digest, so that a folder is looked through with one read of each file; what an archive
 * claims there counts only after it was opened and found to be so. */
#define _DEFAULT_SOURCE /* DT_DIR */
#include "archive/open.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHELF_LIMIT 1000000u /* files of all folders */
#define MARK "\nmember: "    /* of a statement, before the digest of content.txt */

struct shelf {
    struct standing {
        char *path;
        uint8_t content[DIGEST_SIZE];
    } * files;
    size_t count, capacity;
};

/* --- What lies in the folders --- */

/* The digest of content.txt that the statement at the end of a file names. */
static bool claimed_content(const char *path, uint8_t content[DIGEST_SIZE])
{
    uint64_t size, from_end = tail_layout(0).end - tail_layout(0).statement;
    char text[TAR_BLOCK + TAR_BLOCK + TAR_END + 1], *at;
    struct error error;
    int descriptor = archive_open_file(path, &size, &error);
    bool read = descriptor >= 0 && size >= from_end && from_end < sizeof text &&
                file_read(descriptor, path, size - from_end, text, (size_t)from_end, &error);

    if (descriptor >= 0)
        close(descriptor);
    if (!read)
        return false;
    text[from_end] = '\0';
    at = strncmp(text, "muniment-evidence: 0\n", 21) == 0 ? strstr(text, MARK) : NULL;
    return at && hex_decode(at + strlen(MARK), content);
}

static bool put_on(struct shelf *shelf, const char *path)
{
    struct standing file;

    if (!claimed_content(path, file.content))
        return true;
    if (shelf->count == shelf->capacity) {
        size_t capacity = shelf->capacity ? 2 * shelf->capacity : 64;
        struct standing *files = capacity <= SHELF_LIMIT ? realloc(shelf->files, capacity * sizeof *files) : NULL;

        if (!files)
            return false;
        shelf->files = files;
        shelf->capacity = capacity;
    }
    file.path = strdup(path);
    if (file.path)
        shelf->files[shelf->count++] = file;
    return file.path;
}

/* A folder that cannot be read holds no parent. */
static bool look_into(struct shelf *shelf, const char *folder)
{
    DIR *open = opendir(*folder ? folder : ".");
    struct dirent *entry;
    char path[4096];
    bool good = true;

    while (open && good && (entry = readdir(open))) {
        size_t length = strlen(entry->d_name);

        if (length > 4 && strcmp(entry->d_name + length - 4, ".mun") == 0 && entry->d_type != DT_DIR &&
            (size_t)snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", entry->d_name) < sizeof path)
            good = put_on(shelf, path);
    }
    if (open)
        closedir(open);
    return good;
}

/* The shelf of the archive with which a chain was opened. */
static struct shelf *find_shelf(struct archive *a)
{
    const char *slash;
    char beside[sizeof a->path];
    bool good;

    while (a->child)
        a = a->child;
    if (a->shelf)
        return a->shelf;
    a->shelf = calloc(1, sizeof *a->shelf);
    if (!a->shelf)
        return NULL;
    slash = strrchr(a->path, '/');
    snprintf(beside, sizeof beside, "%.*s", slash ? (int)(slash - a->path) + (slash == a->path) : 0, a->path);
    good = look_into(a->shelf, beside);
    for (size_t i = 0; good && i < a->folders.count; i++)
        good = look_into(a->shelf, a->folders.paths[i]);
    return good ? a->shelf : NULL;
}

/* --- The parent --- */

static bool is_named(const struct archive *child, const struct archive *parent)
{
    return strcmp(parent->machine_root, child->seal.parent_root) == 0 &&
           strcmp(parent->signature.content, child->seal.parent_content) == 0;
}

/* Whether the parent has the extents that the child says it inherits. */
static bool suits(const struct archive *child, const struct archive *parent)
{
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        const struct opened_disk *mine = &child->disks[slot], *theirs = &parent->disks[slot];

        for (uint32_t i = 0; i < disk_extents(mine->size); i++)
            if (mine->top[i].inherited && (theirs->size != mine->size || theirs->top[i].zero ||
                                           memcmp(theirs->top[i].root, mine->top[i].root, DIGEST_SIZE) != 0))
                return false;
    }
    return true;
}

static unsigned depth(const struct archive *a)
{
    unsigned above = 0;

    for (; a->child; a = a->child)
        above++;
    return above;
}

static void not_at_hand(struct archive *a)
{
    error_set(&a->missing, STATUS_UNDECIDED, a->path, NULL,
              "put the parent beside it, or name its folder with --library",
              "inherits from the archive with machine-root %s and content %s, which is not at hand",
              a->seal.parent_root, a->seal.parent_content);
}

static void look_for_parent(struct archive *a)
{
    uint8_t wanted[DIGEST_SIZE];
    struct shelf *shelf;

    a->looked = true;
    not_at_hand(a);
    if (!hex_decode(a->seal.parent_content, wanted))
        return;
    if (depth(a) + 1 >= CHAIN_LIMIT) {
        error_set(&a->missing, STATUS_INPUT, a->path, NULL, NULL, "is the end of a chain of more than %u archives",
                  CHAIN_LIMIT);
        return;
    }
    shelf = find_shelf(a);
    if (!shelf)
        error_set(&a->missing, STATUS_HOST, a->path, NULL, NULL, "out of memory");
    for (size_t i = 0; shelf && i < shelf->count && !a->parent; i++) {
        struct error error;
        struct archive *found = NULL;

        if (memcmp(shelf->files[i].content, wanted, DIGEST_SIZE) != 0)
            continue;
        found = archive_open(shelf->files[i].path, NULL, &error);
        if (found && is_named(a, found) && suits(a, found)) {
            found->child = a;
            a->parent = found;
            continue;
        }
        if (!found)
            a->missing = error;
        else if (is_named(a, found))
            error_set(&a->missing, STATUS_WRONG, a->path, NULL, NULL,
                      "inherits extents that its parent, %.200s, does not have", found->path);
        archive_close(found);
    }
}

bool archive_is_derived(const struct archive *archive, const char **machine_root, const char **content)
{
    if (machine_root)
        *machine_root = archive->seal.parent_root;
    if (content)
        *content = archive->seal.parent_content;
    return seal_is_derived(&archive->seal);
}

struct archive *archive_parent(struct archive *a, struct error *error)
{
    if (!seal_is_derived(&a->seal)) {
        error_set(error, STATUS_OK, a->path, NULL, NULL, "has no parent");
        return NULL;
    }
    if (!a->looked)
        look_for_parent(a);
    if (!a->parent && error != &a->missing && error)
        *error = a->missing;
    return a->parent;
}

const char *archive_file(const struct archive *archive)
{
    return archive->path;
}

size_t archive_chain(struct archive *archive, int descriptors[CHAIN_LIMIT], const char *files[CHAIN_LIMIT])
{
    size_t count = 0;

    for (; archive && count < CHAIN_LIMIT; archive = archive_parent(archive, NULL)) {
        descriptors[count] = archive->descriptor;
        files[count++] = archive->path;
    }
    return count;
}

struct archive *archive_open_chain(const int *descriptors, const char *const *files, size_t count, struct error *error)
{
    struct archive *first = NULL, *last = NULL;

    for (size_t i = 0; i < count; i++) {
        struct archive *a = archive_open_taken(descriptors[i], files[i], NULL, error);
        const bool fits = a && (!last || (is_named(last, a) && suits(last, a)));

        if (!fits) {
            if (a)
                error_set(error, STATUS_WRONG, files[i], NULL, NULL, "is not the parent of %.200s", last->path);
            archive_close(a);
            archive_close(first);
            while (++i < count)
                close(descriptors[i]);
            return NULL;
        }
        a->looked = true; /* in vain, if none follows */
        not_at_hand(a);
        a->child = last;
        *(last ? &last->parent : &first) = a;
        last = a;
    }
    return first;
}

bool archive_member(const struct archive *archive, size_t index, const char **name, uint64_t *size, hex_digest digest)
{
    if (index >= archive->seal.count)
        return false;
    *name = archive->seal.members[index].name;
    *size = archive->seal.members[index].size;
    hex_encode(archive->seal.members[index].digest, digest);
    return true;
}

void parents_free(struct archive *a)
{
    archive_close(a->parent);
    for (size_t i = 0; a->shelf && i < a->shelf->count; i++)
        free(a->shelf->files[i].path);
    if (a->shelf)
        free(a->shelf->files);
    free(a->shelf);
}
