/* archive_sample.h - a small machine to seal, and a forger that changes a sealed one and signs it again. For the tests
 * of archive/ and verify/.
 *
 * The sample has a floppy of 360K with zeros, text and noise in it, and a disk of two extents and a bit, of which the
 * first is all zeros and the last ends within a chunk and within a sector. */
#ifndef MUNIMENT_ARCHIVE_SAMPLE_H
#define MUNIMENT_ARCHIVE_SAMPLE_H

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/layout.h"
#include "archive/writer.h"
#include "verify/fixity/fixity.h"

#define SAMPLE_FLOPPY 368640u
#define SAMPLE_DISK (2 * EXTENT_SIZE + CHUNK_SIZE + 1000)

#define SAMPLE_MACHINE(drives) \
    "muniment: machine 0\nmachine: pc-isa\ncpu:\n  model: i486\n  speed: 25 MIPS\nmemory: 16 MiB\nfirmware:\n" \
    "  system: built-in 0\n  video: built-in 0\nclock: 1995-01-01T00:00:00\ndrives:\n" drives \
    "boot:\n  - floppy\nports:\n  - com1\ndisplay: vga\n"
#define SAMPLE_FD0 "  fd0:\n    kind: floppy 360K\n    image: fd0.raw\n"
#define SAMPLE_HD0 "  hd0:\n    kind: disk\n    image: hd0.raw\n"

struct sample {
    char folder[64];
    struct sealed_file files[3];
    uint8_t system[4096], video[2048];
};

/* "FOLDER/NAME" in one of a few buffers that take turns. */
static inline const char *sample_path(const struct sample *s, const char *name)
{
    static char paths[8][256];
    static unsigned turn;
    char *path = paths[turn++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", s->folder, name);
    return path;
}

static inline void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "the test cannot go on: %s\n", what);
    abort();
}

static inline void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    must(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, path);
}

/* The caller frees it; NUL follows. */
static inline uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes;

    must(file && fseek(file, 0, SEEK_END) == 0, path);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*size + 1);
    must(bytes && fread(bytes, 1, *size, file) == *size, path);
    bytes[*size] = 0;
    fclose(file);
    return bytes;
}

static inline void fill_noise(uint8_t *bytes, size_t size, uint64_t seed)
{
    while (size-- > 0) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        *bytes++ = (uint8_t)(seed >> 56);
    }
}

static inline void sample_images(const struct sample *s)
{
    uint8_t *floppy = calloc(1, SAMPLE_FLOPPY), piece[1000];
    FILE *disk = fopen(sample_path(s, "hd0.raw"), "wb");

    must(floppy && disk, "images");
    for (unsigned i = 0; i < 65536; i++)
        floppy[i] = (uint8_t)("the quick brown fox "[i % 20] + i / 4096);
    fill_noise(floppy + 131072, 100000, 1);
    write_file(sample_path(s, "fd0.raw"), floppy, SAMPLE_FLOPPY);
    free(floppy);
    fill_noise(piece, sizeof piece, 2);
    must(ftruncate(fileno(disk), SAMPLE_DISK) == 0, "sparse file");
    fseek(disk, EXTENT_SIZE + 3 * CHUNK_SIZE + 77, SEEK_SET);
    fwrite(piece, 1, sizeof piece, disk);
    fseek(disk, 2 * EXTENT_SIZE + CHUNK_SIZE, SEEK_SET);
    fwrite(piece, 1, sizeof piece, disk);
    must(fclose(disk) == 0, "sparse file");
}

/* Makes a folder with everything that sealing needs; machine.yaml has the floppy alone, whole.yaml the disk as well. */
static inline void sample_make(struct sample *s)
{
    static const uint8_t recover[] = "print('a reader')\n", spec[] = "# A specification\n";
    static uint8_t source[4096];
    struct error error;

    memset(s, 0, sizeof *s);
    snprintf(s->folder, sizeof s->folder, "/tmp/muniment-test-XXXXXX");
    must(mkdtemp(s->folder) && chmod(s->folder, 0755) == 0, s->folder);
    fill_noise(s->system, sizeof s->system, 3);
    fill_noise(s->video, sizeof s->video, 4);
    fill_noise(source, sizeof source, 5);
    s->files[0] = (struct sealed_file){.name = "source/muniment.tar", .bytes = source, .size = sizeof source};
    s->files[1] = (struct sealed_file){.name = "spec/archive.md", .bytes = spec, .size = sizeof spec - 1};
    s->files[2] = (struct sealed_file){.name = "recover.py", .bytes = recover, .size = sizeof recover - 1};
    write_file(sample_path(s, "machine.yaml"), SAMPLE_MACHINE(SAMPLE_FD0), strlen(SAMPLE_MACHINE(SAMPLE_FD0)));
    write_file(sample_path(s, "whole.yaml"), SAMPLE_MACHINE(SAMPLE_FD0 SAMPLE_HD0),
               strlen(SAMPLE_MACHINE(SAMPLE_FD0 SAMPLE_HD0)));
    sample_images(s);
    must(key_new(sample_path(s, "key"), false, &error) && key_new(sample_path(s, "other"), false, &error), "keys");
}

static inline void sample_remove(const struct sample *s)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
    must(system(command) == 0, command);
}

/* A request to seal FOLDER/machine into FOLDER/output; the paths live as long as sample_path allows. */
static inline struct seal_request sample_request(const struct sample *s, const char *machine, const char *output)
{
    return (struct seal_request){
        .machine_path = sample_path(s, machine),
        .key_path = sample_path(s, "key"),
        .output_path = sample_path(s, output),
        .replace = true,
        .files = s->files,
        .file_count = 3,
        .built_in_system = {.bytes = s->system, .size = sizeof s->system},
        .built_in_video = {.bytes = s->video, .size = sizeof s->video},
    };
}

static inline void sample_seal(const struct sample *s, const char *machine, const char *output)
{
    struct seal_request request = sample_request(s, machine, output);
    struct error error;
    hex_digest root;

    if (!archive_seal(&request, root, &error)) {
        error_print(stderr, &error);
        abort();
    }
}

/* --- The forger --- */

struct forged_member {
    char name[NAME_SIZE];
    uint8_t *bytes;
    size_t size;
};

struct forged {
    struct forged_member members[64];
    unsigned count;
};

/* All members of an archive up to the disks' last; what comes behind is made anew. */
static inline void forge_load(struct forged *f, const char *path)
{
    size_t total, offset = 0;
    uint8_t *file = read_file(path, &total);
    uint64_t size;

    f->count = 0;
    for (;;) {
        struct forged_member *m = &f->members[f->count];

        must(tar_header_parse(file + offset, m->name, &size), "an archive to forge");
        if (strcmp(m->name, "content.txt") == 0)
            break;
        m->size = (size_t)size;
        m->bytes = malloc(m->size + 1);
        memcpy(m->bytes, file + offset + TAR_BLOCK, m->size);
        offset += TAR_BLOCK + (size_t)tar_padded(size);
        f->count++;
    }
    free(file);
}

static inline void forge_free(struct forged *f)
{
    while (f->count > 0)
        free(f->members[--f->count].bytes);
}

static inline struct forged_member *forge_find(struct forged *f, const char *name)
{
    for (unsigned i = 0; i < f->count; i++)
        if (strcmp(f->members[i].name, name) == 0)
            return &f->members[i];
    must(false, name);
    return NULL;
}

static inline void forge_set(struct forged *f, const char *name, const void *bytes, size_t size)
{
    struct forged_member *m = forge_find(f, name);

    m->bytes = realloc(m->bytes, size + 1);
    memcpy(m->bytes, bytes, size);
    m->size = size;
}

static inline void forge_insert(struct forged *f, unsigned at, const char *name, const void *bytes, size_t size)
{
    memmove(&f->members[at + 1], &f->members[at], (f->count - at) * sizeof f->members[0]);
    f->count++;
    f->members[at] = (struct forged_member){.bytes = malloc(size + 1), .size = size};
    snprintf(f->members[at].name, NAME_SIZE, "%s", name);
    memcpy(f->members[at].bytes, bytes, size);
}

/* Writes everything as a sealing would, with a true seal and a fitting signature; disks as old_seal has them. Tops stay
 * as they are, even if their extents move. */
static inline void forge_write(struct forged *f, const struct sample *s, const struct seal *old_seal,
                               const char *output)
{
    struct seal seal = *old_seal;
    struct text sums = {.bytes = NULL}, content = {.bytes = NULL}, text = {.bytes = NULL}, readme = {.bytes = NULL};
    uint8_t root[32], content_digest[32], seal_digest[32], signer[32], signature[64];
    char pem[PUBLIC_PEM_SIZE], hex[65];
    struct writer w;
    struct error error;
    struct key *key = key_load(sample_path(s, "key"), &error);
    struct member dummy = {.name = "SHA256SUMS"};
    uint64_t seal_at;

    seal.members = NULL;
    seal.origins = (struct text){.bytes = NULL};
    seal.count = seal.capacity = 0;
    must(key && writer_open(&w, sample_path(s, output), true, &error), "forging");
    for (unsigned i = 0; i < f->count; i++) {
        enum member_kind kind = member_identify(f->members[i].name).kind;

        must(writer_member(&w, f->members[i].name, f->members[i].bytes, f->members[i].size), "forging");
        sums_print(&sums, w.member.digest, w.member.name);
        if (kind != MEMBER_EXTENT && kind != MEMBER_MAP)
            seal_add(&seal, &w.member);
    }
    content_print(&content, &seal, root);
    writer_member(&w, "content.txt", content.bytes, content.length);
    memcpy(content_digest, w.member.digest, 32);
    sums_print(&sums, w.member.digest, w.member.name);
    seal_add(&seal, &w.member);
    seal_at = w.offset + TAR_BLOCK + tar_padded(sums.length);
    seal_add(&seal, &dummy);
    seal_print(&text, &seal);
    seal.count--;
    readme_print(&readme, seal_at + tail_layout(text.length).end, seal_at);
    writer_patch(&w, seal.members[0].offset, readme.bytes, readme.length);
    sha256(readme.bytes, readme.length, seal.members[0].digest);
    hex_encode(seal.members[0].digest, hex);
    memcpy(sums.bytes, hex, 64);
    writer_member(&w, "SHA256SUMS", sums.bytes, sums.length);
    seal_add(&seal, &w.member);
    text_free(&text);
    seal_print(&text, &seal);
    writer_member(&w, "seal.txt", text.bytes, text.length);
    memcpy(seal_digest, w.member.digest, 32);
    key_public_pem(key, pem, &error);
    public_key_digest(pem, PUBLIC_PEM_SIZE, true, signer);
    text_free(&text);
    statement_print(&text, signer, content_digest, seal_digest);
    key_sign(key, text.bytes, text.length, signature, &error);
    writer_member(&w, "evidence/00000000/key.pub", pem, PUBLIC_PEM_SIZE);
    writer_member(&w, "evidence/00000000/statement.sig", signature, 64);
    writer_member(&w, "evidence/00000000/statement.txt", text.bytes, text.length);
    must(writer_commit(&w), "forging");
    text_free(&text);
    text_free(&sums);
    text_free(&content);
    text_free(&readme);
    seal_free(&seal);
    key_free(key);
}

/* The seal of an archive. */
static inline void sample_read_seal(const char *path, struct seal *seal)
{
    size_t size;
    uint8_t *file = read_file(path, &size);
    uint64_t sealed_bytes, seal_at, seal_size;
    char name[NAME_SIZE];
    const char *reason;

    must(readme_fields((char *)file + TAR_BLOCK, &sealed_bytes, &seal_at) &&
             tar_header_parse(file + seal_at, name, &seal_size) &&
             seal_parse((char *)file + seal_at + TAR_BLOCK, seal_size, seal, &reason),
         "a seal");
    free(file);
}

#endif
