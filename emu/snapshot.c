/* snapshot.c - the state as text and pages, out of one machine and into another (emu.h, spec/snapshot.md).
 *
 * The text is made from the tables of the parts, a line for each leaf. Reading walks the same tables in the same order,
 * so that there is one text for one state; when a line is not the one that is due, a second walk finds out what is
 * wrong with it. */
#include <string.h>

#include "emu/cpu/mmu.h"
#include "emu/devices/vga_memory.h"
#include "emu/machine.h"

#define TICK_LIMIT (UINT64_C(1) << 62) /* so that no time needs more than 64 bits */

const char *const machine_area_names[AREA_COUNT] = {"ram", "video", "fd0", "fd1", "hd0", "hd1", "hd2", "hd3"};

/* The tick is written like a field of the machine. */
static const struct state_field tick_field = {"tick",    "ticks that the machine has run", NULL, 0, 1, 0, 0, STATE_TICK,
                                              TICK_LIMIT};

static struct state_leaf tick_leaf(uint64_t *tick)
{
    return (struct state_leaf){"tick", &tick_field, (uint8_t *)tick, NULL};
}

/* --- Out --- */

struct out {
    void (*sink)(void *context, const char *text, size_t length);
    void *context;
};

static void put(const struct out *out, const char *text)
{
    out->sink(out->context, text, strlen(text));
}

static void put_bytes(const struct out *out, const struct state_leaf *leaf)
{
    char hex[128];
    size_t used = 0;
    uint32_t live = state_live(leaf);
    struct state_field count = {.kind = STATE_TICK};
    uint64_t value = live;

    state_print_scalar(&(struct state_leaf){"", &count, (uint8_t *)&value, NULL}, hex);
    put(out, hex);
    put(out, ":");
    for (uint32_t i = 0; i < live; i++) {
        hex[used++] = "0123456789abcdef"[leaf->value[i] >> 4];
        hex[used++] = "0123456789abcdef"[leaf->value[i] & 15];
        if (used == sizeof hex || i + 1 == live) {
            out->sink(out->context, hex, used);
            used = 0;
        }
    }
}

static bool put_leaf(void *context, const struct state_leaf *leaf)
{
    const struct out *out = context;
    char text[STATE_VALUE];

    put(out, leaf->name);
    put(out, " = ");
    if (leaf->field->kind == STATE_BYTES) {
        put_bytes(out, leaf);
    } else {
        state_print_scalar(leaf, text);
        put(out, text);
    }
    put(out, "\n");
    return true;
}

void machine_save(struct machine *m, void (*sink)(void *context, const char *text, size_t length), void *context)
{
    struct out out = {sink, context};
    uint64_t tick = machine_tick(m);
    struct state_leaf leaf = tick_leaf(&tick);

    cpu_canonical(&m->cpu);
    put_leaf(&out, &leaf);
    for (const struct part *part = machine_part_table; part->name; part++)
        if (machine_has_part(m, part))
            state_walk(part->name, part->table, (uint8_t *)m + part->offset, put_leaf, &out);
}

/* --- In --- */

static bool refuse(struct machine_fault *fault, const char *name, size_t length, const char *what)
{
    if (length >= sizeof fault->name)
        length = sizeof fault->name - 1;
    memcpy(fault->name, name, length);
    fault->name[length] = 0;
    fault->what = what;
    return false;
}

struct in {
    struct machine *m;
    const char *text, *end;   /* what is still to be read */
    const char *name, *value; /* of the line at `text` */
    size_t name_length, value_length;
    struct machine_fault *fault;
    const char *sought; /* by find_name: the fields before and at which it was found */
    uint64_t passed, found;
    uint64_t read; /* fields read so far */
};

static bool next_line(struct in *in)
{
    const char *line = in->text, *end = line, *equals = NULL;

    for (; end < in->end && *end != '\n'; end++)
        if (!equals && in->end - end > 3 && !memcmp(end, " = ", 3))
            equals = end;
    if (end == in->end)
        return refuse(in->fault, line, 0, "the state is cut short");
    if (!equals || end - equals < 3)
        return refuse(in->fault, line, (size_t)(end - line), "is no line of the state");
    in->name = line;
    in->name_length = (size_t)(equals - line);
    in->value = equals + 3;
    in->value_length = (size_t)(end - in->value);
    in->text = end + 1;
    return true;
}

static bool find_name(void *context, const struct state_leaf *leaf)
{
    struct in *in = context;

    in->passed++;
    if (strlen(leaf->name) == in->name_length && !memcmp(leaf->name, in->name, in->name_length))
        in->found = in->passed;
    return !in->found;
}

/* The line has another field than the one that is due. */
static bool refuse_order(struct in *in, const char *due)
{
    in->passed = 1; /* the tick */
    in->found = in->name_length == 4 && !memcmp(in->name, "tick", 4);
    for (const struct part *part = machine_part_table; part->name && !in->found; part++)
        if (machine_has_part(in->m, part))
            state_walk(part->name, part->table, (uint8_t *)in->m + part->offset, find_name, in);
    if (!in->found)
        return refuse(in->fault, in->name, in->name_length, "is no field of this machine");
    if (in->found <= in->read)
        return refuse(in->fault, in->name, in->name_length, "is there twice, or out of order");
    return refuse(in->fault, due, strlen(due), "is missing");
}

static bool read_leaf(void *context, const struct state_leaf *leaf)
{
    struct in *in = context;
    const char *wrong;

    if (in->text == in->end)
        return refuse(in->fault, leaf->name, strlen(leaf->name), "is missing");
    if (!next_line(in))
        return false;
    if (strlen(leaf->name) != in->name_length || memcmp(leaf->name, in->name, in->name_length))
        return refuse_order(in, leaf->name);
    wrong = state_read(leaf, in->value, in->value_length);
    in->read++;
    return !wrong || refuse(in->fault, leaf->name, strlen(leaf->name), wrong);
}

/* Events that are due have fired before a slice ends: one that lies in the past would be no state of a machine. */
static bool check_event(void *context, const struct state_leaf *leaf)
{
    struct in *in = context;

    for (unsigned slot = 0; slot < EVENT_COUNT; slot++)
        if ((uint8_t *)in->m->clock.slots[slot].due_at == leaf->value &&
            *in->m->clock.slots[slot].due_at <= machine_tick(in->m))
            return refuse(in->fault, leaf->name, strlen(leaf->name), "was due before the tick of the state");
    return true;
}

/* Brings about what follows from the state. */
static bool derive(struct in *in)
{
    struct machine *m = in->m;

    for (const struct part *part = machine_part_table; part->name; part++) {
        uint8_t *at = (uint8_t *)m + part->offset;
        const char *wrong;
        char name[sizeof in->fault->name];
        size_t length = strlen(part->name);

        if (!machine_has_part(m, part))
            continue;
        if (!state_walk(part->name, part->table, at, check_event, in))
            return false;
        wrong = part->loaded ? part->loaded(at) : NULL;
        if (wrong) {
            memcpy(name, part->name, length);
            name[length] = '.';
            memcpy(name + length + 1, wrong, strlen(wrong));
            return refuse(in->fault, name, length + 1 + strlen(wrong), "contradicts the rest of the state");
        }
    }
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (m->drives[slot].read_only != m->manifest.drives[slot].read_only)
            return refuse(in->fault, machine_area_names[AREA_DRIVES + slot], 3,
                          "is not write-protected as in the manifest");
    return true;
}

bool machine_load(struct machine *m, const char *text, size_t length, struct machine_fault *fault)
{
    struct in in = {.m = m, .text = text, .end = text + length, .fault = fault};
    uint64_t tick = 0;
    struct state_leaf leaf = tick_leaf(&tick);

    if (!read_leaf(&in, &leaf))
        return false;
    for (const struct part *part = machine_part_table; part->name; part++)
        if (machine_has_part(m, part) &&
            !state_walk(part->name, part->table, (uint8_t *)m + part->offset, read_leaf, &in))
            return false;
    if (in.text != in.end)
        return next_line(&in) && refuse_order(&in, "");
    clock_set(&m->clock, tick);
    sound_loaded(&m->sound);
    return derive(&in);
}

/* --- Pages --- */

uint64_t machine_pages(const struct machine *m, enum machine_area area)
{
    if (area == AREA_RAM)
        return m->memory.ram_size / PAGE_SIZE;
    if (area == AREA_VIDEO)
        return m->manifest.display ? vga_pages(&m->vga) : 0;
    return m->drives[area - AREA_DRIVES].sectors / DRIVE_UNIT_SECTORS +
           (m->drives[area - AREA_DRIVES].sectors % DRIVE_UNIT_SECTORS != 0);
}

bool machine_page_next(const struct machine *m, enum machine_area area, bool unsaved, uint64_t *page)
{
    if (area >= AREA_DRIVES)
        return drive_next_written(&m->drives[area - AREA_DRIVES], unsaved, page);
    for (uint64_t p = *page; p < machine_pages(m, area); p++)
        if (!unsaved ||
            (area == AREA_RAM ? !(m->memory.flags[p] & PAGE_SAVED) : m->vga.stale[p] & VGA_STALE_SNAPSHOT)) {
            *page = p;
            return true;
        }
    return false;
}

bool machine_page_get(struct machine *m, enum machine_area area, uint64_t page, uint8_t bytes[MACHINE_PAGE],
                      uint8_t *readable)
{
    if (area >= AREA_DRIVES)
        return drive_get_unit(&m->drives[area - AREA_DRIVES], page, bytes, readable);
    memcpy(bytes, (area == AREA_RAM ? m->memory.ram : m->vga.memory) + page * PAGE_SIZE, PAGE_SIZE);
    *readable = 0xFF;
    return true;
}

void machine_page_mark(struct machine *m, enum machine_area area, uint64_t page, bool saved)
{
    if (area >= AREA_DRIVES) {
        drive_mark_saved(&m->drives[area - AREA_DRIVES], page, saved);
    } else if (area == AREA_VIDEO) {
        m->vga.stale[page] = (uint8_t)(saved ? m->vga.stale[page] & ~VGA_STALE_SNAPSHOT
                                             : m->vga.stale[page] | VGA_STALE_SNAPSHOT);
    } else {
        m->memory.flags[page] = (uint8_t)(saved ? m->memory.flags[page] | PAGE_SAVED
                                                : m->memory.flags[page] & ~PAGE_SAVED);
    }
    if (saved && area < AREA_DRIVES)
        mmu_flush(&m->cpu); /* the first write must be seen; of many pages only the first costs */
}

static bool refuse_page(struct machine_fault *fault, enum machine_area area, const char *what)
{
    return refuse(fault, machine_area_names[area], strlen(machine_area_names[area]), what);
}

bool machine_page_put(struct machine *m, enum machine_area area, uint64_t page, const uint8_t bytes[MACHINE_PAGE],
                      uint8_t readable, struct machine_fault *fault)
{
    if (page >= machine_pages(m, area))
        return refuse_page(fault, area, "has a page past its end");
    if (area >= AREA_DRIVES)
        return drive_put_unit(&m->drives[area - AREA_DRIVES], page, bytes, readable) ||
               refuse_page(fault, area, "cannot take what was written to it");
    if (readable != 0xFF)
        return refuse_page(fault, area, "has a page that cannot be read");
    if (area == AREA_RAM) {
        memcpy(m->memory.ram + page * PAGE_SIZE, bytes, PAGE_SIZE);
        memory_changed(&m->memory, (uint32_t)page * PAGE_SIZE, PAGE_SIZE);
    } else {
        memcpy(m->vga.memory + page * PAGE_SIZE, bytes, PAGE_SIZE);
        vga_touch(&m->vga, (uint32_t)page * PAGE_SIZE, PAGE_SIZE);
    }
    return true;
}
