/* sealed.c - see sealed.h.
 *
 * First a seal is found that the signature vouches for: its text, the key and the signature may each come from another
 * file. It leads to the digest of each member and to the tops, these to the maps, and these to the chunks. Each piece
 * that is not what it must be is looked for at the same place of the replicas. Headers, padding, content.txt and the
 * statement follow from the rest. */
#include "verify/repair/sealed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/file.h"

#define BUFFER_SIZE 65536u

/* The end of the archive, from the header of the seal on. */
struct sealed_tail {
    uint64_t at, total; /* offset of that header; length of the archive */
    char *text;         /* the seal, owned */
    size_t size;
    char key[PUBLIC_PEM_SIZE];
    uint8_t signature[SIGNATURE_SIZE];
    struct text statement; /* owned */
};

struct mend {
    const struct sealed_mending *request;
    struct sealed_result *result;
    struct sealed_tail tail;
    struct seal seal;
    struct chunk_decoder *decoder;
    uint8_t gz[CHUNK_GZ_MAX], bytes[CHUNK_SIZE];
    struct map_entry map[EXTENT_CHUNKS];
    struct error *error;
};

/* The archive itself first, then the replicas; null after the last. */
static const struct worn *source(const struct mend *m, size_t i)
{
    return i == 0 ? m->request->output : i <= m->request->count ? &m->request->others[i - 1] : NULL;
}

static bool write_piece(struct mend *m, uint64_t offset, const void *bytes, size_t size)
{
    struct worn *out = m->request->output;

    if (offset + size > out->size)
        out->size = offset + size;
    m->result->pieces++;
    return file_write(out->descriptor, out->path, offset, bytes, size, m->error);
}

/* Puts there what must be there. */
static bool mend_legal(struct mend *m, uint64_t offset, const void *bytes, size_t size)
{
    uint8_t *actual = malloc(size + 1);
    bool same;

    if (!actual)
        return error_set(m->error, STATUS_HOST, m->request->output->path, NULL, NULL, "out of memory");
    same = worn_read(m->request->output, offset, actual, size) && memcmp(actual, bytes, size) == 0;
    free(actual);
    return same || write_piece(m, offset, bytes, size);
}

/* The header before a member and the padding after it. */
static bool mend_frame(struct mend *m, const char *name, uint64_t offset, uint64_t size)
{
    static const uint8_t zeros[TAR_BLOCK];
    uint8_t header[TAR_BLOCK];

    tar_header(name, size, header);
    return mend_legal(m, offset - TAR_BLOCK, header, TAR_BLOCK) &&
           mend_legal(m, offset + size, zeros, (size_t)(tar_padded(size) - size));
}

/* Whether a source holds bytes of this digest at this place. */
static bool holds(struct mend *m, const struct worn *from, uint64_t offset, uint64_t size,
                  const uint8_t digest[DIGEST_SIZE])
{
    uint8_t actual[DIGEST_SIZE];
    struct sha256 s;

    if (offset > from->size || size > from->size - offset)
        return false;
    sha256_begin(&s);
    for (uint64_t at = 0; at < size; at += BUFFER_SIZE) {
        size_t part = size - at < BUFFER_SIZE ? (size_t)(size - at) : BUFFER_SIZE;

        worn_read(from, offset + at, m->bytes, part);
        sha256_add(&s, m->bytes, part);
    }
    sha256_end(&s, actual);
    return memcmp(actual, digest, DIGEST_SIZE) == 0;
}

static bool copy(struct mend *m, const struct worn *from, uint64_t offset, uint64_t size)
{
    bool good = true;

    for (uint64_t at = 0; good && at < size; at += BUFFER_SIZE) {
        size_t part = size - at < BUFFER_SIZE ? (size_t)(size - at) : BUFFER_SIZE;

        worn_read(from, offset + at, m->bytes, part);
        good = write_piece(m, offset + at, m->bytes, part);
        m->result->pieces -= good && at > 0;
    }
    return good;
}

/* Takes a member from the first source that has it. *there: it is what it must be, now. */
static bool mend_member(struct mend *m, uint64_t offset, uint64_t size, const uint8_t digest[DIGEST_SIZE], bool *there)
{
    const struct worn *from;

    *there = false;
    for (size_t i = 0; !*there && (from = source(m, i)); i++)
        if (holds(m, from, offset, size, digest)) {
            *there = true;
            if (i > 0 && !copy(m, from, offset, size))
                return false;
        }
    return true;
}

/* --- Extents --- */

/* Decodes the chunk at a place of a source to m->bytes, and describes it. */
static bool read_chunk(struct mend *m, const struct worn *from, uint64_t offset, uint32_t available,
                       struct map_entry *entry, uint32_t *size)
{
    if (available > CHUNK_GZ_MAX)
        available = CHUNK_GZ_MAX;
    worn_read(from, offset, m->gz, available);
    if (chunk_decode(m->decoder, m->gz, available, m->bytes, size, &entry->length))
        return false;
    sha256(m->bytes, *size, entry->digest);
    return true;
}

/* A map follows from the chunks: if all of them can be read, from whichever file, and lead to its digest, it is made
 * anew. */
static bool remake_map(struct mend *m, const struct top_entry *top, uint32_t count, uint64_t map_at, bool *there)
{
    struct text text = {.bytes = NULL};
    uint8_t digest[DIGEST_SIZE];
    char line[MAP_LINE + 1];
    uint32_t offset = 0, size, chunk;
    bool good = true;

    if (seal_is_derived(&m->seal)) /* which chunks are the parent's stands in the map alone */
        return true;
    for (chunk = 0; chunk < count && offset < top->length; chunk++) {
        struct map_entry *entry = &m->map[chunk];
        const struct worn *from;
        size_t i = 0;

        while ((from = source(m, i)) && !read_chunk(m, from, top->offset + offset, top->length - offset, entry, &size))
            i++;
        if (!from)
            break;
        entry->offset = offset;
        offset += entry->length;
        map_line_print(line, chunk, entry);
        text_add(&text, line, MAP_LINE);
    }
    if (chunk == count && !text.failed) {
        sha256(text.bytes, text.length, digest);
        *there = memcmp(digest, top->map_digest, DIGEST_SIZE) == 0;
        good = !*there || write_piece(m, map_at, text.bytes, text.length);
    }
    text_free(&text);
    return good;
}

static bool mend_chunk(struct mend *m, uint64_t at, const struct map_entry *wanted, uint32_t length)
{
    const struct worn *from;
    struct map_entry read;
    uint32_t size;

    for (size_t i = 0; (from = source(m, i)); i++)
        if (read_chunk(m, from, at, wanted->length, &read, &size) && read.length == wanted->length && size == length &&
            memcmp(read.digest, wanted->digest, DIGEST_SIZE) == 0)
            return i == 0 || write_piece(m, at, m->gz, wanted->length);
    return true;
}

static bool mend_extent(struct mend *m, enum drive_slot slot, uint32_t extent, uint64_t disk_size,
                        const struct top_entry *top)
{
    uint32_t count = extent_chunks(disk_size, extent);
    uint64_t map_at = top->offset + tar_padded(top->length) + TAR_BLOCK, map_size = (uint64_t)count * MAP_LINE;
    char name[NAME_SIZE], text[EXTENT_CHUNKS * MAP_LINE];
    bool there;

    if (top->offset < TAR_BLOCK || top->length > EXTENT_GZ_MAX || map_at + map_size > m->tail.at)
        return true;
    member_name(MEMBER_EXTENT, slot, extent, name);
    if (!mend_frame(m, name, top->offset, top->length))
        return false;
    member_name(MEMBER_MAP, slot, extent, name);
    if (!mend_frame(m, name, map_at, map_size) || !mend_member(m, map_at, map_size, top->map_digest, &there) ||
        (!there && !remake_map(m, top, count, map_at, &there)))
        return false;
    worn_read(m->request->output, map_at, text, (size_t)map_size);
    if (!there || !map_parse(text, (size_t)map_size, count, top->length, seal_is_derived(&m->seal), m->map))
        return true;
    for (uint32_t i = 0; i < count; i++)
        if (!m->map[i].inherited &&
            !mend_chunk(m, top->offset + m->map[i].offset, &m->map[i], chunk_length(disk_size, extent, i)))
            return false;
    return true;
}

static bool mend_disk(struct mend *m, enum drive_slot slot, const struct member *top)
{
    uint64_t size = m->seal.disks[slot].size;
    char line[TOP_LINE + 1] = "";
    struct top_entry entry;

    for (uint32_t i = 0; i < disk_extents(size) && (uint64_t)(i + 1) * TOP_LINE <= top->size; i++) {
        worn_read(m->request->output, top->offset + (uint64_t)i * TOP_LINE, line, TOP_LINE);
        if (top_line_parse(line, i, seal_is_derived(&m->seal), &entry) && !top_entry_is_bare(&entry) &&
            !mend_extent(m, slot, i, size, &entry))
            return false;
    }
    return true;
}

/* --- The seal --- */

static void tail_free(struct sealed_tail *tail)
{
    free(tail->text);
    text_free(&tail->statement);
    *tail = (struct sealed_tail){.text = NULL};
}

/* Takes the text of the seal at a place of a source, for an archive of `total` bytes; its header is not needed, since
 * its length follows from where the archive ends. */
static bool take_text(struct mend *m, const struct worn *from, uint64_t at, uint64_t total)
{
    uint64_t rest = tail_layout(0).end, room;
    struct sealed_tail *t = &m->tail;
    const struct member *last;
    const char *reason;

    tail_free(t);
    seal_free(&m->seal);
    if (at % TAR_BLOCK || total > FILE_LIMIT || at > total || total - at <= rest || total - at - rest > SMALL_LIMIT)
        return false;
    room = total - at - rest;
    t->text = calloc(1, (size_t)room + 1);
    if (!t->text)
        return false;
    worn_read(from, at + TAR_BLOCK, t->text, (size_t)room);
    for (t->size = (size_t)room; t->size > 0 && !t->text[t->size - 1];)
        t->size--;
    t->at = at;
    t->total = total;
    if (tar_padded(t->size) != room || !seal_parse(t->text, t->size, &m->seal, &reason) || !m->seal.count)
        return false;
    last = &m->seal.members[m->seal.count - 1];
    return last->offset + tar_padded(last->size) == at;
}

/* Takes key and signature, of whichever source, that fit the statement about this seal. */
static bool take_signature(struct mend *m)
{
    struct sealed_tail *t = &m->tail;
    struct tail place = tail_layout(t->size);
    const struct member *content = seal_find(&m->seal, "content.txt");
    uint8_t signer[DIGEST_SIZE], digest[DIGEST_SIZE];
    const struct worn *key, *signature;

    sha256(t->text, t->size, digest);
    for (size_t i = 0; content && (key = source(m, i)); i++) {
        worn_read(key, t->at + place.key, t->key, PUBLIC_PEM_SIZE);
        if (!public_key_digest(t->key, PUBLIC_PEM_SIZE, true, signer))
            continue;
        text_free(&t->statement);
        t->statement = (struct text){.bytes = NULL};
        statement_print(&t->statement, signer, content->digest, digest);
        for (size_t n = 0; !t->statement.failed && (signature = source(m, n)); n++) {
            worn_read(signature, t->at + place.signature, t->signature, SIGNATURE_SIZE);
            if (signature_fits(t->key, PUBLIC_PEM_SIZE, t->signature, t->statement.bytes, t->statement.length))
                return true;
        }
    }
    return false;
}

/* Whether a replica's seal is that of the archive: this must hold content.txt, or what that speaks of: the manifests
 * and the tops. */
static bool is_ours(struct mend *m)
{
    bool manifests = true;

    for (uint32_t i = 0; i < m->seal.count; i++) {
        const struct member *member = &m->seal.members[i];
        enum member_kind kind = member_identify(member->name).kind;
        bool told = kind == MEMBER_MACHINE || kind == MEMBER_DESCRIPTION || kind == MEMBER_TOP;

        if (!told && kind != MEMBER_CONTENT)
            continue;
        if (!holds(m, m->request->output, member->offset, member->size, member->digest))
            manifests = manifests && !told;
        else if (kind == MEMBER_CONTENT)
            return true;
    }
    return manifests;
}

static bool take_tail(struct mend *m, const struct worn *from, uint64_t at, uint64_t total)
{
    return take_text(m, from, at, total) && take_signature(m) && (from == m->request->output || is_ours(m));
}

/* Looks for the seal of a source: where its README says, else from its end. */
static bool find_tail(struct mend *m, const struct worn *from)
{
    uint64_t at, total, nearest = tail_layout(1).end;
    char *readme = calloc(1, SMALL_LIMIT + 1), name[9];
    bool found = false;

    if (readme) {
        worn_read(from, TAR_BLOCK, readme, SMALL_LIMIT);
        found = readme_fields(readme, &total, &at) && take_tail(m, from, at, total);
    }
    free(readme);
    for (uint64_t back = nearest; !found && back <= from->size && back < nearest + SMALL_LIMIT; back += TAR_BLOCK) {
        worn_read(from, from->size - back, name, sizeof name);
        found = memcmp(name, "seal.txt", 9) == 0 && take_tail(m, from, from->size - back, from->size);
    }
    return found;
}

static bool mend_tail(struct mend *m)
{
    static const uint8_t zeros[TAR_END];
    const struct sealed_tail *t = &m->tail;
    struct tail place = tail_layout(t->size);
    struct worn *out = m->request->output;
    const struct {
        enum member_kind kind;
        uint64_t at;
        const void *bytes;
        size_t size;
    } pieces[] = {
        {MEMBER_SEAL, TAR_BLOCK, t->text, t->size},
        {MEMBER_KEY, place.key, t->key, PUBLIC_PEM_SIZE},
        {MEMBER_SIGNATURE, place.signature, t->signature, SIGNATURE_SIZE},
        {MEMBER_STATEMENT, place.statement, t->statement.bytes, t->statement.length},
    };
    char name[NAME_SIZE];

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        member_name(pieces[i].kind, 0, 0, name);
        if (!mend_frame(m, name, t->at + pieces[i].at, pieces[i].size) ||
            !mend_legal(m, t->at + pieces[i].at, pieces[i].bytes, pieces[i].size))
            return false;
    }
    if (!mend_legal(m, t->total - TAR_END, zeros, TAR_END))
        return false;
    m->result->pieces += out->size != t->total;
    out->size = t->total;
    return ftruncate(out->descriptor, (off_t)t->total) == 0 ||
           error_set(m->error, STATUS_HOST, out->path, NULL, NULL, "cannot be cut to its length");
}

static bool mend_members(struct mend *m)
{
    bool there;

    for (uint32_t i = 0; i < m->seal.count; i++) {
        const struct member *member = &m->seal.members[i];
        struct member_id id = member_identify(member->name);

        if (member->offset < TAR_BLOCK || member->size > m->tail.at || member->offset > m->tail.at - member->size)
            continue;
        if (!mend_frame(m, member->name, member->offset, member->size) ||
            !mend_member(m, member->offset, member->size, member->digest, &there) ||
            (there && id.kind == MEMBER_TOP && !mend_disk(m, id.slot, member)))
            return false;
    }
    return true;
}

/* What is not there need not come from elsewhere: it follows from the seal. */
static bool mend_content(struct mend *m)
{
    const struct member *content = seal_find(&m->seal, "content.txt");
    uint8_t root[DIGEST_SIZE], digest[DIGEST_SIZE];
    struct text text = {.bytes = NULL};
    bool good = true;

    content_print(&text, &m->seal, root);
    if (!text.failed && text.length == content->size && content->offset <= m->tail.at) {
        sha256(text.bytes, text.length, digest);
        hex_encode(root, m->result->machine_root);
        good = memcmp(digest, content->digest, DIGEST_SIZE) != 0 ||
               mend_legal(m, content->offset, text.bytes, text.length);
    }
    text_free(&text);
    return good;
}

bool sealed_mend(const struct sealed_mending *request, struct sealed_result *result, struct error *error)
{
    struct mend *m = calloc(1, sizeof *m);
    const struct worn *from = NULL;
    bool good;

    *result = (struct sealed_result){.pieces = 0};
    if (m) {
        m->request = request;
        m->result = result;
        m->error = error;
        m->decoder = chunk_decoder_new();
    }
    if (!m || !m->decoder) {
        free(m);
        return error_set(error, STATUS_HOST, request->output->path, NULL, NULL, "out of memory");
    }
    for (size_t i = 0; !result->from && (from = source(m, i)); i++)
        if (find_tail(m, from))
            result->from = from->path;
    good = !result->from || (mend_content(m) && mend_members(m) && mend_tail(m));
    tail_free(&m->tail);
    seal_free(&m->seal);
    chunk_decoder_free(m->decoder);
    free(m);
    return good;
}
