/* plan.c - what lies where in an archive that may be damaged.
 *
 * There are two ways to know. The seal lists the members and the tops list the extents: if they are authentic and fill
 * the file without a gap, they are the plan, and every header is compared with the one it must be. Otherwise the
 * headers are followed; after one that is damaged, the next legal one is searched. */
#include "verify/fixity/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_part(struct check *c, const char *name, uint64_t offset, uint64_t size)
{
    struct part *part;

    if (c->count == PARTS_LIMIT)
        return false;
    if (c->count == c->capacity) {
        uint32_t capacity = c->capacity ? c->capacity * 2 : 64;
        struct part *parts = realloc(c->parts, capacity * sizeof *parts);

        if (!parts) {
            c->out_of_memory = true;
            return false;
        }
        c->parts = parts;
        c->capacity = capacity;
    }
    part = &c->parts[c->count++];
    *part = (struct part){.member = {.offset = offset, .size = size}, .id = member_identify(name)};
    snprintf(part->member.name, NAME_SIZE, "%s", name);
    return true;
}

/* --- The plan of the seal --- */

/* Takes the seal at seal_at, whose header is not needed: its length follows from where the file ends. Version 0 has
 * text there. */
static bool try_seal(struct check *c, uint64_t seal_at, uint64_t *seal_size)
{
    uint64_t room, rest = tail_layout(0).end;
    const char *reason;
    char *tail;
    size_t length;
    struct tail at;
    char line[100], hex[65];
    uint8_t digest[DIGEST_SIZE];

    if (seal_at % TAR_BLOCK != 0 || seal_at > c->size || c->size - seal_at <= rest ||
        c->size - seal_at - rest > SMALL_LIMIT)
        return false;
    room = c->size - seal_at - rest;
    tail = calloc(1, (size_t)(c->size - seal_at) + 1);
    if (!tail) {
        c->out_of_memory = true;
        return false;
    }
    read_some(c, seal_at, tail, (size_t)(c->size - seal_at));
    for (length = (size_t)room; length > 0 && tail[TAR_BLOCK + length - 1] == '\0'; length--)
        continue;
    seal_free(&c->seal);
    reason = "";
    c->seal_parsed = tar_padded(length) == room && seal_parse(tail + TAR_BLOCK, length, &c->seal, &reason);
    c->out_of_memory = c->out_of_memory || !reason;
    at = tail_layout(length);
    sha256(tail + TAR_BLOCK, length, digest);
    hex_encode(digest, hex);
    snprintf(line, sizeof line, "member: %s seal.txt\n", hex);
    tail[at.statement + at.statement_size] = '\0';
    c->seal_named = c->seal_parsed && strstr(tail + at.statement, line);
    free(tail);
    *seal_size = length;
    return c->seal_parsed;
}

/* Where the header of the seal seems to be, looking from the end of the file; 0 if nowhere. */
static uint64_t search_seal(struct check *c)
{
    uint64_t nearest = tail_layout(1).end;
    char name[16] = "";

    for (uint64_t back = nearest; back <= c->size && back < nearest + SMALL_LIMIT; back += TAR_BLOCK) {
        read_some(c, c->size - back, name, 9);
        if (memcmp(name, "seal.txt", 9) == 0)
            return c->size - back;
    }
    return 0;
}

/* By the fields of the README, without its header; else by search. */
static bool find_seal(struct check *c, uint64_t *seal_at, uint64_t *seal_size)
{
    char *readme = calloc(1, SMALL_LIMIT + 1);
    uint64_t sealed_bytes;
    bool found;

    if (!readme) {
        c->out_of_memory = true;
        return false;
    }
    read_some(c, TAR_BLOCK, readme, SMALL_LIMIT);
    found = readme_fields(readme, &sealed_bytes, seal_at) && try_seal(c, *seal_at, seal_size);
    free(readme);
    if (found)
        return true;
    *seal_at = search_seal(c);
    return *seal_at != 0 && try_seal(c, *seal_at, seal_size);
}

/* Adds the extents of a disk from its top, if that is authentic. */
static bool plan_extents(struct check *c, const struct member *top, enum drive_slot slot)
{
    uint64_t size = c->seal.disks[slot].size;
    char *text = malloc((size_t)top->size + 1), name[NAME_SIZE];
    uint8_t digest[DIGEST_SIZE];
    bool good = text && read_some(c, top->offset, text, (size_t)top->size) == top->size;

    if (good) {
        sha256(text, (size_t)top->size, digest);
        good = memcmp(digest, top->digest, DIGEST_SIZE) == 0;
    }
    for (uint32_t i = 0; good && i < disk_extents(size); i++) {
        struct top_entry entry;
        uint64_t map;

        good = top_line_parse(text + (size_t)i * TOP_LINE, i, seal_is_derived(&c->seal), &entry);
        if (!good || top_entry_is_bare(&entry))
            continue;
        map = entry.offset + tar_padded(entry.length) + TAR_BLOCK;
        member_name(MEMBER_EXTENT, slot, i, name);
        good = add_part(c, name, entry.offset, entry.length);
        member_name(MEMBER_MAP, slot, i, name);
        good = good && add_part(c, name, map, (uint64_t)extent_chunks(size, i) * MAP_LINE);
    }
    free(text);
    return good;
}

static bool plan_by_seal(struct check *c, uint64_t seal_at, uint64_t seal_size)
{
    struct tail at = tail_layout(seal_size);
    uint64_t end = 0;

    for (uint32_t i = 0; i < c->seal.count; i++) {
        const struct member *m = &c->seal.members[i];
        struct member_id id = member_identify(m->name);

        if (id.kind == MEMBER_TOP && !plan_extents(c, m, id.slot))
            return false;
        if (!add_part(c, m->name, m->offset, m->size))
            return false;
    }
    if (!add_part(c, "seal.txt", seal_at + TAR_BLOCK, seal_size) ||
        !add_part(c, "evidence/00000000/key.pub", seal_at + at.key, PUBLIC_PEM_SIZE) ||
        !add_part(c, "evidence/00000000/statement.sig", seal_at + at.signature, SIGNATURE_SIZE) ||
        !add_part(c, "evidence/00000000/statement.txt", seal_at + at.statement, at.statement_size))
        return false;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct member *m = &c->parts[i].member;

        if (m->offset != end + TAR_BLOCK)
            return false;
        end = m->offset + tar_padded(m->size);
    }
    return end + TAR_END == c->size;
}

/* --- The plan of the headers --- */

/* The next block from `offset` on that is a legal header of a member that may come now; the end of the file if there is
 * none. */
static uint64_t resync(struct check *c, uint64_t offset)
{
    const char *last = c->count ? c->parts[c->count - 1].member.name : "";
    uint8_t block[TAR_BLOCK];
    char name[NAME_SIZE];
    uint64_t size;

    for (; offset + TAR_BLOCK <= c->size; offset += TAR_BLOCK)
        if (read_some(c, offset, block, TAR_BLOCK) == TAR_BLOCK && tar_header_parse(block, name, &size) &&
            member_identify(name).kind != MEMBER_UNKNOWN && (c->count == 0 || member_compare(last, name) < 0))
            return offset;
    return c->size;
}

static void report_end(struct check *c, uint64_t offset)
{
    uint8_t block[TAR_END], zeros[TAR_END] = {0};
    size_t there = read_some(c, offset, block, TAR_END);

    if (there < TAR_END)
        report_place(c, "end of archive", NULL, offset, there, "has %zu bytes instead of 1024", there);
    else
        report_difference(c, "end of archive", NULL, offset, block, zeros, TAR_END);
    if (offset + TAR_END < c->size)
        report_place(c, "end of archive", NULL, offset + TAR_END, c->size - offset - TAR_END,
                     "is followed by something");
}

static void plan_by_headers(struct check *c)
{
    uint64_t offset = 0, size, next;
    uint8_t block[TAR_BLOCK];
    char name[NAME_SIZE];

    while (offset < c->size && !c->out_of_memory) {
        size_t there = read_some(c, offset, block, TAR_BLOCK);

        if (there == TAR_BLOCK && tar_header_parse(block, name, &size)) {
            if (!add_part(c, name, offset + TAR_BLOCK, size)) {
                report_place(c, name, NULL, offset, c->size - offset, "is one member more than an archive can have");
                return;
            }
            if (size > c->size - offset - TAR_BLOCK) {
                report_place(c, name, NULL, offset, c->size - offset,
                             "is cut off: the file ends here, %llu bytes too early",
                             (unsigned long long)(size - (c->size - offset - TAR_BLOCK)));
                c->count--;
                return;
            }
            offset += TAR_BLOCK + tar_padded(size);
            continue;
        }
        if (all_zero(block, there) || c->size - offset == TAR_END)
            break;
        next = resync(c, offset + TAR_BLOCK);
        report_place(c, "header", NULL, offset, next - offset,
                     "has no legal header; what follows it cannot be identified");
        offset = next;
    }
    report_end(c, offset);
}

/* --- Either --- */

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(struct part *const *)a)->member.name, (*(struct part *const *)b)->member.name);
}

static bool sort_names(struct check *c)
{
    c->by_name = calloc(c->count + 1, sizeof(struct part *));
    for (uint32_t i = 0; c->by_name && i < c->count; i++)
        c->by_name[i] = &c->parts[i];
    if (c->by_name)
        qsort(c->by_name, c->count, sizeof(struct part *), compare_names);
    return c->by_name != NULL;
}

struct part *find_name(const struct check *c, const char *name)
{
    struct part wanted, *key = &wanted, **found;

    snprintf(wanted.member.name, NAME_SIZE, "%s", name);
    found = bsearch(&key, c->by_name, c->count, sizeof(struct part *), compare_names);
    return found ? *found : NULL;
}

struct part *find_part(const struct check *c, enum member_kind kind, enum drive_slot slot)
{
    char name[NAME_SIZE];

    member_name(kind, slot, 0, name);
    return find_name(c, name);
}

static void check_order(struct check *c)
{
    const char *last = NULL;

    for (uint32_t i = 0; i < c->count; i++) {
        const struct part *part = &c->parts[i];
        const struct member *m = &part->member;
        int order = last ? member_compare(last, m->name) : -1;

        if (part->id.kind == MEMBER_UNKNOWN)
            report_place(c, m->name, NULL, m->offset - TAR_BLOCK, m->size + TAR_BLOCK,
                         "is not a member that an archive of version 0 has");
        else if (order >= 0)
            report_place(c, m->name, NULL, m->offset - TAR_BLOCK, m->size + TAR_BLOCK,
                         order == 0 ? "is there twice" : "is out of place");
        else
            last = m->name;
    }
}

static bool is_always_there(enum member_kind kind)
{
    return kind != MEMBER_SPEC && kind != MEMBER_SOURCE && kind != MEMBER_DOCUMENT &&
           (kind < MEMBER_EXTENT || kind > MEMBER_ATTEST_JOURNAL);
}

static void check_present(struct check *c)
{
    char name[NAME_SIZE];

    for (int kind = MEMBER_README; kind < MEMBER_UNKNOWN; kind++) {
        if (!is_always_there((enum member_kind)kind) || find_part(c, (enum member_kind)kind, 0))
            continue;
        member_name((enum member_kind)kind, 0, 0, name);
        report_place(c, name, NULL, 0, 0, "is missing");
    }
    for (uint32_t i = 0; c->seal_named && i < c->seal.count; i++) {
        const struct member *m = &c->seal.members[i];

        if (!is_always_there(member_identify(m->name).kind) && !find_name(c, m->name))
            report_place(c, m->name, NULL, m->offset - TAR_BLOCK, m->size + TAR_BLOCK, "is missing");
    }
}

bool plan_members(struct check *c)
{
    uint64_t seal_at, seal_size;
    bool sealed = find_seal(c, &seal_at, &seal_size);
    char first[16] = "";

    read_some(c, 0, first, 15);
    if (!sealed && memcmp(first, "000-README.txt", 15) != 0)
        return false;
    if (!sealed || !c->seal_named || !plan_by_seal(c, seal_at, seal_size)) {
        c->count = 0;
        plan_by_headers(c);
    } else {
        c->by_seal = true;
        report_end(c, c->size - TAR_END);
    }
    if (!sort_names(c)) {
        c->out_of_memory = true;
        return true;
    }
    check_order(c);
    check_present(c);
    return true;
}
