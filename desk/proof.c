/* proof.c - see proof.h. */
#include "desk/proof.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "desk/receipt.h"

struct proof {
    const char *object;    /* the archive, for errors */
    uint64_t chunks;       /* of the disk */
    uint8_t *shown, *kept; /* bit by chunk: holds bytes of a file that is proved; of one that is withheld */
    struct text lines;
    uint64_t covered; /* bytes of the file that is being added */
};

struct proof *proof_begin(const struct desk_volume *v, const char *object, struct error *error)
{
    struct proof *p;

    if (!v->disk.archive) {
        error_set(error, STATUS_USAGE, object, NULL, NULL, "--prove is about the sealed disk of an archive");
        return NULL;
    }
    if (!v->rights || !rights_are_open(v->rights)) {
        error_set(error, STATUS_CLOSED, object, NULL, "leave --prove out",
                  "is closed, and a proof discloses what lies beside the files");
        return NULL;
    }
    if (!(p = calloc(1, sizeof *p))) {
        error_set(error, STATUS_HOST, object, NULL, NULL, "out of memory");
        return NULL;
    }
    p->object = object;
    p->chunks = archive_chunks(v->disk.archive, v->disk.slot);
    p->shown = calloc(p->chunks / 8 + 1, 1);
    p->kept = calloc(p->chunks / 8 + 1, 1);
    text_print(&p->lines, "muniment-proof: 0\nmachine-root: %s\n", archive_machine_root(v->disk.archive));
    text_print(&p->lines, "disk: %s %" PRIu64 "\n", drive_slot_names[v->disk.slot], p->chunks);
    if (p->shown && p->kept)
        return p;
    error_set(error, STATUS_HOST, object, NULL, NULL, "out of memory");
    proof_free(p);
    return NULL;
}

void proof_free(struct proof *p)
{
    if (!p)
        return;
    free(p->shown);
    free(p->kept);
    text_free(&p->lines);
    free(p);
}

static bool has(const uint8_t *bits, uint64_t chunk)
{
    return bits[chunk / 8] >> chunk % 8 & 1;
}

/* Marks the chunks of a run; false: it leads beyond the disk. */
static bool mark(struct proof *p, uint8_t *bits, const struct file_run *run)
{
    if (run->length == 0 || run->place > UINT64_MAX - run->length ||
        (run->place + run->length - 1) / CHUNK_SIZE >= p->chunks)
        return false;
    for (uint64_t chunk = run->place / CHUNK_SIZE; chunk <= (run->place + run->length - 1) / CHUNK_SIZE; chunk++)
        bits[chunk / 8] |= (uint8_t)(1 << chunk % 8);
    return true;
}

struct adding {
    struct proof *proof;
    uint8_t *bits;
    const char *name; /* null: no lines */
};

/* Counts what is covered without a gap. */
static bool add_run(void *context, const struct file_run *run)
{
    struct adding *a = context;
    struct proof *p = a->proof;

    if (run->at != p->covered || !mark(p, a->bits, run))
        return false;
    p->covered += run->length;
    if (a->name) {
        text_print(&p->lines, "run: ");
        receipt_name(&p->lines, a->name);
        text_print(&p->lines, " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", run->at, run->place, run->length);
    }
    return true;
}

/* Whether the runs cover the whole file. */
static bool is_covered(struct proof *p, const struct desk_volume *v, const struct file_entry *e, uint8_t *bits,
                       const char *name)
{
    struct adding a = {p, bits, name};
    struct error damage;

    p->covered = 0;
    return v->files.system->runs(v->files.context, e, add_run, &a, &damage) && p->covered == e->size;
}

bool proof_leave(struct proof *p, const char *name)
{
    text_print(&p->lines, "unproved: ");
    receipt_name(&p->lines, name);
    text_print(&p->lines, "\n");
    return !p->lines.failed;
}

bool proof_file(struct proof *p, const struct desk_volume *v, const char *name, const struct file_entry *e)
{
    size_t before = p->lines.length;
    uint8_t *trial = calloc(p->chunks / 8 + 1, 1);

    if (!trial)
        return false;
    if (is_covered(p, v, e, trial, name)) {
        for (uint64_t i = 0; i <= p->chunks / 8; i++)
            p->shown[i] |= trial[i];
    } else {
        p->lines.length = before;
        proof_leave(p, name);
    }
    free(trial);
    return !p->lines.failed;
}

bool proof_withhold(struct proof *p, const struct desk_volume *v, const char *path, const struct file_entry *e,
                    struct error *error)
{
    return is_covered(p, v, e, p->kept, NULL) || error_set(error, STATUS_CLOSED, path, NULL, "leave --prove out",
                                                           "is withheld, and where on the disk it lies is not known");
}

static bool add_chunk(struct proof *p, const struct desk_volume *v, uint64_t chunk, struct text *bytes,
                      struct error *error)
{
    struct chunk_proof proof;
    uint64_t first = chunk * CHUNK_SECTORS, left = v->disk.block.sectors - first;
    uint32_t count = left < CHUNK_SECTORS ? (uint32_t)left : CHUNK_SECTORS, done;
    uint8_t piece[CHUNK_SIZE];
    hex_digest hex;

    if (!archive_prove(v->disk.archive, v->disk.slot, chunk, &proof, error))
        return false;
    memset(piece, 0, sizeof piece); /* what could not be read from the original is zeros in its chunk */
    for (uint32_t at = 0; at < count; at += done ? done : 1)
        if (v->disk.block.read(v->disk.block.context, first + at, count - at, piece + at * SECTOR_SIZE, &done) ==
            BLOCK_FAILED)
            return *error = *archive_failure(v->disk.archive), false;
    text_add(bytes, piece, count * SECTOR_SIZE);
    hex_encode(proof.digest, hex);
    text_print(&p->lines, "chunk: %" PRIu64 " %s", chunk, hex);
    for (uint32_t i = 0; i < proof.length; i++) {
        hex_encode(proof.path[i], hex);
        text_print(&p->lines, " %s", hex);
    }
    text_print(&p->lines, "\n");
    return !bytes->failed || error_set(error, STATUS_HOST, p->object, NULL, NULL, "out of memory");
}

bool proof_end(struct proof *p, const struct desk_volume *v,
               bool (*add)(void *context, const char *name, const struct text *text, struct error *error),
               void *context, uint64_t *disclosed, struct error *error)
{
    struct text content = {.bytes = NULL};
    char name[48];
    bool good = true;

    *disclosed = 0;
    for (uint64_t chunk = 0; chunk < p->chunks; chunk++)
        if (has(p->shown, chunk) && has(p->kept, chunk))
            return error_set(error, STATUS_CLOSED, p->object, NULL, "leave --prove out",
                             "holds withheld bytes in chunk %" PRIu64 ", which the proof would disclose", chunk);
    for (uint64_t chunk = 0; good && chunk < p->chunks; chunk++) {
        struct text bytes = {.bytes = NULL};
        if (!has(p->shown, chunk))
            continue;
        snprintf(name, sizeof name, "proof/%" PRIu64 ".chunk", chunk);
        good = add_chunk(p, v, chunk, &bytes, error) && add(context, name, &bytes, error);
        *disclosed += bytes.length;
        text_free(&bytes);
    }
    archive_content(v->disk.archive, &content);
    good = good && add(context, "proof/content.txt", &content, error) &&
           add(context, "proof/proof.txt", &p->lines, error);
    text_free(&content);
    return good;
}
