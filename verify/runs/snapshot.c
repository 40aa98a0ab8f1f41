/* snapshot.c - identities, and reading snapshots (snapshot.h). What was read is hostile: everything is bounded, and
 * what has one legal form only is compared with that form. */
#include "verify/runs/snapshot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/file.h"
#include "verify/runs/snapshot_text.h"

/* --- Form --- */

void make_locator(uint64_t text_at, char locator[LOCATOR_SIZE])
{
    static const uint8_t head[10] = {0x1F, 0x8B, 8, 0x10, 0, 0, 0, 0, 0, 255}, tail[11] = {0, 3}; /* the comment's end,
                                                                                                     an empty block,
                                                                                                     CRC-32 and length 0
                                                                                                   */
    char comment[64];

    snprintf(comment, sizeof comment, "muniment snapshot 0, text at %015" PRIu64, text_at);
    memcpy(locator, head, sizeof head);
    memcpy(locator + sizeof head, comment, LOCATOR_SIZE - sizeof head - sizeof tail);
    memcpy(locator + LOCATOR_SIZE - sizeof tail, tail, sizeof tail);
}

/* --- Identity --- */

/* The digest of a disk as it can be read now; what is unreadable counts as zeros. */
static bool disk_digest(const struct block *disk, hex_digest hex, progress_function *progress, void *context,
                        struct error *error)
{
    enum { SECTORS = 128 };
    uint8_t buffer[SECTORS * SECTOR_SIZE], digest[DIGEST_SIZE];
    enum block_result result = BLOCK_OK;
    bool wanted = true;
    struct sha256 hash;
    uint32_t done = 0;

    sha256_begin(&hash);
    for (uint64_t sector = 0; wanted && result != BLOCK_FAILED && sector < disk->sectors; sector += done) {
        uint64_t left = disk->sectors - sector;
        wanted = !progress || progress(context, sector * SECTOR_SIZE, disk->sectors * SECTOR_SIZE);
        result = disk->read(disk->context, sector, left < SECTORS ? (uint32_t)left : SECTORS, buffer, &done);
        if (result == BLOCK_UNREADABLE)
            memset(buffer + (size_t)done++ * SECTOR_SIZE, 0, SECTOR_SIZE);
        sha256_add(&hash, buffer, (size_t)done * SECTOR_SIZE);
    }
    sha256_end(&hash, digest);
    hex_encode(digest, hex);
    if (!wanted)
        return error_set(error, STATUS_HOST, "disk", NULL, NULL, "interrupted");
    if (result == BLOCK_FAILED && disk->failure)
        *error = *disk->failure(disk->context);
    return result != BLOCK_FAILED;
}

bool medium_identify(const struct media *media, enum drive_slot slot, struct machine_identity *identity,
                     progress_function *progress, void *context, struct error *error)
{
    const struct medium *medium = &media->drives[slot];
    bool sealed = media->archive && !medium->path;

    memset(&identity->media[slot], 0, sizeof identity->media[slot]);
    identity->media[slot].kind = !medium->present ? MEDIUM_NONE : sealed ? MEDIUM_SEALED : MEDIUM_IMAGE;
    if (medium->present && overlay_place(&medium->disk, &identity->media[slot].place)) {
        identity->media[slot].kept = true;
        identity->media[slot].first = identity->media[slot].place.records;
    }
    return identity->media[slot].kind != MEDIUM_IMAGE ||
           disk_digest(overlay_base(&medium->disk), identity->media[slot].sha256, progress, context, error);
}

bool machine_identity_update(const struct media *media, struct machine_identity *identity, struct error *error)
{
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (identity->media[slot].kept && !(overlay_sync(&media->drives[slot].disk, true, error) &&
                                            overlay_place(&media->drives[slot].disk, &identity->media[slot].place)))
            return false;
    memcpy(identity->line_in, media->line.sha256, sizeof identity->line_in);
    return true;
}

/* Names firmware by what it is, whatever file it came from. */
static void name_firmware(struct firmware_manifest *manifest, const struct firmware *firmware, const char *name)
{
    memset(manifest, 0, sizeof *manifest);
    snprintf(manifest->file, sizeof manifest->file, "%s", name);
    sha256(firmware->bytes, firmware->size, manifest->sha256);
}

bool machine_identify(const struct media *media, struct machine_identity *identity, progress_function *progress,
                      void *context, struct error *error)
{
    struct machine_manifest m = media->manifest;
    uint8_t digest[DIGEST_SIZE];
    char canonical[16384];
    size_t length;

    memset(identity, 0, sizeof *identity);
    identity->version = m.version;
    if (media->archive)
        snprintf(identity->root, sizeof identity->root, "%s", archive_machine_root(media->archive));
    if (media->archive)
        memcpy(identity->content, archive_signature(media->archive)->content, sizeof identity->content);
    name_firmware(&m.system, &media->system, "system.bin");
    name_firmware(&m.video, &media->video, "video.bin");
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        snprintf(m.drives[slot].image, sizeof m.drives[slot].image, "%s",
                 m.drives[slot].kind == DRIVE_DISK ? "disk" : "");
    length = machine_manifest_print(&m, canonical, sizeof canonical);
    if (!length)
        return error_set(error, STATUS_INPUT, "machine", NULL, NULL, "cannot be described by a manifest");
    sha256(canonical, length, digest);
    hex_encode(digest, identity->hardware);
    memcpy(identity->line_in, media->line.sha256, sizeof identity->line_in);
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (!medium_identify(media, slot, identity, progress, context, error))
            return false;
    return true;
}

static bool same_medium(const struct snapshot *s, const struct machine_identity *b, int slot, struct error *error)
{
    const char *name = drive_slot_names[slot];

    uint64_t first = s->machine.media[slot].first;

    if (s->machine.media[slot].kind == b->media[slot].kind &&
        !strcmp(s->machine.media[slot].sha256, b->media[slot].sha256)) {
        if (b->media[slot].known || (first == 0 && b->media[slot].first == 0))
            return true;
        return error_set(error, STATUS_INPUT, s->path, name,
                         first ? "give it with --overlay" : "give the one with which the machine ran, or another name",
                         first ? "the machine ran over an overlay that held %" PRIu64 " records"
                               : "the overlay of this drive holds other writes",
                         first);
    }
    if (s->machine.media[slot].kind == MEDIUM_IMAGE)
        return error_set(error, STATUS_INPUT, s->path, name, "give that image, as it was when it was put in",
                         "the medium of this drive has the SHA-256 %s", s->machine.media[slot].sha256);
    return error_set(error, STATUS_INPUT, s->path, name, NULL,
                     s->machine.media[slot].kind == MEDIUM_NONE ? "this drive is empty in it"
                                                                : "this drive has the sealed medium in it");
}

/* Takes the overlays that the snapshot knows back to where it left them. What is in the snapshot is since the machine
 * was switched on, not since now. */
static bool rewind_overlays(const struct snapshot *s, struct media *media, struct machine_identity *b,
                            struct error *error)
{
    for (int slot = 0; slot < DRIVE_COUNT; slot++) {
        if (!b->media[slot].known)
            continue;
        b->media[slot].first = s->machine.media[slot].first;
        if (!overlay_rewind(&media->drives[slot].disk, &s->machine.media[slot].place, error))
            return false;
    }
    return true;
}

bool snapshot_fits(const struct snapshot *s, struct media *media, struct machine_identity *b, struct error *error)
{
    const struct machine_identity *a = &s->machine;

    for (int slot = 0; media && slot < DRIVE_COUNT; slot++)
        b->media[slot].known = a->media[slot].kept && b->media[slot].kept && a->media[slot].place.records > 0 &&
                               overlay_was_at(&media->drives[slot].disk, &a->media[slot].place);

    if (a->version != b->version)
        return error_set(error, STATUS_INPUT, s->path, NULL, NULL, "is of machine version %" PRIu32, a->version);
    if (strcmp(a->root, b->root))
        return error_set(error, STATUS_INPUT, s->path, "machine-root", NULL,
                         *a->root ? "is of the machine %s" : "is of a machine that is not sealed", a->root);
    if (*a->content && *b->content && strcmp(a->content, b->content))
        return error_set(error, STATUS_INPUT, s->path, "machine-root", "give the archive from which it was taken",
                         "is of another archive of this machine, whose content.txt has the digest %s", a->content);
    if (strcmp(a->hardware, b->hardware))
        return error_set(error, STATUS_INPUT, s->path, "hardware", "give the options that the machine was started with",
                         "is of a machine with another manifest or firmware");
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (!same_medium(s, b, slot, error))
            return false;
    if (strcmp(a->line_in, b->line_in))
        return error_set(error, STATUS_INPUT, s->path, "line-in",
                         *a->line_in ? "give that WAV file with --line-in" : "leave --line-in out",
                         *a->line_in ? "the recording at the line input has the SHA-256 %s"
                                     : "nothing is connected to the line input",
                         a->line_in);
    return rewind_overlays(s, media, b, error);
}

/* --- Reading the text --- */

static bool bad(const struct snapshot *s, const char *place, const char *what, struct error *error)
{
    return error_set(error, STATUS_INPUT, s->path, place, NULL, "%s", what);
}

/* The text is what the chunks from the locator's place to the end hold. */
static bool read_text(struct snapshot *s, struct pack *pack, uint64_t at, struct error *error)
{
    uint8_t bytes[CHUNK_SIZE];
    struct text text = {0};

    while (at < pack->size && !text.failed) {
        uint64_t left = pack->size - at;
        uint32_t size, used;
        if (!pack_read(pack, at, left < CHUNK_GZ_MAX ? (uint32_t)left : CHUNK_GZ_MAX, NULL, bytes, &size, &used,
                       error) ||
            (text.length + size > SNAPSHOT_TEXT_LIMIT && !bad(s, NULL, "has too long a text", error))) {
            text_free(&text);
            return false;
        }
        text_add(&text, bytes, size);
        at += used;
    }
    if (text.failed || !text.length) {
        text_free(&text);
        return error_set(error, text.failed ? STATUS_HOST : STATUS_INPUT, s->path, NULL, NULL,
                         text.failed ? "out of memory" : "has no text");
    }
    s->text = text.bytes;
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] != '\n' && (text.bytes[i] < ' ' || text.bytes[i] > '~'))
            return bad(s, NULL, "has a text with other characters than those of ASCII", error);
    return true;
}

/* The text after a line's key, up to its end; null: it is another line. Moves *at past it. */
static const char *take_line(const char **at, const char *key, size_t *length)
{
    const char *value = *at + strlen(key), *end;

    if (strncmp(*at, key, strlen(key)) || !(end = strchr(value, '\n')))
        return NULL;
    *length = (size_t)(end - value);
    *at = end + 1;
    return value;
}

static bool take_digest(const char **at, const char *key, hex_digest hex)
{
    uint8_t digest[DIGEST_SIZE];
    size_t length;
    const char *value = take_line(at, key, &length);

    if (!value || length != 64 || !hex_decode(value, digest))
        return false;
    hex_encode(digest, hex);
    return true;
}

static bool take_word(const char **at, const char *line)
{
    bool good = !strncmp(*at, line, strlen(line));

    *at += good ? strlen(line) : 0;
    return good;
}

static bool take_medium(struct snapshot *s, const char **at, int slot)
{
    char key[32], line[48];

    snprintf(key, sizeof key, "medium %s: ", drive_slot_names[slot]);
    s->machine.media[slot].kind = MEDIUM_NONE;
    snprintf(line, sizeof line, "%snone\n", key);
    if (take_word(at, line))
        return true;
    s->machine.media[slot].kind = MEDIUM_SEALED;
    snprintf(line, sizeof line, "%ssealed\n", key);
    if (take_word(at, line))
        return true;
    s->machine.media[slot].kind = MEDIUM_IMAGE;
    return take_digest(at, key, s->machine.media[slot].sha256);
}

static bool take_number(const char **at, uint64_t limit, uint64_t *value)
{
    const char *p = *at;

    for (*value = 0; *p >= '0' && *p <= '9' && p - *at < 16; p++)
        *value = *value * 10 + (uint64_t)(*p - '0');
    if (p == *at || (**at == '0' && p - *at > 1) || *p != ' ' || *value > limit)
        return false;
    *at = p + 1;
    return true;
}

/* "overlay SLOT: FIRST RECORDS CHAIN" */
static bool take_overlay(struct snapshot *s, const char **at, int slot)
{
    char key[32];

    snprintf(key, sizeof key, "overlay %s: ", drive_slot_names[slot]);
    if (!take_word(at, key))
        return true;
    s->machine.media[slot].kept = true;
    return s->machine.media[slot].kind != MEDIUM_NONE && take_number(at, UINT32_MAX, &s->machine.media[slot].first) &&
           take_number(at, UINT32_MAX, &s->machine.media[slot].place.records) &&
           s->machine.media[slot].first <= s->machine.media[slot].place.records &&
           take_digest(at, "", s->machine.media[slot].place.chain);
}

/* "machine-root: ROOT CONTENT", or without the content. */
static bool take_root(struct snapshot *s, const char **at)
{
    uint8_t root[DIGEST_SIZE], content[DIGEST_SIZE];
    size_t length;
    const char *value = take_line(at, "machine-root: ", &length);

    if (!value || (length != 64 && length != 129) || !hex_decode(value, root))
        return false;
    hex_encode(root, s->machine.root);
    if (length == 64)
        return true;
    if (value[64] != ' ' || !hex_decode(value + 65, content))
        return false;
    hex_encode(content, s->machine.content);
    return true;
}

static bool take_head(struct snapshot *s, const char **at)
{
    hex_digest digest;

    if (!take_word(at, SNAPSHOT_FIRST_LINE) || !take_word(at, "machine: 0\n") ||
        !(take_word(at, "machine-root: none\n") || take_root(s, at)) ||
        !take_digest(at, "hardware: ", s->machine.hardware))
        return false;
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (!take_medium(s, at, slot))
            return false;
    if (!strncmp(*at, "line-in: ", 9) && !take_digest(at, "line-in: ", s->machine.line_in))
        return false;
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (!take_overlay(s, at, slot))
            return false;
    if (!take_digest(at, "digest: ", digest) || !hex_decode(digest, s->digest))
        return false;
    return take_word(at, "\n");
}

/* The name of a file beside the snapshot: no path, nothing hidden. */
static bool take_name(const char **at, char name[SNAPSHOT_FILE_NAME])
{
    size_t length = strcspn(*at, " \n");

    if (!length || length >= SNAPSHOT_FILE_NAME || (*at)[length] != ' ' || (length > 1 && **at == '.'))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", (*at)[i]))
            return false;
    memcpy(name, *at, length);
    name[length] = '\0';
    *at += length + 1;
    return true;
}

static bool enter_name(struct page_table *t, const char *name, uint16_t *index)
{
    uint32_t n = t->name_count;

    while (n > 0 && strcmp(t->names[n - 1], name)) /* mostly the last one */
        n--;
    if (!n) {
        if (t->name_count == SNAPSHOT_FILES)
            return false;
        snprintf(t->names[t->name_count++], SNAPSHOT_FILE_NAME, "%s", name);
        n = t->name_count;
    }
    *index = (uint16_t)(n - 1);
    return true;
}

bool page_table_init(struct page_table *t)
{
    *t = (struct page_table){.names = calloc(SNAPSHOT_FILES, SNAPSHOT_FILE_NAME)};
    return t->names != NULL;
}

void page_table_free(struct page_table *t)
{
    free(t->runs);
    free(t->names);
    *t = (struct page_table){.runs = NULL};
}

struct page_run *page_table_add(struct page_table *t)
{
    if (t->count == t->capacity) {
        uint32_t capacity = t->capacity ? t->capacity * 2 : 1024;
        struct page_run *runs = capacity > t->capacity ? realloc(t->runs, capacity * sizeof *runs) : NULL;
        if (!runs)
            return NULL;
        t->runs = runs;
        t->capacity = capacity;
    }
    return &t->runs[t->count++];
}

bool page_table_name(struct page_table *t, const char *name, uint16_t *index)
{
    return enter_name(t, name, index);
}

/* page AREA FIRST COUNT READABLE FILE OFFSET LENGTH SIZE SKIP SHA256 */
static bool take_run(struct snapshot *s, const char **at)
{
    char name[SNAPSHOT_FILE_NAME];
    uint64_t count, offset, length, size, skip;
    struct page_run run = {0};
    unsigned mask = 0;

    for (run.area = 0; run.area < AREA_COUNT; run.area++) {
        char key[32];
        snprintf(key, sizeof key, "page %s ", machine_area_names[run.area]);
        if (take_word(at, key))
            break;
    }
    if (run.area == AREA_COUNT || !take_number(at, DISK_LIMIT / MACHINE_PAGE, &run.first) ||
        !take_number(at, CHUNK_SIZE / MACHINE_PAGE, &count))
        return false;
    for (unsigned i = 0; i < 8; i++, (*at)++) {
        if (**at != '0' && **at != '1')
            return false;
        mask |= (unsigned)(**at - '0') << i;
    }
    if (!take_word(at, " ") || !take_name(at, name) || !take_number(at, FILE_LIMIT, &offset) ||
        !take_number(at, CHUNK_GZ_MAX, &length) || !take_number(at, CHUNK_SIZE, &size) ||
        !take_number(at, CHUNK_SIZE / MACHINE_PAGE, &skip))
        return false;
    if (!count || !mask || size % MACHINE_PAGE || skip + count > size / MACHINE_PAGE || !hex_decode(*at, run.digest) ||
        (*at)[64] != '\n' || !enter_name(&s->pages, name, &run.file))
        return false;
    *at += 65;
    run.count = (uint16_t)count;
    run.skip = (uint16_t)skip;
    run.readable = (uint8_t)mask;
    run.offset = offset;
    run.length = (uint32_t)length;
    run.size = (uint32_t)size;
    if (s->pages.count) {
        const struct page_run *last = &s->pages.runs[s->pages.count - 1];
        if (run.area < last->area || (run.area == last->area && run.first < last->first + last->count))
            return false;
    }
    struct page_run *added = page_table_add(&s->pages);
    if (added)
        *added = run;
    return added;
}

static bool take_text(struct snapshot *s, struct error *error)
{
    const char *at = s->text, *end;
    char place[64];

    if (!page_table_init(&s->pages))
        return error_set(error, STATUS_HOST, s->path, NULL, NULL, "out of memory");
    if (!take_head(s, &at))
        return bad(s, "head", "is not as version 0 of snapshots has it", error);
    end = strstr(at, "\n\n");
    if (!end)
        return bad(s, "state", "has no end", error);
    s->state = at;
    s->state_length = (size_t)(end + 1 - at);
    s->tick = strncmp(at, "tick = ", 7) ? 0 : strtoull(at + 7, NULL, 10);
    for (at = end + 2; strcmp(at, SNAPSHOT_LAST_LINE);)
        if (!take_run(s, &at)) {
            snprintf(place, sizeof place, "page line %" PRIu32, s->pages.count + 1);
            return bad(s, place, "is not as it must be", error);
        }
    return true;
}

/* The chunks of the file itself lie in the order of their lines, from the locator to the text, without gaps. */
static bool chunks_fill(const struct snapshot *s, uint64_t text_at)
{
    uint64_t start = 0, end = LOCATOR_SIZE;

    for (uint32_t i = 0; i < s->pages.count; i++) {
        const struct page_run *run = &s->pages.runs[i];
        if (strcmp(s->pages.names[run->file], ".") || run->offset == start)
            continue;
        if (run->offset != end)
            return false;
        start = end;
        end += run->length;
    }
    return end == text_at;
}

bool snapshot_read(const char *path, struct snapshot *s, struct error *error)
{
    return snapshot_read_in(-1, path, s, error);
}

static bool open_pack(const struct snapshot *s, struct pack *pack, const char *path, struct error *error)
{
    return s->descriptor < 0 ? pack_open(pack, path, error) : pack_open_in(pack, s->descriptor, path, error);
}

bool snapshot_read_in(int descriptor, const char *path, struct snapshot *s, struct error *error)
{
    char locator[LOCATOR_SIZE], expected[LOCATOR_SIZE];
    struct pack pack;
    uint64_t at = 0;
    bool good;

    memset(s, 0, sizeof *s);
    s->descriptor = descriptor;
    if ((size_t)snprintf(s->path, sizeof s->path, "%s", path) >= sizeof s->path)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "has too long a name");
    if (!open_pack(s, &pack, path, error))
        return false;
    good = pack.size >= LOCATOR_SIZE ? file_read(pack.descriptor, path, 0, locator, LOCATOR_SIZE, error)
                                     : bad(s, NULL, "is not a snapshot", error);
    if (good) {
        if (decimal_parse(locator + LOCATOR_NUMBER, 15, &at))
            make_locator(at, expected);
        good = (at >= LOCATOR_SIZE && at < pack.size && !memcmp(locator, expected, LOCATOR_SIZE)) ||
               bad(s, NULL, "is not a snapshot", error);
    }
    good = good && read_text(s, &pack, at, error) && take_text(s, error) &&
           (chunks_fill(s, at) ||
            bad(s, "pages", "its chunks do not fill the file up to the text in the order of their lines", error));
    pack_close(&pack);
    return good;
}

void snapshot_free(struct snapshot *s)
{
    free(s->text);
    page_table_free(&s->pages);
    s->text = NULL;
}

/* --- Pages --- */

void page_reader_begin(struct page_reader *reader, const struct snapshot *snapshot)
{
    reader->snapshot = snapshot;
    reader->pack.descriptor = -1;
    reader->pack.decoder = NULL;
    reader->file = SNAPSHOT_FILES;
    reader->offset = UINT64_MAX;
}

void page_reader_end(struct page_reader *reader)
{
    pack_close(&reader->pack);
}

static bool open_file(struct page_reader *reader, uint32_t file, struct error *error)
{
    const char *path = reader->snapshot->path, *slash = strrchr(path, '/'), *name = reader->snapshot->pages.names[file];
    char beside[sizeof reader->snapshot->path + SNAPSHOT_FILE_NAME];

    pack_close(&reader->pack);
    reader->file = SNAPSHOT_FILES;
    reader->offset = UINT64_MAX;
    snprintf(beside, sizeof beside, "%.*s%s", slash ? (int)(slash - path) + 1 : 0, path, name);
    if (strcmp(name, ".") && reader->snapshot->descriptor >= 0)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "has pages in another file");
    if (strcmp(name, ".") ? !pack_open(&reader->pack, beside, error)
                          : !open_pack(reader->snapshot, &reader->pack, path, error))
        return false;
    reader->file = file;
    return true;
}

const uint8_t *page_reader_get(struct page_reader *reader, const struct page_run *run, uint32_t index,
                               struct error *error)
{
    uint32_t used;

    if (reader->file != run->file && !open_file(reader, run->file, error))
        return NULL;
    if (reader->offset != run->offset) {
        reader->offset = UINT64_MAX;
        if (!pack_read(&reader->pack, run->offset, run->length, run->digest, reader->bytes, &reader->size, &used,
                       error))
            return NULL;
        reader->offset = run->offset;
    }
    if (reader->size != run->size) {
        error_set(error, STATUS_INPUT, reader->pack.path, NULL, NULL, "a chunk is not as large as it should be");
        return NULL;
    }
    return reader->bytes + (size_t)(run->skip + index) * MACHINE_PAGE;
}

static bool restore_pages(const struct snapshot *s, struct machine *machine, struct error *error)
{
    struct page_reader *reader = malloc(sizeof *reader);
    struct machine_fault fault;
    bool good = true;

    if (!reader)
        return error_set(error, STATUS_HOST, s->path, NULL, NULL, "out of memory");
    page_reader_begin(reader, s);
    for (uint32_t i = 0; good && i < s->pages.count; i++) {
        const struct page_run *run = &s->pages.runs[i];
        for (uint32_t n = 0; good && n < run->count; n++) {
            const uint8_t *bytes = page_reader_get(reader, run, n, error);
            good = bytes && (machine_page_put(machine, run->area, run->first + n, bytes, run->readable, &fault) ||
                             error_set(error, STATUS_INPUT, s->path, fault.name, NULL, "%s", fault.what));
        }
    }
    page_reader_end(reader);
    free(reader);
    return good;
}

bool snapshot_restore(const struct snapshot *s, struct machine *machine, struct error *error)
{
    struct machine_fault fault;
    uint8_t digest[DIGEST_SIZE];

    if (!restore_pages(s, machine, error))
        return false;
    if (!machine_load(machine, s->state, s->state_length, &fault))
        return error_set(error, STATUS_INPUT, s->path, fault.name, NULL, "%s", fault.what);
    if (!machine_digest(machine, digest))
        return error_set(error, STATUS_HOST, s->path, NULL, NULL,
                         "there is no memory for the machine's digest, or a disk failed");
    return !memcmp(digest, s->digest, sizeof digest) ||
           bad(s, "digest", "the state does not have the digest that it should have", error);
}
