/* open.c - opens an archive without walking it: README, tail, then the members that the seal points to.
 *
 * Everything that is used is checked against the seal's digests, and the seal against the statement in the evidence.
 * Whether the statement's signature fits is told when it is asked for: nobody asks for that of the parents of a chain,
 * which the digests in its last archive name. What follows from it is for the caller to say. */
#include "archive/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool wrong(const struct archive *a, struct error *error, const char *place, const char *what)
{
    return error_set(error, STATUS_INPUT, a->path, place, "`muniment verify` reports more", "%s", what);
}

static bool out_of_memory(const struct archive *a, struct error *error)
{
    return error_set(error, STATUS_HOST, a->path, NULL, NULL, "out of memory");
}

static bool examine(int descriptor, const char *path, uint64_t *size, struct error *error)
{
    struct stat status;

    if (fstat(descriptor, &status) != 0)
        return error_host(error, path, errno, "cannot examine");
    if (!S_ISREG(status.st_mode))
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "is not a regular file");
    *size = (uint64_t)status.st_size;
    return true;
}

int archive_open_file(const char *path, uint64_t *size, struct error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (descriptor < 0)
        error_set(error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, path, NULL, NULL, "cannot open: %s",
                  strerror(errno));
    if (descriptor < 0 || examine(descriptor, path, size, error))
        return descriptor;
    close(descriptor);
    return -1;
}

/* Reads the README for the place of the seal. */
static bool read_readme(struct archive *a, struct error *error)
{
    uint8_t header[TAR_BLOCK];
    char name[NAME_SIZE], *text;
    uint64_t size, sealed_bytes;
    bool done;

    if (a->size < TAR_BLOCK || !file_read(a->descriptor, a->path, 0, header, TAR_BLOCK, error) ||
        !tar_header_parse(header, name, &size) || member_identify(name).kind != MEMBER_README)
        return error_set(error, STATUS_INPUT, a->path, NULL, NULL,
                         "is not a Muniment archive: it does not begin with 000-README.txt");
    if (size > SMALL_LIMIT || size > a->size - TAR_BLOCK)
        return wrong(a, error, "000-README.txt", "is truncated or damaged: the README does not end");
    text = calloc(1, (size_t)size + 1);
    if (!text)
        return out_of_memory(a, error);
    done = file_read(a->descriptor, a->path, TAR_BLOCK, text, (size_t)size, error);
    if (done && !readme_fields(text, &sealed_bytes, &a->seal_at))
        done = wrong(a, error, "000-README.txt", "has no legal fields sealed-bytes and seal-at");
    free(text);
    if (!done)
        return false;
    if (sealed_bytes != a->size)
        return error_set(error, STATUS_INPUT, a->path, NULL, "get a complete copy",
                         "is %llu bytes long but was sealed with %llu", (unsigned long long)a->size,
                         (unsigned long long)sealed_bytes);
    if (a->seal_at % TAR_BLOCK != 0 || a->seal_at > a->size - TAR_BLOCK ||
        a->size - a->seal_at > SMALL_LIMIT + tail_layout(0).end)
        return wrong(a, error, "000-README.txt", "has a wrong field seal-at");
    return true;
}

/* Checks the statement against what it speaks of; tail begins with the header of the seal. */
static bool check_statement(struct archive *a, const uint8_t *tail, const struct tail *at, uint64_t seal_size,
                            struct error *error)
{
    const struct member *content = seal_find(&a->seal, "content.txt");
    uint8_t seal_digest[DIGEST_SIZE], signer[DIGEST_SIZE];
    struct text statement = {.bytes = NULL};
    const char *key = (const char *)tail + at->key;
    bool fits;

    if (!public_key_digest(key, PUBLIC_PEM_SIZE, true, signer))
        return wrong(a, error, "evidence/00000000/key.pub", "has a damaged public key");
    sha256(tail + TAR_BLOCK, (size_t)seal_size, seal_digest);
    statement_print(&statement, signer, content->digest, seal_digest);
    if (statement.failed)
        return out_of_memory(a, error);
    fits = memcmp(statement.bytes, tail + at->statement, statement.length) == 0;
    hex_encode(signer, a->signature.signer);
    sha256(tail + at->statement, (size_t)at->statement_size, signer);
    hex_encode(signer, a->signature.statement);
    hex_encode(content->digest, a->signature.content);
    memcpy(a->signature.bytes, tail + at->signature, SIGNATURE_SIZE);
    memcpy(a->key, key, PUBLIC_PEM_SIZE);
    a->statement = statement;
    return fits ||
           wrong(a, error, "evidence/00000000/statement.txt", "has a seal that does not fit the statement about it");
}

static bool parse_tail(struct archive *a, const uint8_t *tail, uint64_t tail_size, struct error *error)
{
    char name[NAME_SIZE];
    uint64_t size;
    struct tail at;
    const char *reason;

    if (!tar_header_parse(tail, name, &size) || member_identify(name).kind != MEMBER_SEAL || size > SMALL_LIMIT)
        return wrong(a, error, "000-README.txt", "has no seal where seal-at says");
    at = tail_layout(size);
    if (at.end != tail_size)
        return wrong(a, error, "seal.txt", "lacks the evidence that must follow its seal");
    if (!seal_parse((const char *)tail + TAR_BLOCK, (size_t)size, &a->seal, &reason))
        return !reason ? out_of_memory(a, error)
                       : error_set(error, STATUS_INPUT, a->path, "seal.txt", "`muniment verify` reports more",
                                   "has a seal that %s", reason);
    for (uint32_t i = 0; i < a->seal.count; i++)
        if (a->seal.members[i].offset + a->seal.members[i].size > a->seal_at)
            return wrong(a, error, a->seal.members[i].name, "has a seal that places a member after the seal");
    return check_statement(a, tail, &at, size, error);
}

static bool read_tail(struct archive *a, struct error *error)
{
    size_t size = (size_t)(a->size - a->seal_at);
    uint8_t *tail = malloc(size);
    bool done;

    if (!tail)
        return out_of_memory(a, error);
    done = file_read(a->descriptor, a->path, a->seal_at, tail, size, error) && parse_tail(a, tail, size, error);
    free(tail);
    return done;
}

/* Reads a member that the seal lists, checked. *bytes is owned by the caller and ends with NUL. */
static bool read_member(struct archive *a, enum member_kind kind, enum drive_slot slot, uint64_t limit, char **bytes,
                        size_t *size, struct error *error)
{
    const struct member *m;
    uint8_t digest[DIGEST_SIZE];
    char name[NAME_SIZE];

    *bytes = NULL;
    member_name(kind, slot, 0, name);
    m = seal_find(&a->seal, name);
    if (!m || m->size > limit)
        return wrong(a, error, name, m ? "has a member that is too long" : "lacks a member");
    *size = (size_t)m->size;
    *bytes = calloc(1, *size + 1);
    if (!*bytes)
        return out_of_memory(a, error);
    if (file_read(a->descriptor, a->path, m->offset, *bytes, *size, error)) {
        sha256(*bytes, *size, digest);
        if (memcmp(digest, m->digest, DIGEST_SIZE) == 0)
            return true;
        wrong(a, error, name, "has a damaged member");
    }
    free(*bytes);
    *bytes = NULL;
    return false;
}

static bool check_readme_and_content(struct archive *a, struct error *error)
{
    struct text expected = {.bytes = NULL};
    uint8_t root[DIGEST_SIZE];
    char *text;
    size_t size;
    bool same, failed;

    if (!read_member(a, MEMBER_README, 0, SMALL_LIMIT, &text, &size, error))
        return false;
    free(text);
    if (!read_member(a, MEMBER_CONTENT, 0, SMALL_LIMIT, &text, &size, error))
        return false;
    content_print(&expected, &a->seal, root);
    failed = expected.failed;
    same = !failed && expected.length == size && memcmp(expected.bytes, text, size) == 0;
    text_free(&expected);
    free(text);
    hex_encode(root, a->machine_root);
    if (failed)
        return out_of_memory(a, error);
    return same || wrong(a, error, "content.txt", "has a content.txt that does not fit its seal");
}

/* Whether the manifest names the firmware that is there. */
static bool firmware_fits(const struct archive *a, const struct firmware_manifest *f, enum member_kind kind)
{
    char name[NAME_SIZE];
    const struct member *m;

    member_name(kind, 0, 0, name);
    m = seal_find(&a->seal, name);
    return m && !f->built_in && strcmp(f->file, name) == 0 && memcmp(f->sha256, m->digest, DIGEST_SIZE) == 0;
}

/* Whether one of the manifests is written as it is printed. */
static bool is_canonical(const struct archive *a, const char *name, const char *text, size_t size, struct error *error)
{
    char *again = malloc(MANIFEST_LIMIT + 1);
    size_t length;
    bool same;

    if (!again)
        return out_of_memory(a, error);
    length = strcmp(name, "machine.yaml") == 0 ? machine_manifest_print(&a->machine, again, MANIFEST_LIMIT + 1)
                                               : description_manifest_print(&a->description, again, MANIFEST_LIMIT + 1);
    same = length == size && memcmp(again, text, size) == 0;
    free(again);
    return same || wrong(a, error, name, "has a manifest that is not in canonical form");
}

static bool check_machine(const struct archive *a, struct error *error)
{
    if (!firmware_fits(a, &a->machine.system, MEMBER_SYSTEM) || !firmware_fits(a, &a->machine.video, MEMBER_VIDEO))
        return wrong(a, error, "machine.yaml", "has a manifest that names other firmware than is sealed");
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        const char *image = a->machine.drives[slot].image;
        bool medium = a->machine.drives[slot].kind != DRIVE_ABSENT && image[0] != '\0';

        if (medium != (a->seal.disks[slot].size > 0) || (medium && strcmp(image, "sealed") != 0))
            return wrong(a, error, "machine.yaml", "has a manifest that names other disks than are sealed");
    }
    return true;
}

static bool read_manifests(struct archive *a, struct error *error)
{
    char *text;
    size_t size;
    bool done;

    if (!read_member(a, MEMBER_MACHINE, 0, MANIFEST_LIMIT, &text, &size, error))
        return false;
    done = machine_manifest_parse(text, size, "machine.yaml", &a->machine, error) &&
           is_canonical(a, "machine.yaml", text, size, error) && check_machine(a, error);
    free(text);
    if (!done || !read_member(a, MEMBER_DESCRIPTION, 0, MANIFEST_LIMIT, &text, &size, error))
        return false;
    done = description_manifest_parse(text, size, "description.yaml", &a->description, error) &&
           is_canonical(a, "description.yaml", text, size, error);
    free(text);
    return done;
}

/* Parses a top and checks that it leads to the root in the seal. */
static bool parse_top(const struct archive *a, struct opened_disk *disk, const char *text)
{
    uint32_t count = disk_extents(disk->size);
    struct zero_roots zero;
    bool zeros = false; /* their roots are there: most disks need none */
    uint8_t root[DIGEST_SIZE];
    struct tree tree = {.count = 0};

    for (uint32_t i = 0; i < count; i++) {
        struct top_entry *entry = &disk->top[i];
        uint64_t map_size = (uint64_t)extent_chunks(disk->size, i) * MAP_LINE;

        if (!top_line_parse(text + (size_t)i * TOP_LINE, i, seal_is_derived(&a->seal), entry))
            return false;
        if (!top_entry_is_bare(entry) && entry->offset + tar_padded(entry->length) + TAR_BLOCK + map_size > a->seal_at)
            return false;
        if (entry->zero && !zeros)
            zero_roots(disk->size, &zero);
        zeros = zeros || entry->zero;
        if (entry->zero && memcmp(entry->root, i + 1 < count ? zero.whole : zero.last, DIGEST_SIZE) != 0)
            return false;
        tree_add_subtree(&tree, entry->root);
    }
    tree_root(&tree, root);
    return memcmp(root, a->seal.disks[disk->slot].root, DIGEST_SIZE) == 0;
}

static bool read_disk(struct archive *a, enum drive_slot slot, struct error *error)
{
    struct opened_disk *disk = &a->disks[slot];
    char *text;
    size_t size;
    bool done;

    *disk = (struct opened_disk){.archive = a, .slot = slot, .size = a->seal.disks[slot].size};
    if (disk->size == 0)
        return true;
    if (!read_member(a, MEMBER_TOP, slot, TOP_LIMIT, &text, &size, error))
        return false;
    disk->top = calloc(disk_extents(disk->size), sizeof *disk->top);
    done = disk->top
               ? parse_top(a, disk, text) || wrong(a, error, drive_slot_names[slot], "has a top that is not right")
               : out_of_memory(a, error);
    free(text);
    if (!done ||
        !read_member(a, MEMBER_UNREADABLE, slot, (uint64_t)UNREADABLE_LIMIT * UNREADABLE_LINE, &text, &size, error))
        return false;
    disk->unreadable_count = (uint32_t)(size / UNREADABLE_LINE);
    disk->unreadable = calloc(disk->unreadable_count + 1, sizeof *disk->unreadable);
    done = disk->unreadable
               ? unreadable_parse(text, size, disk->size / SECTOR_SIZE, disk->unreadable) ||
                     wrong(a, error, drive_slot_names[slot], "has a list of unreadable sectors that is not right")
               : out_of_memory(a, error);
    free(text);
    return done;
}

static bool open_all(struct archive *a, const char *path, struct error *error)
{
    snprintf(a->path, sizeof a->path, "%s", path);
    if (!examine(a->descriptor, path, &a->size, error) || !read_readme(a, error) || !read_tail(a, error) ||
        !check_readme_and_content(a, error) || !read_manifests(a, error))
        return false;
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (!read_disk(a, (enum drive_slot)slot, error))
            return false;
    a->decoder = chunk_decoder_new();
    return a->decoder || out_of_memory(a, error);
}

static bool copy_folders(struct archive *a, const struct archive_folders *from)
{
    a->folders.paths = calloc((from ? from->count : 0) + 1, sizeof *a->folders.paths);
    for (size_t i = 0; a->folders.paths && from && i < from->count; i++) {
        if (!(a->folders.paths[i] = strdup(from->paths[i])))
            return false;
        a->folders.count++;
    }
    return a->folders.paths;
}

struct archive *archive_open_taken(int descriptor, const char *path, const struct archive_folders *folders,
                                   struct error *error)
{
    struct archive *a = calloc(1, sizeof *a);

    if (!a) {
        close(descriptor);
        error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
        return NULL;
    }
    a->descriptor = descriptor;
    if (copy_folders(a, folders) ? open_all(a, path, error) : out_of_memory(a, error))
        return a;
    archive_close(a);
    return NULL;
}

struct archive *archive_open_descriptor(int descriptor, const char *path, const struct archive_folders *folders,
                                        struct error *error)
{
    const int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);

    if (own < 0) {
        error_host(error, path, errno, "cannot open");
        return NULL;
    }
    return archive_open_taken(own, path, folders, error);
}

struct archive *archive_open(const char *path, const struct archive_folders *folders, struct error *error)
{
    uint64_t size;
    int descriptor = archive_open_file(path, &size, error);

    return descriptor >= 0 ? archive_open_taken(descriptor, path, folders, error) : NULL;
}

int archive_descriptor(const struct archive *archive)
{
    return archive->descriptor;
}

void archive_close(struct archive *a)
{
    if (!a)
        return;
    if (a->descriptor >= 0)
        close(a->descriptor);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        free(a->disks[slot].top);
        free(a->disks[slot].unreadable);
    }
    parents_free(a);
    for (size_t i = 0; i < a->folders.count; i++)
        free(a->folders.paths[i]);
    free(a->folders.paths);
    chunk_decoder_free(a->decoder);
    free(a->chunks);
    for (unsigned i = 0; i < CACHED_MAPS; i++)
        free(a->maps[i]);
    seal_free(&a->seal);
    text_free(&a->statement);
    free(a);
}

uint64_t archive_image_size(const struct archive *archive, enum drive_slot slot)
{
    const struct sealed_disk *disk = &archive->seal.disks[slot];

    return disk->image_size ? disk->image_size : disk->size;
}

const uint8_t *archive_image_digest(const struct archive *archive, enum drive_slot slot)
{
    return archive->seal.disks[slot].image_size ? archive->seal.disks[slot].image_digest : NULL;
}

const char *archive_software(const struct archive *archive)
{
    return archive->seal.software;
}

const uint8_t *archive_disk_root(const struct archive *archive, enum drive_slot slot)
{
    return archive->seal.disks[slot].size ? archive->seal.disks[slot].root : NULL;
}

const char *archive_origins(const struct archive *archive)
{
    return archive->seal.origins.bytes ? archive->seal.origins.bytes : "";
}

const struct machine_manifest *archive_machine(const struct archive *archive)
{
    return &archive->machine;
}

const struct description_manifest *archive_description(const struct archive *archive)
{
    return &archive->description;
}

const char *archive_machine_root(const struct archive *archive)
{
    return archive->machine_root;
}

const struct archive_signature *archive_signature(const struct archive *archive)
{
    return &archive->signature;
}

bool archive_signature_fits(const struct archive *a)
{
    return signature_fits(a->key, PUBLIC_PEM_SIZE, a->signature.bytes, a->statement.bytes, a->statement.length);
}

const struct error *archive_failure(const struct archive *archive)
{
    return &archive->failure;
}

bool archive_attestation(struct archive *archive, struct attestation *attestation, struct error *error)
{
    char name[NAME_SIZE];

    *attestation = (struct attestation){.text = NULL};
    member_name(MEMBER_ATTEST, 0, 0, name);
    if (!seal_find(&archive->seal, name))
        return error_set(error, STATUS_OK, archive->path, NULL, NULL, "has no attestation");
    return read_member(archive, MEMBER_ATTEST, 0, ATTEST_LIMIT, &attestation->text, &attestation->size, error) &&
           read_member(archive, MEMBER_ATTEST_JOURNAL, 0, ATTEST_LIMIT, &attestation->journal,
                       &attestation->journal_size, error);
}

void attestation_free(struct attestation *attestation)
{
    free(attestation->text);
    free(attestation->journal);
    *attestation = (struct attestation){.text = NULL};
}

bool archive_firmware(struct archive *archive, bool video, uint8_t **bytes, size_t *size, struct error *error)
{
    char *text;

    if (!read_member(archive, video ? MEMBER_VIDEO : MEMBER_SYSTEM, 0, FIRMWARE_LIMIT, &text, size, error))
        return false;
    *bytes = (uint8_t *)text;
    return true;
}
