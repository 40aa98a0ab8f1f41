/* authority.c - who says what a member must be, and whether he is to be believed.
 *
 * The signature vouches for the statement, the statement for seal.txt and content.txt, the seal for SHA256SUMS and the
 * tops, these for the extents and their maps. A damaged statement is distinguished from a damaged seal by printing the
 * statement anew: if the signature fits that, the statement is what is damaged. A seal that the statement does not name
 * says nothing; then content.txt, if the statement names that, says what the disks must be. */
#include "verify/fixity/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Evidence --- */

struct evidence {
    struct part *key_part, *signature_part, *statement_part, *seal_part, *content_part;
    char *key, *signature, *statement, *seal, *content;
    bool key_good;
    uint8_t signer[DIGEST_SIZE], seal_digest[DIGEST_SIZE], content_digest[DIGEST_SIZE];
    struct text expected; /* the statement as it must be for this key, seal and content */
};

static char *take(struct check *c, enum member_kind kind, uint64_t least, uint64_t most, struct part **part)
{
    char *bytes;

    *part = find_part(c, kind, 0);
    if (!*part)
        return NULL;
    if ((*part)->member.size < least || (*part)->member.size > most) {
        report_part(c, *part, "has a wrong length");
        return NULL;
    }
    bytes = read_part(c, *part, most);
    return bytes;
}

static bool take_evidence(struct check *c, struct evidence *e)
{
    uint64_t statement_size = tail_layout(0).statement_size;

    e->key = take(c, MEMBER_KEY, PUBLIC_PEM_SIZE, PUBLIC_PEM_SIZE, &e->key_part);
    e->signature = take(c, MEMBER_SIGNATURE, SIGNATURE_SIZE, SIGNATURE_SIZE, &e->signature_part);
    e->statement = take(c, MEMBER_STATEMENT, statement_size, statement_size, &e->statement_part);
    e->seal = take(c, MEMBER_SEAL, 1, SMALL_LIMIT, &e->seal_part);
    e->content = take(c, MEMBER_CONTENT, 1, SMALL_LIMIT, &e->content_part);
    if (!e->key || !e->signature || !e->statement || !e->seal || !e->content)
        return false;
    sha256(e->seal, (size_t)e->seal_part->member.size, e->seal_digest);
    sha256(e->content, (size_t)e->content_part->member.size, e->content_digest);
    e->key_good = public_key_digest(e->key, PUBLIC_PEM_SIZE, true, e->signer);
    statement_print(&e->expected, e->signer, e->content_digest, e->seal_digest);
    c->out_of_memory = c->out_of_memory || e->expected.failed;
    return !e->expected.failed;
}

static bool fits(const struct evidence *e, const char *statement)
{
    return signature_fits(e->key, PUBLIC_PEM_SIZE, (const uint8_t *)e->signature, statement, e->expected.length);
}

/* Whether the statement has this digest where the expected one has it. */
static bool names(const struct evidence *e, const uint8_t digest[DIGEST_SIZE])
{
    char hex[65];

    hex_encode(digest, hex);
    return memcmp(e->statement + (strstr(e->expected.bytes, hex) - e->expected.bytes), hex, 64) == 0;
}

/* The statement is not what it must be, and the signature does not fit what it must be either. */
static void judge_mismatch(struct check *c, const struct evidence *e)
{
    bool key_named = e->key_good && names(e, e->signer);

    c->vouched = key_named && fits(e, e->statement);
    c->signature_bad = key_named && !c->vouched;
    c->content_named = names(e, e->content_digest);
    c->seal_named = names(e, e->seal_digest);
    if (!key_named)
        report_part(c, e->key_part, "is not the key that the statement names");
    if (!c->content_named)
        report_part(c, e->content_part, "does not match the statement about it");
    if (!c->seal_named)
        report_part(c, e->seal_part, "does not match the statement about it");
    if (key_named && c->content_named && c->seal_named)
        report_part(c, e->statement_part, "is not written as a statement of version 0 is");
}

static void judge(struct check *c, const struct evidence *e)
{
    const struct member *statement = &e->statement_part->member;
    bool same = e->key_good && memcmp(e->statement, e->expected.bytes, e->expected.length) == 0;
    bool vouched = e->key_good && fits(e, e->expected.bytes);

    if (!same && !vouched) {
        judge_mismatch(c, e);
        return;
    }
    c->content_named = c->seal_named = true;
    c->vouched = vouched;
    c->signature_bad = !vouched;
    if (!same)
        report_difference(c, statement->name, NULL, statement->offset, e->statement, e->expected.bytes,
                          e->expected.length);
}

/* The seal that the plan found may lie elsewhere than the member: from here on, the member counts. */
static void parse_seal(struct check *c, const struct evidence *e)
{
    const char *reason;

    seal_free(&c->seal);
    c->seal_parsed = seal_parse(e->seal, (size_t)e->seal_part->member.size, &c->seal, &reason);
    if (c->seal_named && !c->seal_parsed)
        report_part(c, e->seal_part, reason);
}

void judge_evidence(struct check *c)
{
    struct evidence e = {.key_good = false};
    uint8_t digest[DIGEST_SIZE];

    c->seal_named = false;
    if (take_evidence(c, &e)) {
        judge(c, &e);
        parse_seal(c, &e);
        if (c->vouched)
            hex_encode(e.signer, c->result->signer);
        sha256(e.statement, e.expected.length, digest);
        hex_encode(digest, c->statement);
    }
    if (c->content_named)
        c->content = e.content;
    else
        free(e.content);
    text_free(&e.expected);
    free(e.key);
    free(e.signature);
    free(e.statement);
    free(e.seal);
}

/* --- Claims --- */

static const struct member *seal_claim(const struct check *c, const char *name)
{
    return c->seal_named && c->seal_parsed ? seal_find(&c->seal, name) : NULL;
}

/* What follows a key at the beginning of a line of content.txt; null: there is no such line. */
static const char *content_line(const struct check *c, const char *key)
{
    const char *at = c->content ? strstr(c->content, key) : NULL;

    return at ? at + strlen(key) : NULL;
}

/* The line "disk: SLOT SIZE ROOT SHA256"; false: content.txt has none that can be used. */
static bool content_disk(const struct check *c, enum drive_slot slot, uint64_t *size, uint8_t root[DIGEST_SIZE],
                         uint8_t unreadable[DIGEST_SIZE])
{
    const char *line;
    char key[32];

    snprintf(key, sizeof key, "\ndisk: %s ", drive_slot_names[slot]);
    line = content_line(c, key);
    return line && decimal_parse(line, 15, size) && line[15] == ' ' && hex_decode(line + 16, root) && line[80] == ' ' &&
           hex_decode(line + 81, unreadable) && *size > 0 && *size % SECTOR_SIZE == 0 && *size <= DISK_LIMIT;
}

/* The digest that content.txt has for a member. */
static bool content_claim(const struct check *c, const struct part *part, uint8_t digest[DIGEST_SIZE])
{
    char tail[NAME_SIZE + 2];
    uint8_t root[DIGEST_SIZE];
    const char *line;
    uint64_t size;

    if (part->id.kind == MEMBER_UNREADABLE)
        return content_disk(c, part->id.slot, &size, root, digest);
    snprintf(tail, sizeof tail, " %s\n", part->member.name);
    line = c->content ? strstr(c->content, tail) : NULL;
    return line && line - c->content >= 64 && hex_decode(line - 64, digest);
}

bool content_machine_root(const struct check *c, hex_digest root)
{
    const char *line = content_line(c, "\nmachine-root: ");
    uint8_t digest[DIGEST_SIZE];

    if (!line)
        return false;
    sha256(c->content, (size_t)(line - c->content) - strlen("machine-root: "), digest);
    hex_encode(digest, root);
    return strncmp(root, line, 64) == 0;
}

/* Gives each member the digest that SHA256SUMS has for it. */
static void spread_sums(struct check *c, const char *line)
{
    for (size_t length; *line; line += length + (line[length] == '\n')) {
        char name[NAME_SIZE];
        struct part *part;

        length = strcspn(line, "\n");
        if (length <= 66 || length - 66 >= NAME_SIZE)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(length - 66), line + 66);
        part = find_name(c, name);
        if (part)
            part->in_sums = hex_decode(line, part->summed);
    }
}

bool claims_allow(const struct check *c, const struct part *part)
{
    const struct member *m = &part->member, *sealed;
    const struct disk_check *disk = &c->disks[part->id.slot];
    bool listed = part->id.kind != MEMBER_EXTENT && part->id.kind != MEMBER_MAP;
    uint8_t digest[DIGEST_SIZE];

    if (part->id.kind >= MEMBER_SEAL)
        return true;
    if (part->id.kind == MEMBER_MAP && disk->claimed && part->id.extent < disk->extents)
        return memcmp(m->digest, disk->claimed[part->id.extent].map_digest, DIGEST_SIZE) == 0;
    sealed = listed ? seal_claim(c, m->name) : NULL;
    if (sealed)
        return memcmp(m->digest, sealed->digest, DIGEST_SIZE) == 0;
    if (listed && content_claim(c, part, digest))
        return memcmp(m->digest, digest, DIGEST_SIZE) == 0;
    return !part->in_sums || memcmp(m->digest, part->summed, DIGEST_SIZE) == 0;
}

/* Size and root of a disk: from the seal, or from content.txt if the statement does not name the seal. */
static void load_disk(struct check *c, enum drive_slot slot)
{
    struct disk_check *disk = &c->disks[slot];
    uint8_t unreadable[DIGEST_SIZE];

    if (c->seal_named && c->seal_parsed) {
        disk->size = c->seal.disks[slot].size;
        memcpy(disk->root, c->seal.disks[slot].root, DIGEST_SIZE);
    } else if (!content_disk(c, slot, &disk->size, disk->root, unreadable)) {
        disk->size = 0;
    }
    disk->extents = disk_extents(disk->size);
}

/* The top, if it leads to the root of the disk. */
static void load_top(struct check *c, enum drive_slot slot)
{
    struct disk_check *disk = &c->disks[slot];
    struct part *part = find_part(c, MEMBER_TOP, slot);
    char *text = part && part->member.size == (uint64_t)disk->extents * TOP_LINE ? read_part(c, part, TOP_LIMIT) : NULL;
    bool good = text != NULL;
    struct tree tree = {.count = 0};
    uint8_t root[DIGEST_SIZE];

    if (good) {
        sha256(text, (size_t)part->member.size, part->member.digest);
        good = claims_allow(c, part);
        disk->claimed = calloc(disk->extents, sizeof *disk->claimed);
        c->out_of_memory |= !disk->claimed;
    }
    for (uint32_t i = 0; good && disk->claimed && i < disk->extents; i++) {
        good = top_line_parse(text + (size_t)i * TOP_LINE, i, seal_is_derived(&c->seal), &disk->claimed[i]);
        tree_add_subtree(&tree, disk->claimed[i].root);
    }
    tree_root(&tree, root);
    if (!good || memcmp(root, disk->root, DIGEST_SIZE) != 0) {
        free(disk->claimed);
        disk->claimed = NULL;
    }
    free(text);
}

/* The list of unreadable sectors, if it is what it must be. */
static void load_unreadable(struct check *c, enum drive_slot slot)
{
    struct disk_check *disk = &c->disks[slot];
    struct part *part = find_part(c, MEMBER_UNREADABLE, slot);
    char *text = part ? read_part(c, part, (uint64_t)UNREADABLE_LIMIT * UNREADABLE_LINE) : NULL;
    struct sector_range *ranges = text ? calloc((size_t)part->member.size / UNREADABLE_LINE + 1, sizeof *ranges) : NULL;

    c->out_of_memory |= text && !ranges;
    if (ranges) {
        sha256(text, (size_t)part->member.size, part->member.digest);
        if (claims_allow(c, part) &&
            unreadable_parse(text, (size_t)part->member.size, disk->size / SECTOR_SIZE, ranges)) {
            disk->unreadable = ranges;
            disk->unreadable_count = (uint32_t)(part->member.size / UNREADABLE_LINE);
            ranges = NULL;
        }
    }
    free(ranges);
    free(text);
}

void load_claims(struct check *c)
{
    struct part *sums = find_part(c, MEMBER_SUMS, 0);
    const struct member *sealed = seal_claim(c, "SHA256SUMS");
    char *text = sums ? read_part(c, sums, SUMS_LIMIT) : NULL;

    if (text) {
        sha256(text, (size_t)sums->member.size, sums->member.digest);
        c->sums_intact = sealed && memcmp(sealed->digest, sums->member.digest, DIGEST_SIZE) == 0;
        spread_sums(c, text);
        free(text);
    }
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        struct disk_check *disk = &c->disks[slot];

        load_disk(c, (enum drive_slot)slot);
        if (disk->size == 0)
            continue;
        disk->read = calloc(disk->extents, sizeof *disk->read);
        c->out_of_memory |= !disk->read;
        load_top(c, (enum drive_slot)slot);
        load_unreadable(c, (enum drive_slot)slot);
    }
}

bool claims_are_whole(const struct check *c)
{
    bool whole = c->vouched && c->by_seal && c->sums_intact && c->seal_named && c->seal_parsed;

    for (unsigned slot = 0; whole && slot < DRIVE_COUNT; slot++)
        whole = c->disks[slot].size == 0 ||
                (c->disks[slot].read && c->disks[slot].claimed && c->disks[slot].unreadable);
    return whole;
}

void take_claim(struct check *c, struct part *part)
{
    struct disk_check *disk = &c->disks[part->id.slot];

    if (part->in_sums)
        memcpy(part->member.digest, part->summed, DIGEST_SIZE);
    if (part->id.kind == MEMBER_EXTENT && part->id.extent < disk->extents)
        disk->read[part->id.extent] = disk->claimed[part->id.extent];
}

/* --- Disks --- */

/* The root of a disk from what was read. An extent that was not there is one of zeros. */
static void read_root(struct disk_check *disk, uint8_t root[DIGEST_SIZE])
{
    struct zero_roots zero;
    struct tree tree = {.count = 0};

    zero_roots(disk->size, &zero);
    for (uint32_t i = 0; i < disk->extents; i++) {
        struct top_entry *entry = &disk->read[i];

        if (entry->length == 0 && disk->claimed && disk->claimed[i].inherited) {
            *entry = disk->claimed[i];
        } else if (entry->length == 0) {
            entry->zero = true;
            memcpy(entry->root, i + 1 < disk->extents ? zero.whole : zero.last, DIGEST_SIZE);
        }
        tree_add_subtree(&tree, entry->root);
    }
    tree_root(&tree, root);
}

/* The part of the file that holds a disk; whether damage of an extent is reported already. */
static bool disk_span(const struct check *c, enum drive_slot slot, uint64_t *from, uint64_t *end)
{
    bool damaged = false;

    *from = *end = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct part *part = &c->parts[i];

        if (part->id.kind < MEMBER_EXTENT || part->id.kind > MEMBER_UNREADABLE || part->id.slot != slot)
            continue;
        *from = *end ? *from : part->member.offset;
        *end = part->member.offset + part->member.size;
        damaged = damaged || (part->id.kind == MEMBER_EXTENT && part->damaged);
    }
    return damaged;
}

void check_roots(struct check *c)
{
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        struct disk_check *disk = &c->disks[slot];
        uint8_t root[DIGEST_SIZE];
        uint64_t from, end;
        char name[16];

        if (disk->read)
            read_root(disk, root);
        if (disk_span(c, (enum drive_slot)slot, &from, &end) || !(c->seal_named || c->content_named))
            continue;
        snprintf(name, sizeof name, "disk/%s", drive_slot_names[slot]);
        if (disk->read && memcmp(root, disk->root, DIGEST_SIZE) != 0)
            report_place(c, name, NULL, from, end - from, "is not the disk whose root stands in %s",
                         c->seal_named ? "seal.txt" : "content.txt");
        else if (disk->size == 0 && end > 0)
            report_place(c, name, NULL, from, end - from, "is a disk that %s does not name",
                         c->seal_named ? "seal.txt" : "content.txt");
    }
}

/* --- Consistency --- */

/* Reports where a text is not what it must be. */
static void check_text(struct check *c, enum member_kind kind, enum drive_slot slot, const struct text *expected)
{
    struct part *part = find_part(c, kind, slot);
    char *actual = part ? read_part(c, part, SUMS_LIMIT) : NULL;

    if (!actual || expected->failed)
        c->out_of_memory = true;
    else if (part->member.size != expected->length)
        report_part(c, part, "does not say what the archive holds");
    else
        report_difference(c, part->member.name, NULL, part->member.offset, actual, expected->bytes, expected->length);
    free(actual);
}

static void check_readme(struct check *c)
{
    struct part *readme = find_part(c, MEMBER_README, 0), *seal = find_part(c, MEMBER_SEAL, 0);
    char *text = read_part(c, readme, SMALL_LIMIT);
    uint64_t sealed_bytes, seal_at;

    c->out_of_memory = c->out_of_memory || !text;
    if (text && (!readme_fields(text, &sealed_bytes, &seal_at) || sealed_bytes != c->size ||
                 seal_at != seal->member.offset - TAR_BLOCK))
        report_part(c, readme, "has fields sealed-bytes and seal-at that are not so");
    free(text);
}

static void check_top(struct check *c, enum drive_slot slot)
{
    struct disk_check *disk = &c->disks[slot];
    struct text top = {.bytes = NULL};
    char line[TOP_LINE + 1];

    for (uint32_t i = 0; i < disk->extents; i++) {
        top_line_print(line, i, &disk->read[i]);
        text_add(&top, line, TOP_LINE);
    }
    check_text(c, MEMBER_TOP, slot, &top);
    text_free(&top);
}

static void check_tables(struct check *c)
{
    struct text sums = {.bytes = NULL}, content = {.bytes = NULL};
    uint8_t root[DIGEST_SIZE];

    for (uint32_t i = 0; i < c->count; i++) {
        struct part *part = &c->parts[i];

        if (part->id.kind < MEMBER_SUMS)
            sums_print(&sums, part->member.digest, part->member.name);
        if (part->id.kind < MEMBER_SEAL && part->id.kind != MEMBER_EXTENT && part->id.kind != MEMBER_MAP &&
            !seal_find(&c->seal, part->member.name))
            report_part(c, part, "is a member that seal.txt does not list");
    }
    check_text(c, MEMBER_SUMS, 0, &sums);
    text_free(&sums);
    for (uint32_t i = 0; i < c->seal.count; i++) {
        struct part *part = find_name(c, c->seal.members[i].name);

        if (!part || part->member.offset != c->seal.members[i].offset || part->member.size != c->seal.members[i].size)
            report_place(c, c->seal.members[i].name, NULL, c->seal.members[i].offset, c->seal.members[i].size,
                         "is not where the seal says");
    }
    content_print(&content, &c->seal, root);
    check_text(c, MEMBER_CONTENT, 0, &content);
    text_free(&content);
}

void check_consistency(struct check *c)
{
    struct archive *archive;
    struct error error;

    check_readme(c);
    check_tables(c);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (c->disks[slot].read)
            check_top(c, (enum drive_slot)slot);
    if (c->result->findings > 0 || c->out_of_memory)
        return;
    archive = archive_open_descriptor(c->descriptor, c->request->path, c->request->folders, &error);
    if (!archive && error.status == STATUS_HOST)
        c->failure = error;
    else if (!archive)
        report_place(c, "archive", error.place, 0, c->size, "cannot be opened although its digests are right: %s %s",
                     error.object, error.what);
    else if (strcmp(archive_signature(archive)->statement, c->statement) != 0)
        report_place(c, "archive", NULL, 0, c->size, "was changed while it was verified");
    else
        check_inherited(c, archive);
    if (c->result->findings == 0 && c->request->archive)
        *c->request->archive = archive;
    else
        archive_close(archive);
}
