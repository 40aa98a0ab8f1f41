/* lapic.c - the local APIC that Pentium, P6 and Pentium 4 have on their chip (Intel SDM vol. 3, chapter 8), and the
 * IMCR of the board (MultiProcessor Specification 1.4, 3.6.2.1).
 *
 * Messages take no time, and there is no other processor: what is sent to this one is there at once, and the delivery
 * status is always idle. The timer is never counted: its value follows from the tick. Three roads lead the 8259's
 * request to the processor: past the local APIC while IMCR says so or the APIC is off, by LINT0 as ExtINT, and by an
 * ExtINT message of the I/O APIC. */
#include "emu/devices/lapic.h"

#include <string.h>

#define BASE_ENABLED 0x800u /* of IA32_APIC_BASE */
#define LOCAL_TABLE 0x32u   /* numbers of registers: their offset / 16 */

/* clang-format off */
enum register_number {
    REG_ID = 0x02, REG_VERSION = 0x03, REG_TPR = 0x08, REG_APR = 0x09, REG_PPR = 0x0A, REG_EOI = 0x0B, REG_REMOTE = 0x0C, REG_LDR = 0x0D, REG_DFR = 0x0E, REG_SVR = 0x0F,
    REG_ISR = 0x10, REG_TMR = 0x18, REG_IRR = 0x20, REG_ESR = 0x28, REG_ICR = 0x30, REG_ICR_HIGH = 0x31, REG_INITIAL = 0x38, REG_CURRENT = 0x39, REG_DIVIDE = 0x3E
};
enum { ERROR_SEND_ACCEPT = 0x04, ERROR_SEND_VECTOR = 0x20, ERROR_RECEIVED_VECTOR = 0x40, ERROR_REGISTER = 0x80 };
enum { LVT_LOW = 0x2000, LVT_REMOTE_IRR = 0x4000, LVT_LEVEL = 0x8000, LVT_MASKED = 0x10000, LVT_PERIODIC = 0x20000 };
enum { SVR_ENABLED = 0x100, ICR_LOGICAL = 0x800, ICR_ASSERT = 0x4000, ICR_WRITABLE = 0xCCFFF };
enum shorthand { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS }; /* bits 19-18 of ICR */

static const struct kind {
    uint32_t version, id_mask;
    uint32_t spurious; /* writable bits of SVR */
    uint32_t errors;   /* that it detects */
    bool arbitrates;   /* APR counts */
    bool latches;      /* a write to ESR shows the errors since the last one; else each read shows and clears them */
} kinds[] = {
    [LAPIC_PENTIUM]  = {0x00030010, 0x0F000000, 0x3F0, 0x64, true,  false},
    [LAPIC_P6]       = {0x00040011, 0x0F000000, 0x3F0, 0xE4, true,  true},
    [LAPIC_PENTIUM4] = {0x00050014, 0xFF000000, 0x3FF, 0xE0, false, true},
};

/* Entries of the local vector table: what can be written, and the first kind that has it. */
static const struct { uint32_t writable; enum lapic_kind first; } sources[LAPIC_SOURCES] = {
    [LAPIC_TIMER]       = {0x300FF, LAPIC_PENTIUM},
    [LAPIC_THERMAL]     = {0x107FF, LAPIC_PENTIUM4},
    [LAPIC_PERFORMANCE] = {0x107FF, LAPIC_P6},
    [LAPIC_LINT0]       = {0x1A7FF, LAPIC_PENTIUM},
    [LAPIC_LINT1]       = {0x1A7FF, LAPIC_PENTIUM},
    [LAPIC_ERROR]       = {0x100FF, LAPIC_PENTIUM},
};

const struct state_field lapic_state[] = {
    STATE(struct lapic, id, U32, "ID"),
    STATE_UP_TO(struct lapic, task_priority, U32, 0xFF, "TPR"),
    STATE(struct lapic, logical, U32, "LDR"),
    STATE(struct lapic, format, U32, "DFR"),
    STATE(struct lapic, spurious, U32, "SVR"),
    STATE_ARRAY(struct lapic, in_service, U32, "ISR"),
    STATE_ARRAY(struct lapic, trigger, U32, "TMR"),
    STATE_ARRAY(struct lapic, requested, U32, "IRR"),
    STATE(struct lapic, error_status, U32, "ESR"),
    STATE(struct lapic, errors, U32, "errors that ESR does not show yet"),
    STATE_ARRAY(struct lapic, command, U32, "ICR, its lower half first"),
    STATE_ARRAY(struct lapic, local, U32, "local vector table: timer, thermal sensor, performance counters, LINT0, LINT1, error"),
    STATE_UP_TO(struct lapic, divide, U32, 0xB, "divide configuration register"),
    STATE(struct lapic, initial, U32, "initial count of the timer"),
    STATE(struct lapic, count, U32, "count of the timer at `start`; 0: it stands"),
    STATE(struct lapic, start, U64, "clocks of the bus since power-on"),
    STATE(struct lapic, due_at, TICK, "next interrupt of the timer, unless it is masked"),
    STATE(struct lapic, imcr_select, U8, "port 22h"),
    STATE(struct lapic, imcr, BOOL, "IMCR: the 8259 leads to LINT0, not to the processor"),
    STATE(struct lapic, pic, BOOL, "level of the 8259's INT"),
    STATE_ARRAY(struct lapic, lint, BOOL, "levels of LINT0 and LINT1"),
    STATE(struct lapic, extint, BOOL, "the I/O APIC has asked for the 8259"),
    STATE(struct lapic, output, BOOL, "the processor is asked for an interrupt"),
    STATE_END
};
/* clang-format on */

static void local_interrupt(struct lapic *l, enum lapic_source source);

/* --- Priorities --- */

static bool is_on(const struct lapic *l)
{
    return *l->wired.base & BASE_ENABLED;
}

static bool bit_of(const uint32_t set[8], unsigned vector)
{
    return set[vector / 32] >> vector % 32 & 1;
}

static void set_bit(uint32_t set[8], unsigned vector, bool value)
{
    set[vector / 32] = (set[vector / 32] & ~(1u << vector % 32)) | (uint32_t)value << vector % 32;
}

/* The highest vector, or -1. */
static int highest(const uint32_t set[8])
{
    int vector = 255;

    while (vector >= 0 && !bit_of(set, (unsigned)vector))
        vector -= set[vector / 32] ? 1 : vector % 32 + 1;
    return vector;
}

static uint32_t class_of(int vector)
{
    return vector < 0 ? 0 : (uint32_t)vector & 0xF0;
}

static uint32_t processor_priority(const struct lapic *l)
{
    uint32_t serving = class_of(highest(l->in_service)), task = l->task_priority;

    return (task & 0xF0) >= serving ? task : serving;
}

/* SDM vol. 3, 8.6.2.4. */
static uint32_t arbitration_priority(const struct lapic *l)
{
    uint32_t serving = class_of(highest(l->in_service)), asking = class_of(highest(l->requested)),
             task = l->task_priority & 0xF0;

    if (!kinds[l->kind].arbitrates)
        return 0;
    if (task >= asking && task > serving)
        return l->task_priority;
    return (task & serving) > asking ? task & serving : asking;
}

/* The vector that may be delivered now, or -1. */
static int deliverable(const struct lapic *l)
{
    int vector = highest(l->requested);

    return class_of(vector) > (processor_priority(l) & 0xF0) ? vector : -1;
}

/* --- Pins --- */

static bool pin_active(const struct lapic *l, unsigned pin)
{
    return l->lint[pin] != !!(l->local[LAPIC_LINT0 + pin] & LVT_LOW);
}

static enum apic_mode mode_of(uint32_t entry)
{
    return (enum apic_mode)(entry >> 8 & 7);
}

/* Whether one of the roads leads a request of the 8259 to the processor now. */
static bool wants_8259(const struct lapic *l)
{
    bool asked = l->pic && (!l->imcr || !is_on(l));

    for (unsigned pin = 0; pin < 2; pin++) {
        uint32_t entry = l->local[LAPIC_LINT0 + pin];
        asked |= is_on(l) && !(entry & LVT_MASKED) && mode_of(entry) == APIC_EXTINT && pin_active(l, pin);
    }
    return asked || (is_on(l) && l->extint);
}

static void update(struct lapic *l)
{
    bool output = wants_8259(l) || (is_on(l) && deliverable(l) >= 0);

    if (output != l->output) {
        l->output = output;
        line_set(&l->wired.intr, output);
    }
}

static bool is_level(uint32_t entry)
{
    return entry & LVT_LEVEL && mode_of(entry) == APIC_FIXED;
}

/* Asks again for what a pin asks for by its level. */
static void serve_level(struct lapic *l, unsigned pin)
{
    uint32_t entry = l->local[LAPIC_LINT0 + pin];

    if (is_level(entry) && !(entry & LVT_REMOTE_IRR) && pin_active(l, pin))
        local_interrupt(l, LAPIC_LINT0 + pin);
}

static void set_pin(struct lapic *l, unsigned pin, bool level)
{
    bool was_active = pin_active(l, pin);

    l->lint[pin] = level;
    if (is_level(l->local[LAPIC_LINT0 + pin]))
        serve_level(l, pin);
    else if (pin_active(l, pin) && !was_active && mode_of(l->local[LAPIC_LINT0 + pin]) != APIC_EXTINT)
        local_interrupt(l, LAPIC_LINT0 + pin);
    update(l);
}

static void pic_changed(void *listener, unsigned number, bool level)
{
    struct lapic *l = listener;

    (void)number;
    l->pic = level;
    set_pin(l, 0, level && l->imcr);
}

static void lint1_changed(void *listener, unsigned number, bool level)
{
    (void)number;
    set_pin(listener, 1, level);
}

struct line lapic_pic_line(struct lapic *l)
{
    return (struct line){pic_changed, l, 0};
}

struct line lapic_lint1_line(struct lapic *l)
{
    return (struct line){lint1_changed, l, 0};
}

/* --- Interrupts --- */

/* Sets a bit of ESR to be, and asks for the error interrupt. */
static void error(struct lapic *l, uint32_t bit)
{
    uint32_t entry = l->local[LAPIC_ERROR];

    l->errors |= bit & kinds[l->kind].errors;
    if (!(bit & kinds[l->kind].errors) || entry & LVT_MASKED)
        return;
    if ((entry & 0xFF) < 16)
        l->errors |= ERROR_RECEIVED_VECTOR;
    else
        set_bit(l->requested, entry & 0xFF, true), set_bit(l->trigger, entry & 0xFF, false);
}

/* Takes a fixed interrupt. False: its vector is illegal. */
static bool accept(struct lapic *l, uint8_t vector, bool level)
{
    if (vector < 16) {
        error(l, ERROR_RECEIVED_VECTOR);
        return false;
    }
    set_bit(l->requested, vector, true);
    set_bit(l->trigger, vector, level);
    return true;
}

static void pulse(const struct line *line)
{
    line_set(line, true);
    line_set(line, false);
}

/* What an entry of the local vector table makes of its source. There is no system management mode. */
static void local_interrupt(struct lapic *l, enum lapic_source source)
{
    uint32_t *entry = &l->local[source];
    bool level = is_level(*entry);

    if (*entry & LVT_MASKED || !is_on(l))
        return;
    switch (mode_of(*entry)) {
    case APIC_FIXED:
        if (accept(l, (uint8_t)*entry, level) && level)
            *entry |= LVT_REMOTE_IRR;
        break;
    case APIC_NMI: pulse(&l->wired.nmi); break;
    case APIC_INIT: pulse(&l->wired.init); break;
    default: break;
    }
}

static bool is_addressed(const struct lapic *l, const struct apic_message *message)
{
    uint8_t own = (uint8_t)(l->id >> 24), logical = (uint8_t)(l->logical >> 24), to = message->destination;
    uint8_t everybody = (uint8_t)(kinds[l->kind].id_mask >> 24);

    if (!message->logical)
        return (to & everybody) == everybody || to == own;
    if (l->format >> 28 == 0xF) /* the flat model */
        return to & logical;
    return (to >> 4 == 0xF || to >> 4 == logical >> 4) && to & logical & 0xF;
}

bool lapic_deliver(void *device, const struct apic_message *message)
{
    struct lapic *l = device;
    bool taken = true;

    if (!is_on(l) || !is_addressed(l, message))
        return false;
    switch ((enum apic_mode)message->mode) {
    case APIC_FIXED:
    case APIC_LOWEST: taken = l->spurious & SVR_ENABLED && accept(l, message->vector, message->level); break;
    case APIC_NMI: pulse(&l->wired.nmi); break;
    case APIC_INIT: pulse(&l->wired.init); break;
    case APIC_EXTINT: l->extint = true; break;
    default: break; /* SMI; STARTUP: only a processor that waits for it takes one */
    }
    update(l);
    return taken;
}

/* Sends what the command register says. INIT with level 0 only numbers the processors of a bus. */
static void send(struct lapic *l)
{
    uint32_t command = l->command[0];
    struct apic_message message = {
        .mode = command >> 8 & 7,
        .vector = (uint8_t)command,
        .destination = (uint8_t)((l->command[1] & kinds[l->kind].id_mask) >> 24),
        .logical = command & ICR_LOGICAL,
    };
    enum shorthand to = (enum shorthand)(command >> 18 & 3);

    if (message.logical)
        message.destination = (uint8_t)(l->command[1] >> 24);
    if (message.mode <= APIC_LOWEST && message.vector < 16) {
        error(l, ERROR_SEND_VECTOR);
        return;
    }
    if (message.mode == APIC_INIT && !(command & ICR_ASSERT))
        return;
    if (to == TO_SELF || to == TO_ALL) {
        message.logical = false;
        message.destination = (uint8_t)(l->id >> 24);
    }
    if (to == TO_OTHERS || !lapic_deliver(l, &message))
        error(l, ERROR_SEND_ACCEPT);
}

uint8_t lapic_acknowledge(void *device)
{
    struct lapic *l = device;
    int vector = is_on(l) ? deliverable(l) : -1;

    if (vector >= 0) {
        set_bit(l->requested, (unsigned)vector, false);
        set_bit(l->in_service, (unsigned)vector, true);
    } else if (wants_8259(l)) {
        vector = l->wired.acknowledge(l->wired.pic);
        l->extint &= l->pic; /* a request that the 8259 still has makes no new edge */
    } else {
        vector = l->spurious & 0xFF;
    }
    update(l);
    return (uint8_t)vector;
}

static void end_of_interrupt(struct lapic *l)
{
    int vector = highest(l->in_service);

    if (vector < 0)
        return;
    set_bit(l->in_service, (unsigned)vector, false);
    if (!bit_of(l->trigger, (unsigned)vector))
        return;
    for (unsigned pin = 0; pin < 2; pin++) {
        uint32_t *entry = &l->local[LAPIC_LINT0 + pin];
        if (*entry & LVT_REMOTE_IRR && (*entry & 0xFF) == (uint32_t)vector) {
            *entry &= ~(uint32_t)LVT_REMOTE_IRR;
            serve_level(l, pin);
        }
    }
    l->wired.apics->ended(l->wired.apics->io, (uint8_t)vector);
}

/* --- The timer --- */

static uint64_t bus_clocks(const struct lapic *l)
{
    return clock_cycles(l->clock, clock_now(l->clock), LAPIC_TIMER_HZ);
}

/* The bus clocks of one count are 1 << this. */
static unsigned divider(const struct lapic *l)
{
    unsigned code = (l->divide & 3) | (l->divide >> 1 & 4);

    return (code + 1) & 7;
}

/* Counts since `start`. */
static uint64_t counted(const struct lapic *l)
{
    return (bus_clocks(l) - l->start) >> divider(l);
}

/* Brings count and start to the last time the count began anew; a one-shot that has expired stands. */
static void settle(struct lapic *l)
{
    uint64_t passed = counted(l);

    if (!l->count || passed < l->count)
        return;
    if (!(l->local[LAPIC_TIMER] & LVT_PERIODIC)) {
        l->count = 0;
        return;
    }
    passed = l->count + (passed - l->count) / l->initial * l->initial;
    l->start += passed << divider(l);
    l->count = l->initial;
}

static uint32_t current_count(const struct lapic *l)
{
    struct lapic now = *l;

    settle(&now);
    return now.count ? now.count - (uint32_t)counted(&now) : 0;
}

static void schedule(struct lapic *l)
{
    uint64_t end = l->start + ((uint64_t)l->count << divider(l));

    clock_schedule(l->clock, EVENT_APIC_TIMER,
                   l->count && !(l->local[LAPIC_TIMER] & LVT_MASKED)
                       ? clock_ticks_for_cycles(l->clock, end, LAPIC_TIMER_HZ)
                       : NEVER);
}

static void timer_due(void *device)
{
    struct lapic *l = device;

    settle(l);
    local_interrupt(l, LAPIC_TIMER);
    schedule(l);
    update(l);
}

/* --- Registers --- */

static bool exists(const struct lapic *l, unsigned number)
{
    unsigned source = number - LOCAL_TABLE;

    if (source < LAPIC_SOURCES)
        return l->kind >= sources[source].first;
    return (number >= REG_TPR && number <= REG_ESR) || number == REG_ID || number == REG_VERSION || number == REG_ICR ||
           number == REG_ICR_HIGH || number == REG_INITIAL || number == REG_CURRENT || number == REG_DIVIDE;
}

static uint32_t error_status(struct lapic *l)
{
    if (!kinds[l->kind].latches) {
        l->error_status = l->errors;
        l->errors = 0;
    }
    return l->error_status;
}

static uint32_t register_read(void *device, uint32_t address)
{
    struct lapic *l = device;
    unsigned number = (address & PAGE_MASK) >> 4, source = number - LOCAL_TABLE;

    if (address & 0xF)
        return 0;
    if (!exists(l, number)) {
        error(l, ERROR_REGISTER);
        update(l);
        return 0;
    }
    if (source < LAPIC_SOURCES)
        return l->local[source];
    if (number >= REG_ISR && number < REG_ESR)
        return (number < REG_TMR ? l->in_service : number < REG_IRR ? l->trigger : l->requested)[number & 7];
    switch (number) {
    case REG_ID: return l->id;
    case REG_VERSION: return kinds[l->kind].version;
    case REG_TPR: return l->task_priority;
    case REG_APR: return arbitration_priority(l);
    case REG_PPR: return processor_priority(l);
    case REG_LDR: return l->logical;
    case REG_DFR: return l->format;
    case REG_SVR: return l->spurious;
    case REG_ESR: return error_status(l);
    case REG_ICR: return l->command[0];
    case REG_ICR_HIGH: return l->command[1];
    case REG_INITIAL: return l->initial;
    case REG_CURRENT: return current_count(l);
    case REG_DIVIDE: return l->divide;
    default: return 0; /* EOI, remote read */
    }
}

static void write_local(struct lapic *l, enum lapic_source source, uint32_t value)
{
    uint32_t *entry = &l->local[source];

    if (source == LAPIC_TIMER)
        settle(l);
    *entry = (*entry & LVT_REMOTE_IRR) | (value & sources[source].writable);
    if (!is_level(*entry))
        *entry &= ~(uint32_t)LVT_REMOTE_IRR;
    if (!(l->spurious & SVR_ENABLED))
        *entry |= LVT_MASKED;
    if (source == LAPIC_TIMER)
        schedule(l);
    else if (source == LAPIC_LINT0 || source == LAPIC_LINT1)
        serve_level(l, source - LAPIC_LINT0);
}

/* Switched off by software, it masks its own sources. */
static void write_spurious(struct lapic *l, uint32_t value)
{
    uint32_t writable = kinds[l->kind].spurious;

    l->spurious = (value & writable) | (0xFF & ~writable);
    for (unsigned source = 0; source < LAPIC_SOURCES; source++)
        write_local(l, source, l->local[source]);
}

static void write_error_status(struct lapic *l)
{
    l->error_status = kinds[l->kind].latches ? l->errors : 0;
    l->errors = 0;
}

static void write_divide(struct lapic *l, uint32_t value)
{
    l->count = current_count(l);
    l->start = bus_clocks(l);
    l->divide = value & 0xB;
    schedule(l);
}

static void write_initial(struct lapic *l, uint32_t value)
{
    l->initial = l->count = value;
    l->start = bus_clocks(l);
    schedule(l);
}

static void register_write(void *device, uint32_t address, uint32_t value)
{
    struct lapic *l = device;
    unsigned number = (address & PAGE_MASK) >> 4, source = number - LOCAL_TABLE;

    if (address & 0xF)
        return;
    if (!exists(l, number))
        error(l, ERROR_REGISTER);
    else if (source < LAPIC_SOURCES)
        write_local(l, source, value);
    switch (number) {
    case REG_ID: l->id = value & kinds[l->kind].id_mask; break;
    case REG_TPR: l->task_priority = value & 0xFF; break;
    case REG_EOI: end_of_interrupt(l); break;
    case REG_LDR: l->logical = value & 0xFF000000; break;
    case REG_DFR: l->format = value | 0x0FFFFFFF; break;
    case REG_SVR: write_spurious(l, value); break;
    case REG_ESR: write_error_status(l); break;
    case REG_ICR:
        l->command[0] = value & ICR_WRITABLE;
        send(l);
        break;
    case REG_ICR_HIGH: l->command[1] = value & 0xFF000000; break;
    case REG_INITIAL: write_initial(l, value); break;
    case REG_DIVIDE: write_divide(l, value); break;
    default: break; /* the rest is read-only */
    }
    update(l);
}

/* --- IMCR --- */

enum { IMCR_SELECT = 0x22, IMCR_INDEX = 0x70 };

static uint32_t imcr_read(void *device, uint16_t port, unsigned size)
{
    const struct lapic *l = device;

    (void)size;
    return port == IMCR_SELECT ? l->imcr_select : l->imcr_select == IMCR_INDEX ? l->imcr : 0xFF;
}

static void imcr_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct lapic *l = device;

    (void)size;
    if (port == IMCR_SELECT) {
        l->imcr_select = (uint8_t)value;
    } else if (l->imcr_select == IMCR_INDEX) {
        l->imcr = value & 1;
        set_pin(l, 0, l->pic && l->imcr);
    }
}

/* --- Building --- */

static void place(struct lapic *l)
{
    memory_move_mmio(l->memory, l->region, (uint32_t)*l->wired.base & ~PAGE_MASK, is_on(l) && !(*l->wired.base >> 32));
}

void lapic_initialise(struct lapic *l)
{
    memset(l->in_service, 0, sizeof l->in_service);
    memset(l->trigger, 0, sizeof l->trigger);
    memset(l->requested, 0, sizeof l->requested);
    memset(l->command, 0, sizeof l->command);
    l->task_priority = l->logical = l->error_status = l->errors = 0;
    l->format = UINT32_MAX;
    l->spurious = 0xFF;
    l->extint = false;
    for (unsigned source = 0; source < LAPIC_SOURCES; source++)
        l->local[source] = LVT_MASKED;
    l->divide = 0;
    write_initial(l, 0);
    place(l);
    update(l);
}

void lapic_reset(struct lapic *l)
{
    l->id = 0;
    l->imcr_select = 0;
    l->imcr = false;
    l->lint[0] = false;
    lapic_initialise(l);
}

void lapic_base_written(struct lapic *l)
{
    if (!is_on(l))
        lapic_initialise(l);
    place(l);
    update(l);
}

const char *lapic_loaded(void *device)
{
    struct lapic *l = device;

    if (l->count && !l->initial)
        return "initial";
    if (l->start > bus_clocks(l))
        return "start";
    place(l);
    return NULL;
}

void lapic_init(struct lapic *l, enum lapic_kind kind, struct clock *clock, struct bus *bus, struct memory *memory,
                const struct lapic_wiring *wiring)
{
    memset(l, 0, sizeof *l);
    l->kind = kind;
    l->clock = clock;
    l->memory = memory;
    l->wired = *wiring;
    l->due_at = NEVER;
    clock_register(clock, EVENT_APIC_TIMER, &l->due_at, timer_due, l);
    l->region = memory_map_registers(memory, LAPIC_BASE, PAGE_SIZE, register_read, register_write, l);
    bus_map_ports(bus, IMCR_SELECT, 2, 1, imcr_read, imcr_write, l);
    lapic_reset(l);
}
