/* sealtext.c - the texts that hold an archive together: seal.txt, content.txt, the signed statement, SHA256SUMS, the
 * fields of the README.
 *
 * Every line is "key: value" with numbers of fixed width, so that the length of a text is known before its numbers are.
 */
#include "archive/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEAL_TITLE "muniment-seal: 0\n"

/* --- The table of members --- */

bool seal_add(struct seal *seal, const struct member *member)
{
    if (seal->count == seal->capacity) {
        uint32_t capacity = seal->capacity ? seal->capacity * 2 : 32;
        struct member *members = realloc(seal->members, capacity * sizeof *members);

        if (!members)
            return false;
        seal->members = members;
        seal->capacity = capacity;
    }
    seal->members[seal->count++] = *member;
    return true;
}

const struct member *seal_find(const struct seal *seal, const char *name)
{
    for (uint32_t i = 0; i < seal->count; i++)
        if (strcmp(seal->members[i].name, name) == 0)
            return &seal->members[i];
    return NULL;
}

void seal_free(struct seal *seal)
{
    free(seal->members);
    text_free(&seal->changes);
    text_free(&seal->origins);
    *seal = (struct seal){.members = NULL};
}

bool seal_is_derived(const struct seal *seal)
{
    return seal->parent_root[0] != '\0';
}

/* --- seal.txt --- */

void seal_print(struct text *t, const struct seal *seal)
{
    char hex[65];

    text_print(t, SEAL_TITLE "software: %s\ncompressor: %s\n", seal->software, seal->compressor);
    if (seal_is_derived(seal))
        text_print(t, "parent: %s %s\n", seal->parent_root, seal->parent_content);
    else
        text_print(t, "parent: none\n");
    if (seal->changes.length)
        text_add(t, seal->changes.bytes, seal->changes.length);
    for (uint32_t i = 0; i < seal->count; i++) {
        const struct member *m = &seal->members[i];

        hex_encode(m->digest, hex);
        text_print(t, "member: %s %015llu %015llu %s\n", hex, (unsigned long long)m->offset,
                   (unsigned long long)m->size, m->name);
    }
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        const struct sealed_disk *disk = &seal->disks[slot];

        if (disk->size == 0)
            continue;
        hex_encode(disk->root, hex);
        text_print(t, "disk: %s %015llu %s\n", drive_slot_names[slot], (unsigned long long)disk->size, hex);
    }
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        const struct sealed_disk *disk = &seal->disks[slot];

        if (disk->image_size == 0)
            continue;
        hex_encode(disk->image_digest, hex);
        text_print(t, "image: %s %015llu %s\n", drive_slot_names[slot], (unsigned long long)disk->image_size, hex);
    }
    if (seal->origins.length)
        text_add(t, seal->origins.bytes, seal->origins.length);
}

/* Takes "key: value\n" off the front of *text; value is a printable copy. */
static bool take_line(const char **text, const char *end, const char *key, char *value, size_t size)
{
    size_t key_length = strlen(key), length;
    const char *line = *text, *stop = memchr(line, '\n', (size_t)(end - line));

    if (!stop || (size_t)(stop - line) < key_length + 2 || memcmp(line, key, key_length) != 0 ||
        memcmp(line + key_length, ": ", 2) != 0)
        return false;
    line += key_length + 2;
    length = (size_t)(stop - line);
    if (length >= size)
        return false;
    for (size_t i = 0; i < length; i++)
        if (line[i] < 0x20 || line[i] > 0x7e)
            return false;
    memcpy(value, line, length);
    value[length] = '\0';
    *text = stop + 1;
    return true;
}

/* "HEX OFFSET LENGTH NAME"; the caller prints it again to see whether the separators are right. */
static bool parse_member(const char *value, struct member *m)
{
    size_t length = strlen(value);

    if (length < 98 || length - 97 >= NAME_SIZE || !hex_decode(value, m->digest) ||
        !decimal_parse(value + 65, 15, &m->offset) || !decimal_parse(value + 81, 15, &m->size))
        return false;
    memset(m->name, 0, sizeof m->name);
    memcpy(m->name, value + 97, length - 97);
    return true;
}

/* The seal lists what has a fixed place; extents are listed by their tops, and the rest comes after the seal. */
static bool may_be_listed(enum member_kind kind)
{
    return kind < MEMBER_SEAL && kind != MEMBER_EXTENT && kind != MEMBER_MAP;
}

/* The reason where there is not enough of it. */
static const char no_memory[] = "";

static const char *take_members(const char **text, const char *end, struct seal *seal)
{
    char value[256];
    struct member m;
    uint64_t free_from = TAR_BLOCK;

    while (take_line(text, end, "member", value, sizeof value)) {
        if (!parse_member(value, &m))
            return "has a malformed line about a member";
        if (!may_be_listed(member_identify(m.name).kind))
            return "lists a member that does not belong there";
        if (seal->count > 0 && member_compare(seal->members[seal->count - 1].name, m.name) >= 0)
            return "lists a member twice or out of order";
        if (m.offset % TAR_BLOCK != 0 || m.offset < free_from || m.size > FILE_LIMIT - m.offset)
            return "puts a member where it cannot be";
        if (seal->count == LISTED_LIMIT)
            return "lists too many members";
        if (!seal_add(seal, &m))
            return no_memory;
        free_from = m.offset + tar_padded(m.size) + TAR_BLOCK;
    }
    return NULL;
}

static const char *take_disks(const char **text, const char *end, struct seal *seal)
{
    char value[256], name[NAME_SIZE];

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        struct sealed_disk *disk = &seal->disks[slot];
        const struct member *top, *unreadable;
        const char *before = *text;

        member_name(MEMBER_TOP, (enum drive_slot)slot, 0, name);
        top = seal_find(seal, name);
        member_name(MEMBER_UNREADABLE, (enum drive_slot)slot, 0, name);
        unreadable = seal_find(seal, name);
        if (!take_line(text, end, "disk", value, sizeof value) || strncmp(value, drive_slot_names[slot], 3) != 0) {
            *text = before;
            if (top || unreadable)
                return "lists the top of a disk that it does not have";
            continue;
        }
        if (strlen(value) != 84 || !decimal_parse(value + 4, 15, &disk->size) || !hex_decode(value + 20, disk->root) ||
            disk->size == 0 || disk->size % SECTOR_SIZE != 0 || disk->size > DISK_LIMIT)
            return "has a malformed line about a disk";
        if (!top || top->size != (uint64_t)disk_extents(disk->size) * TOP_LINE || !unreadable ||
            unreadable->size % UNREADABLE_LINE != 0 || unreadable->size / UNREADABLE_LINE > UNREADABLE_LIMIT)
            return "has no top of the right size for a disk";
    }
    return NULL;
}

/* The lines about the files that were sealed; a disk may be without. */
static const char *take_images(const char **text, const char *end, struct seal *seal)
{
    char value[256];

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        struct sealed_disk *disk = &seal->disks[slot];
        const char *before = *text;

        if (!take_line(text, end, "image", value, sizeof value) || strncmp(value, drive_slot_names[slot], 3) != 0) {
            *text = before;
            continue;
        }
        if (strlen(value) != 84 || !decimal_parse(value + 4, 15, &disk->image_size) ||
            !hex_decode(value + 20, disk->image_digest))
            return "has a malformed line about an image";
        if (disk->image_size > disk->size || disk->size - disk->image_size >= SECTOR_SIZE)
            return "names an image that does not have the length of its disk";
    }
    return NULL;
}

static const char *check_required(const struct seal *seal)
{
    static const struct {
        enum member_kind kind;
        uint64_t limit;
        bool optional;
    } members[] = {
        {MEMBER_README, SMALL_LIMIT, false},     {MEMBER_RECOVER, FILE_LIMIT, false},
        {MEMBER_MACHINE, MANIFEST_LIMIT, false}, {MEMBER_DESCRIPTION, MANIFEST_LIMIT, false},
        {MEMBER_SYSTEM, FIRMWARE_LIMIT, false},  {MEMBER_VIDEO, FIRMWARE_LIMIT, false},
        {MEMBER_ATTEST, ATTEST_LIMIT, true},     {MEMBER_ATTEST_JOURNAL, ATTEST_LIMIT, true},
        {MEMBER_CONTENT, SMALL_LIMIT, false},    {MEMBER_SUMS, FILE_LIMIT, false},
    };
    unsigned attested = 0;

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const struct member *m;
        char name[NAME_SIZE];

        member_name(members[i].kind, 0, 0, name);
        m = seal_find(seal, name);
        if (!m && !members[i].optional)
            return "does not list all members that there must be";
        if (m && m->size > members[i].limit)
            return "lists a member that is too long";
        attested += m && members[i].optional;
    }
    return attested == 1 ? "lists half an attestation" : NULL;
}

/* "none", or the machine-root and the digest of content.txt of the parent. */
static bool take_parent(const char *value, struct seal *seal)
{
    uint8_t root[DIGEST_SIZE], content[DIGEST_SIZE];

    if (strcmp(value, "none") == 0)
        return true;
    if (strlen(value) != 129 || !hex_decode(value, root) || value[64] != ' ' || !hex_decode(value + 65, content))
        return false;
    hex_encode(root, seal->parent_root);
    hex_encode(content, seal->parent_content);
    return true;
}

/* How the archive came from another, in lines. */
static const char *take_changes(const char **text, const char *end, struct seal *seal)
{
    const char *begin = *text;
    char value[CHANGE_LIMIT + 1];
    unsigned count = 0;

    while (take_line(text, end, "change", value, sizeof value))
        if (++count > CHANGES_LIMIT)
            return "has too many lines about changes";
    if (seal_is_derived(seal) && count == 0)
        return "does not say what differs from the parent";
    if (count > 0)
        text_add(&seal->changes, begin, (size_t)(*text - begin));
    return seal->changes.failed ? no_memory : NULL;
}

/* The lines of a disk follow its line "origin", in the order of the disks. */
static const char *take_origins(const char **text, const char *end, struct seal *seal)
{
    static const char *const keys[] = {"origin", "file", "stated", "note"};
    const char *begin = *text;
    char value[1024];
    unsigned slot = DRIVE_COUNT, last = 0;

    while (*text < end) {
        unsigned key = 0, named = 0;

        while (key < 4 && !take_line(text, end, keys[key], value, sizeof value))
            key++;
        while (named < DRIVE_COUNT && (strncmp(value, drive_slot_names[named], 3) != 0 || value[3] != ' '))
            named++;
        if (key == 4 || named == DRIVE_COUNT || seal->disks[named].size == 0)
            return "has a malformed line about an origin";
        if (key == 0 ? slot != DRIVE_COUNT && named <= slot : named != slot || key < last)
            return "has lines about origins out of order";
        slot = named;
        last = key;
    }
    if (end > begin)
        text_add(&seal->origins, begin, (size_t)(end - begin));
    return seal->origins.failed ? no_memory : NULL;
}

bool seal_parse(const char *text, size_t size, struct seal *seal, const char **reason)
{
    const char *at = text, *end = text + size;
    struct text again = {.bytes = NULL};
    char value[256];
    bool same;

    *seal = (struct seal){.members = NULL};
    *reason = "is not a seal of version 0";
    if (!take_line(&at, end, "muniment-seal", value, sizeof value) ||
        !take_line(&at, end, "software", seal->software, sizeof seal->software) ||
        !take_line(&at, end, "compressor", seal->compressor, sizeof seal->compressor) ||
        !take_line(&at, end, "parent", value, sizeof value) || !take_parent(value, seal))
        return false;
    if ((*reason = take_changes(&at, end, seal)) || (*reason = take_members(&at, end, seal)) ||
        (*reason = take_disks(&at, end, seal)) || (*reason = take_images(&at, end, seal)) ||
        (*reason = take_origins(&at, end, seal)) || (*reason = check_required(seal))) {
        *reason = *reason == no_memory ? NULL : *reason;
        return false;
    }
    seal_print(&again, seal);
    same = !again.failed && again.length == size && memcmp(again.bytes, text, size) == 0;
    *reason = again.failed ? NULL : "is not written as a seal of version 0 is";
    text_free(&again);
    return same;
}

/* --- content.txt --- */

static void print_member(struct text *t, const struct member *m)
{
    char hex[65];

    hex_encode(m->digest, hex);
    text_print(t, "member: %s %s\n", hex, m->name);
}

/* Returns how many there are. */
static uint32_t print_kind(struct text *t, const struct seal *seal, enum member_kind kind)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < seal->count; i++)
        if (member_identify(seal->members[i].name).kind == kind) {
            print_member(t, &seal->members[i]);
            found++;
        }
    return found;
}

static void print_content_disk(struct text *t, const struct seal *seal, enum drive_slot slot)
{
    const struct sealed_disk *disk = &seal->disks[slot];
    char root[65], unreadable[65], name[NAME_SIZE];
    const struct member *m;

    member_name(MEMBER_UNREADABLE, slot, 0, name);
    m = seal_find(seal, name);
    if (disk->size == 0 || !m)
        return;
    hex_encode(disk->root, root);
    hex_encode(m->digest, unreadable);
    text_print(t, "disk: %s %015llu %s %s\n", drive_slot_names[slot], (unsigned long long)disk->size, root, unreadable);
}

void content_print(struct text *t, const struct seal *seal, uint8_t machine_root[DIGEST_SIZE])
{
    char hex[65];

    text_print(t, "muniment-machine: 0\n");
    print_kind(t, seal, MEMBER_MACHINE);
    print_kind(t, seal, MEMBER_SYSTEM);
    print_kind(t, seal, MEMBER_VIDEO);
    text_print(t, "cmos: none\n");
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        print_content_disk(t, seal, (enum drive_slot)slot);
    sha256(t->bytes ? t->bytes : "", t->length, machine_root);
    hex_encode(machine_root, hex);
    text_print(t, "machine-root: %s\n", hex);
    if (seal_is_derived(seal))
        text_print(t, "parent: %s %s\n", seal->parent_root, seal->parent_content);
    print_kind(t, seal, MEMBER_DESCRIPTION);
    print_kind(t, seal, MEMBER_DOCUMENT);
    if (print_kind(t, seal, MEMBER_ATTEST) + print_kind(t, seal, MEMBER_ATTEST_JOURNAL) == 0)
        text_print(t, "attestation: none\n");
}

/* --- The rest --- */

#define STATEMENT "muniment-evidence: 0\nprevious: none\nsigner: %s\nmember: %s content.txt\nmember: %s seal.txt\n"

void statement_print(struct text *t, const uint8_t signer[DIGEST_SIZE], const uint8_t content[DIGEST_SIZE],
                     const uint8_t seal[DIGEST_SIZE])
{
    char signer_hex[65], content_hex[65], seal_hex[65];

    hex_encode(signer, signer_hex);
    hex_encode(content, content_hex);
    hex_encode(seal, seal_hex);
    text_print(t, STATEMENT, signer_hex, content_hex, seal_hex);
}

void sums_print(struct text *t, const uint8_t digest[DIGEST_SIZE], const char *name)
{
    char hex[65];

    hex_encode(digest, hex);
    text_print(t, "%s  %s\n", hex, name);
}

static bool find_field(const char *text, const char *key, uint64_t *value)
{
    const char *at = strstr(text, key);

    return at && decimal_parse(at + strlen(key), 15, value) && at[strlen(key) + 15] == '\n' && !strstr(at + 1, key);
}

bool readme_fields(const char *text, uint64_t *sealed_bytes, uint64_t *seal_at)
{
    return find_field(text, "\nsealed-bytes: ", sealed_bytes) && find_field(text, "\nseal-at: ", seal_at);
}

struct tail tail_layout(uint64_t seal_size)
{
    struct tail tail;

    tail.statement_size = sizeof STATEMENT - 1 + 3 * (2 * DIGEST_SIZE - 2);
    tail.key = TAR_BLOCK + tar_padded(seal_size) + TAR_BLOCK;
    tail.signature = tail.key + tar_padded(PUBLIC_PEM_SIZE) + TAR_BLOCK;
    tail.statement = tail.signature + tar_padded(SIGNATURE_SIZE) + TAR_BLOCK;
    tail.end = tail.statement + tar_padded(tail.statement_size) + TAR_END;
    return tail;
}
