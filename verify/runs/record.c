/* record.c - see record.h. */
#include "verify/runs/record.h"

#include <errno.h>
#include <string.h>

/* --- The state of a machine --- */

struct part_list {
    struct journal_header *header; /* or null */
    struct journal_state *state;   /* or null */
    size_t names, digits;
    bool overflow;
};

static void list_part(void *context, const char *name, const uint8_t digest[DIGEST_SIZE])
{
    struct part_list *list = context;
    char hex[65];

    if (list->header) {
        int length = snprintf(list->header->parts + list->names, 800 - list->names, "%s%s", list->names ? " " : "",
                              name);
        list->names += (size_t)length;
        list->overflow = list->overflow || list->names >= 800 || ++list->header->part_count > JOURNAL_PARTS_LIMIT;
    } else {
        list->overflow = list->overflow || list->digits + JOURNAL_PART_DIGITS >= sizeof(list->state->parts);
    }
    if (list->overflow || !list->state)
        return;
    hex_encode(digest, hex);
    memcpy(list->state->parts + list->digits, hex, JOURNAL_PART_DIGITS);
    list->digits += JOURNAL_PART_DIGITS;
    list->state->parts[list->digits] = '\0';
}

bool record_state(struct machine *machine, struct journal_state *state)
{
    struct part_list list = {.state = state};

    *state->parts = '\0';
    return machine_digest(machine, state->digest) && machine_parts(machine, list_part, &list) && !list.overflow;
}

bool record_header(struct machine *machine, uint32_t version, const char *machine_root, struct journal_header *header)
{
    struct part_list list = {.header = header};

    memset(header, 0, sizeof(*header));
    header->machine = version;
    memcpy(header->machine_root, machine_root, sizeof(header->machine_root));
    return machine_parts(machine, list_part, &list) && !list.overflow;
}

/* --- Beginning and end --- */

void recorder_begin(struct recorder *r, struct machine *machine)
{
    *r = (struct recorder){.machine = machine};
}

static bool no_state(const char *object, struct error *error)
{
    return error_set(error, STATUS_HOST, object, NULL, NULL,
                     "there is no memory for the machine's digest, or a disk failed");
}

#define NOWHERE UINT64_MAX /* digest_at, when an input came after it */

static bool write_digest(struct recorder *r)
{
    struct journal_state state;

    r->digest_at = machine_tick(r->machine);
    return record_state(r->machine, &state) && journal_write_digest(&r->writer, r->digest_at, &state);
}

/* The first digest, and when the next is due. */
static bool begin(struct recorder *r, uint64_t interval)
{
    r->recording = true;
    r->interval = r->digest_due = interval;
    return write_digest(r);
}

/* What the head of a journal says of a machine and of the media that were put in. */
static bool head_of(struct machine *machine, const struct media *media, const char *path, struct journal_header *header,
                    struct error *error)
{
    hex_digest hex;

    if (!record_header(machine, media->manifest.version, archive_machine_root(media->archive), header))
        return no_state(path, error);
    memcpy(header->content, archive_signature(media->archive)->content, sizeof header->content);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        const struct medium *medium = &media->drives[slot];
        if (!medium->present || !medium->path)
            continue;
        if (!image_digest(medium->path, &media->images[slot], hex, NULL, NULL, error))
            return false;
        header->media[slot].kind = media->manifest.drives[slot].kind;
        hex_decode(hex, header->media[slot].sha256);
    }
    return true;
}

static bool begun(struct recorder *r, uint64_t interval, struct error *error)
{
    if (begin(r, interval))
        return true;
    return r->writer.error.status == STATUS_OK ? no_state(r->writer.path, error) : (*error = r->writer.error, false);
}

bool recorder_create(struct recorder *r, struct machine *machine, const struct media *media, const char *path,
                     struct error *error)
{
    struct journal_header header;

    recorder_begin(r, machine);
    return head_of(machine, media, path, &header, error) && journal_create(&r->writer, path, &header, error) &&
           begun(r, RECORD_DIGEST_SECONDS * machine_ticks_per_second(machine), error);
}

bool recorder_create_in(struct recorder *r, struct machine *machine, const struct media *media, int descriptor,
                        const char *path, struct error *error)
{
    struct journal_header header;

    recorder_begin(r, machine);
    return head_of(machine, media, path, &header, error) &&
           journal_create_in(&r->writer, descriptor, path, &header, error) &&
           begun(r, RECORD_DIGEST_SECONDS * machine_ticks_per_second(machine), error);
}

bool recorder_create_into(struct recorder *r, struct machine *machine, const struct media *media,
                          struct journal_writer *into, const char *name, uint64_t interval, struct error *error)
{
    struct journal_header header;

    recorder_begin(r, machine);
    if (!head_of(machine, media, into->path, &header, error))
        return false;
    journal_create_into(&r->writer, into, name, &header);
    return begun(r, interval, error);
}

void recorder_continue(struct recorder *r, struct machine *machine, const struct journal_writer *writer)
{
    recorder_begin(r, machine);
    r->recording = true;
    r->writer = *writer;
    r->interval = RECORD_DIGEST_SECONDS * machine_ticks_per_second(machine);
    r->digest_at = NOWHERE;
    r->digest_due = (machine_tick(machine) / r->interval + 1) * r->interval;
}

bool recorder_create_in_memory(struct recorder *r, struct machine *machine, const struct journal_header *header,
                               struct text *memory, uint64_t interval, struct error *error)
{
    recorder_begin(r, machine);
    journal_create_in_memory(&r->writer, memory, header);
    return begin(r, interval) || no_state("journal", error);
}

bool record_suspend(struct recorder *r, struct error *error)
{
    bool good = record_digest(r);

    r->recording = false;
    if (!good && r->writer.error.status == STATUS_OK)
        no_state("journal", error);
    return journal_close(&r->writer, error) && good;
}

bool record_end(struct recorder *r, bool has_state, struct error *error)
{
    bool good = true;

    if (!r->recording)
        return true;
    r->recording = false;
    if (has_state) {
        good = record_digest(r) && journal_write_power_off(&r->writer, machine_tick(r->machine));
        if (!good && r->writer.error.status == STATUS_OK)
            no_state("journal", error);
    }
    return journal_close(&r->writer, error) && good;
}

/* --- Inputs --- */

/* Whether an input is to be written down. */
static bool records(struct recorder *r)
{
    r->digest_at = NOWHERE;
    return r->recording;
}

bool record_key(struct recorder *r, uint8_t key, bool down)
{
    if (!machine_key(r->machine, key, down))
        return false;
    if (records(r))
        journal_write_key(&r->writer, machine_tick(r->machine), key, down);
    return true;
}

bool record_pointer(struct recorder *r, int dx, int dy, int wheel, unsigned buttons)
{
    if (!machine_pointer(r->machine, dx, dy, wheel, buttons))
        return false;
    if (records(r))
        journal_write_pointer(&r->writer, machine_tick(r->machine), dx, dy, wheel, buttons);
    return true;
}

bool record_pointer_at(struct recorder *r, uint16_t x, uint16_t y, int wheel, unsigned buttons)
{
    if (!machine_pointer_at(r->machine, x, y, wheel, buttons))
        return false;
    if (records(r))
        journal_write_position(&r->writer, machine_tick(r->machine), x, y, wheel, buttons);
    return true;
}

bool record_paste(struct recorder *r, const uint8_t *text, size_t length)
{
    if (!machine_paste(r->machine, text, length, false))
        return false;
    if (records(r))
        journal_write_clipboard(&r->writer, machine_tick(r->machine), text, length);
    return true;
}

size_t record_serial(struct recorder *r, unsigned port, const uint8_t *bytes, size_t count)
{
    size_t taken = 0;

    while (taken < count && machine_serial_in(r->machine, port, bytes[taken]))
        taken++;
    if (taken > 0 && records(r))
        journal_write_serial(&r->writer, machine_tick(r->machine), port, bytes, taken);
    return taken;
}

void record_medium(struct recorder *r, enum drive_slot slot, const struct block *medium, const char *sha256)
{
    machine_insert(r->machine, slot, medium);
    if (records(r))
        journal_write_medium(&r->writer, machine_tick(r->machine), slot, sha256);
}

void record_line_in(struct recorder *r, const struct wave *recording, const char *sha256)
{
    machine_line_in(r->machine, recording);
    if (records(r))
        journal_write_line_in(&r->writer, machine_tick(r->machine), sha256);
}

/* --- On the way --- */

bool record_sync(struct recorder *r)
{
    return !r->recording || journal_sync_due(&r->writer);
}

bool record_digest(struct recorder *r)
{
    return r->digest_at == machine_tick(r->machine) || write_digest(r);
}

bool record_look(struct recorder *r)
{
    uint64_t tick;

    if (!r->recording)
        return true;
    tick = machine_tick(r->machine);
    if (tick >= r->digest_due) {
        r->digest_due = (tick / r->interval + 1) * r->interval;
        if (!write_digest(r))
            return false;
    }
    return r->writer.error.status == STATUS_OK && journal_sync_due(&r->writer);
}
