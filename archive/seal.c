/* seal.c - freezes a machine: writes the archive, from the README to the evidence.
 *
 * Everything that can be wrong with the input is found before the first byte is written, as far as it can be known
 * without reading the disks (seal_input.c). What is written is a function of the input: no time, no name of the host,
 * no order that a file system chose. */
#include "archive/sealing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/origin.h"
#include "formats/file.h"

bool sealing_out_of_memory(struct sealing *s)
{
    return error_set(s->error, STATUS_HOST, s->request->output_path, NULL, NULL, "out of memory");
}

/* Enters the member that was just written into SHA256SUMS and, if it belongs there, into the seal. */
bool sealing_enter(struct sealing *s)
{
    const struct member *m = &s->writer.member;
    enum member_kind kind = member_identify(m->name).kind;

    sums_print(&s->sums, m->digest, m->name);
    if (s->sums.failed || (kind != MEMBER_EXTENT && kind != MEMBER_MAP && !seal_add(&s->seal, m)))
        return sealing_out_of_memory(s);
    return true;
}

static bool add_member(struct sealing *s, const char *name, const void *bytes, size_t size)
{
    return writer_member(&s->writer, name, bytes, size) && sealing_enter(s);
}

bool sealing_add_text(struct sealing *s, enum member_kind kind, enum drive_slot slot, uint32_t extent,
                      const struct text *t)
{
    char name[NAME_SIZE];

    member_name(kind, slot, extent, name);
    return t->failed ? sealing_out_of_memory(s) : add_member(s, name, t->length ? t->bytes : "", t->length);
}

/* The program's source is large: an archive leaves it out if one above it in the chain holds the same. */
static bool is_held_above(const struct sealing *s, const struct sealed_file *file)
{
    const struct derivation *d = s->request->derivation;
    uint8_t digest[DIGEST_SIZE];
    hex_digest wanted, held;
    const char *name;
    uint64_t size;

    if (!d || d->flat || file->path || strcmp(file->name, SEALED_SOURCE) != 0)
        return false;
    sha256(file->bytes, file->size, digest);
    hex_encode(digest, wanted);
    for (struct archive *a = d->parent; a; a = archive_parent(a, NULL))
        for (size_t i = 0; archive_member(a, i, &name, &size, held); i++)
            if (strcmp(name, SEALED_SOURCE) == 0 && strcmp(held, wanted) == 0)
                return true;
    return false;
}

static bool write_readme(struct sealing *s)
{
    struct text readme = {.bytes = NULL};
    bool done;

    readme_print(&readme, 0, 0);
    done = sealing_add_text(s, MEMBER_README, 0, 0, &readme);
    text_free(&readme);
    return done;
}

/* The README says where the seal is and how long the file is. Both follow from lengths that are fixed before the
 * seal is written. */
static bool complete_readme(struct sealing *s)
{
    struct text readme = {.bytes = NULL}, seal = {.bytes = NULL};
    struct member *m;
    uint64_t seal_at = s->writer.offset + TAR_BLOCK + tar_padded(s->sums.length);
    struct member sums = {.name = "SHA256SUMS"};
    char hex[65];
    bool done;

    if (!seal_add(&s->seal, &sums))
        return sealing_out_of_memory(s);
    m = &s->seal.members[0]; /* the list may have moved */
    seal_print(&seal, &s->seal);
    s->seal.count--;
    readme_print(&readme, seal_at + tail_layout(seal.length).end, seal_at);
    done = !seal.failed && !readme.failed && readme.length == m->size
               ? writer_patch(&s->writer, m->offset, readme.bytes, readme.length)
               : sealing_out_of_memory(s);
    if (done) {
        sha256(readme.bytes, readme.length, m->digest);
        hex_encode(m->digest, hex);
        memcpy(s->sums.bytes, hex, 64);
    }
    text_free(&readme);
    text_free(&seal);
    return done;
}

/* Seal, key, signature, statement. */
static bool write_evidence(struct sealing *s, const uint8_t content_digest[DIGEST_SIZE])
{
    struct text seal = {.bytes = NULL}, statement = {.bytes = NULL};
    uint8_t seal_digest[DIGEST_SIZE], signer[DIGEST_SIZE], signature[SIGNATURE_SIZE];
    char name[NAME_SIZE];
    bool done;

    seal_print(&seal, &s->seal);
    done = !seal.failed || sealing_out_of_memory(s);
    if (done) {
        sha256(seal.bytes, seal.length, seal_digest);
        public_key_digest(s->public_pem, PUBLIC_PEM_SIZE, true, signer);
        statement_print(&statement, signer, content_digest, seal_digest);
        member_name(MEMBER_SEAL, 0, 0, name);
        done = (!statement.failed || sealing_out_of_memory(s)) &&
               writer_member(&s->writer, name, seal.bytes, seal.length);
    }
    done = done && key_sign(s->key, statement.bytes, statement.length, signature, s->error);
    member_name(MEMBER_KEY, 0, 0, name);
    done = done && writer_member(&s->writer, name, s->public_pem, PUBLIC_PEM_SIZE);
    member_name(MEMBER_SIGNATURE, 0, 0, name);
    done = done && writer_member(&s->writer, name, signature, sizeof signature);
    member_name(MEMBER_STATEMENT, 0, 0, name);
    done = done && writer_member(&s->writer, name, statement.bytes, statement.length);
    text_free(&seal);
    text_free(&statement);
    return done;
}

static bool write_tail(struct sealing *s)
{
    struct text content = {.bytes = NULL};
    uint8_t digest[DIGEST_SIZE];
    bool done;

    content_print(&content, &s->seal, s->machine_root);
    done = sealing_add_text(s, MEMBER_CONTENT, 0, 0, &content);
    memcpy(digest, s->writer.member.digest, DIGEST_SIZE);
    text_free(&content);
    if (!done || !complete_readme(s))
        return false;
    return writer_member(&s->writer, "SHA256SUMS", s->sums.bytes, s->sums.length) &&
           (seal_add(&s->seal, &s->writer.member) || sealing_out_of_memory(s)) && write_evidence(s, digest);
}

/* What is known of the images that other programs made. */
static bool take_origins(struct sealing *s)
{
    for (unsigned slot = 0; !s->request->derivation && slot < DRIVE_COUNT; slot++)
        if (s->images[slot].present && !origin_print(&s->seal.origins, (enum drive_slot)slot, &s->images[slot].block,
                                                     &s->images[slot].info, s->error))
            return false;
    return !s->seal.origins.failed || sealing_out_of_memory(s);
}

/* The reference boot, of the machine as it has been written so far. */
static bool write_attestation(struct sealing *s)
{
    struct sealed_machine machine = {
        .manifest = &s->machine,
        .system = (const uint8_t *)s->firmware[0].bytes,
        .system_size = s->firmware[0].length,
        .video = (const uint8_t *)s->firmware[1].bytes,
        .video_size = s->firmware[1].length,
    };
    struct attestation a = {.text = NULL};
    struct text content = {.bytes = NULL};
    char names[2][NAME_SIZE];
    bool done;

    content_print(&content, &s->seal, s->machine_root);
    text_free(&content);
    hex_encode(s->machine_root, machine.machine_root);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (s->images[slot].present)
            machine.disks[slot] = s->images[slot].block;
    member_name(MEMBER_ATTEST, 0, 0, names[0]);
    member_name(MEMBER_ATTEST_JOURNAL, 0, 0, names[1]);
    done = s->request->attest(s->request->attest_context, &machine, &a, s->error);
    if (done && (a.size > ATTEST_LIMIT || a.journal_size > ATTEST_LIMIT))
        done = error_set(s->error, STATUS_INPUT, s->request->output_path, NULL, "let it be shorter",
                         "the reference boot takes more than %u bytes to write down", ATTEST_LIMIT);
    done = done && add_member(s, names[0], a.text, a.size) && add_member(s, names[1], a.journal, a.journal_size);
    attestation_free(&a);
    return done;
}

/* The machine is one that there was at one moment: the first disk is as it was when the last one had been read, too. */
static bool images_unchanged(struct sealing *s)
{
    for (unsigned slot = 0; !s->request->derivation && slot < DRIVE_COUNT; slot++)
        if (s->images[slot].present && !image_unchanged(&s->images[slot].block, s->error))
            return false;
    return true;
}

/* A member that is read from a file. */
static bool copy_file(struct sealing *s, const struct sealed_file *wanted)
{
    uint8_t part[16384];
    struct file_state before;
    FILE *file = fopen(wanted->path, "rb");
    size_t n;

    if (!file)
        return error_set(s->error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, wanted->path, NULL, NULL,
                         "cannot open: %s", strerror(errno));
    bool good = file_state(fileno(file), wanted->path, &before, s->error) && writer_begin(&s->writer, wanted->name);
    while (good && (n = fread(part, 1, sizeof part, file)) > 0)
        good = writer_add(&s->writer, part, n);
    if (good && ferror(file))
        good = error_host(s->error, wanted->path, errno, "cannot read");
    good = good && file_unchanged(fileno(file), wanted->path, &before, s->error);
    fclose(file);
    return good && writer_end(&s->writer) && sealing_enter(s);
}

static bool write_archive(struct sealing *s)
{
    if (!write_readme(s))
        return false;
    for (size_t i = 0; i < s->file_count; i++)
        if (!is_held_above(s, s->files[i]) &&
            (s->files[i]->path ? !copy_file(s, s->files[i])
                               : !add_member(s, s->files[i]->name, s->files[i]->bytes, s->files[i]->size)))
            return false;
    if (!sealing_add_text(s, MEMBER_MACHINE, 0, 0, &s->machine_text) ||
        !sealing_add_text(s, MEMBER_DESCRIPTION, 0, 0, &s->description_text) ||
        !sealing_add_text(s, MEMBER_SYSTEM, 0, 0, &s->firmware[0]) ||
        !sealing_add_text(s, MEMBER_VIDEO, 0, 0, &s->firmware[1]))
        return false;
    s->workers = workers_new(s->request->threads);
    if (!s->workers)
        return sealing_out_of_memory(s);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (s->images[slot].present && !sealing_write_disk(s, (enum drive_slot)slot))
            return false;
    workers_free(s->workers); /* the reference boot is one thread's */
    s->workers = NULL;
    return (!s->request->attest || write_attestation(s)) && take_origins(s) && images_unchanged(s) && write_tail(s);
}

static void release(struct sealing *s)
{
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        if (s->images[slot].present && s->images[slot].block.close)
            s->images[slot].block.close(s->images[slot].block.context);
        image_info_free(&s->images[slot].info);
    }
    text_free(&s->machine_text);
    text_free(&s->description_text);
    text_free(&s->firmware[0]);
    text_free(&s->firmware[1]);
    text_free(&s->sums);
    key_free(s->key);
    workers_free(s->workers);
    seal_free(&s->seal);
    free(s->files);
    free(s);
}

bool archive_seal(const struct seal_request *request, hex_digest machine_root, struct error *error)
{
    struct sealing *s = calloc(1, sizeof *s);
    bool done;

    if (!s)
        return error_set(error, STATUS_HOST, request->output_path, NULL, NULL, "out of memory");
    s->request = request;
    s->error = error;
    done = sealing_take_input(s) && writer_open(&s->writer, request->output_path, request->replace, error) &&
           write_archive(s) && writer_commit(&s->writer);
    writer_abandon(&s->writer);
    if (done)
        hex_encode(s->machine_root, machine_root);
    release(s);
    return done;
}
