/* cirrus.c - a probe of the BitBLT engine of a Cirrus GD5446, against a model of its own.
 *
 *   cirrus [--count N] [--seed S] [--qemu PROGRAM] [--speed]
 *
 * Each raster operation is tried in each depth on each kind of source - memory forwards and backwards, bits that are
 * expanded, patterns of both, one colour - from memory and from the processor, transparent and not, with registers
 * written by ports, at B8000h and in the registers' own region; N times with random numbers (2). Then come BitBLTs
 * anywhere in memory, which may wrap and overlap. The model works on single bytes and knows nothing of the device's
 * code. With --qemu the same is done on QEMU's cirrus-vga, driven through its test protocol, but for what
 * `differences` lists. It closes with `N passed, N failed`; --speed measures fills and copies at 1024x768 in 16 bits
 * instead. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "emu/devices/cirrus.h"
#include "emu/devices/pci.h"

#define LINEAR 0xE0000000u
#define REGISTERS 0xE2000000u
#define MEMORY 0x100000u /* of our chip; QEMU's has 4 MiB, of which the same is looked at */
#define NEAR 0x4000u     /* the first bytes, where the systematic part takes place */

/* --- The display: ours, or QEMU's behind two pipes --- */

struct card {
    struct clock clock;
    struct bus bus;
    struct memory memory;
    struct vga vga;
    struct cirrus cirrus;
    int64_t left;
    bool leave;
    FILE *to, *from; /* null: ours */
};

static void unmapped(void *listener)
{
    (void)listener;
}

static char *ask(struct card *d, const char *request)
{
    static char answer[2 * NEAR + 64];

    fprintf(d->to, "%s\n", request);
    fflush(d->to);
    do
        if (!fgets(answer, sizeof answer, d->from)) {
            fprintf(stderr, "cirrus: QEMU has gone\n");
            exit(4);
        }
    while (strncmp(answer, "OK", 2) && strncmp(answer, "FAIL", 4));
    return answer;
}

static void out(struct card *d, uint16_t port, uint32_t value, unsigned size)
{
    char request[64];

    if (!d->to) {
        bus_write(&d->bus, port, value, size);
        return;
    }
    snprintf(request, sizeof request, "out%c 0x%x 0x%" PRIx32, size == 1 ? 'b' : size == 2 ? 'w' : 'l', port, value);
    ask(d, request);
}

static uint32_t in(struct card *d, uint16_t port, unsigned size)
{
    char request[64];

    if (!d->to)
        return bus_read(&d->bus, port, size);
    snprintf(request, sizeof request, "in%c 0x%x", size == 1 ? 'b' : size == 2 ? 'w' : 'l', port);
    return (uint32_t)strtoul(ask(d, request) + 3, NULL, 16);
}

static void put(struct card *d, uint32_t address, uint32_t value, unsigned size)
{
    char request[64];

    if (!d->to) {
        memory_write(&d->memory, address, value, size);
        return;
    }
    snprintf(request, sizeof request, "write%c 0x%" PRIx32 " 0x%" PRIx32,
             size == 1   ? 'b'
             : size == 2 ? 'w'
                         : 'l',
             address, value);
    ask(d, request);
}

static void fill_memory(struct card *d, const uint8_t *bytes, uint32_t length)
{
    char *request = malloc(2 * length + 64), *at = request;

    if (!d->to) {
        memcpy(d->vga.memory, bytes, length);
    } else {
        at += sprintf(at, "write 0x%x 0x%" PRIx32 " 0x", LINEAR, length);
        for (uint32_t i = 0; i < length; i++)
            at += sprintf(at, "%02x", bytes[i]);
        ask(d, request);
    }
    free(request);
}

static const uint8_t *look(struct card *d, uint32_t length)
{
    static uint8_t bytes[NEAR];
    char request[64], *answer;

    if (!d->to)
        return d->vga.memory;
    snprintf(request, sizeof request, "read 0x%x 0x%" PRIx32, LINEAR, length);
    answer = ask(d, request) + 5;
    for (uint32_t i = 0; i < length; i++)
        sscanf(answer + 2 * i, "%2hhx", &bytes[i]);
    return bytes;
}

static void graphics(struct card *d, uint8_t index, uint8_t value)
{
    out(d, 0x3CE, (uint32_t)(index | value << 8), 2);
}

static void open_ours(struct card *d)
{
    const struct cirrus_model model = {DISPLAY_GD5446, true, MEMORY, MONITOR_NONE};

    d->clock.left = &d->left;
    d->clock.leave = &d->leave;
    d->clock.ticks_per_microsecond = 25;
    bus_init(&d->bus);
    if (!memory_init(&d->memory, 0x100000))
        exit(4);
    d->memory.listener.map_changed = unmapped;
    if (!cirrus_init(&d->cirrus, &d->vga, &d->clock, &d->bus, &d->memory, (struct line){0}, &model))
        exit(4);
    cirrus_place(&d->cirrus, 0, LINEAR, true);
    cirrus_place(&d->cirrus, 1, REGISTERS, true);
}

static void configure(struct card *d, unsigned slot, uint8_t at, uint32_t value)
{
    out(d, 0xCF8, 0x80000000u | slot << 11 | at, 4);
    out(d, 0xCFC, value, 4);
}

static void open_qemu(struct card *d, const char *program)
{
    int down[2], up[2];
    unsigned slot = 0;

    if (pipe(down) || pipe(up))
        exit(4);
    if (fork() == 0) {
        dup2(down[0], 0);
        dup2(up[1], 1);
        execlp(program, program, "-M", "pc", "-S", "-qtest", "stdio", "-display", "none", "-monitor", "none", "-net",
               "none", "-vga", "none", "-device", "cirrus-vga,vgamem_mb=4", (char *)NULL);
        _exit(127);
    }
    close(down[0]), close(up[1]);
    d->to = fdopen(down[1], "w");
    d->from = fdopen(up[0], "r");
    for (uint32_t id = 0; (id & 0xFFFF) != 0x1013; id = in(d, 0xCFC, 4))
        out(d, 0xCF8, 0x80000000u | ++slot << 11, 4);
    configure(d, slot, PCI_BAR, LINEAR);
    configure(d, slot, PCI_BAR + 4, REGISTERS);
    configure(d, slot, PCI_COMMAND, 3);
}

/* The key, colour ports, a packed mode, all of memory, registers at B8000h. */
static void prepare(struct card *d)
{
    static const uint8_t sequencer[][2] = {{6, 0x12}, {2, 0x0F}, {4, 0x0E}, {7, 0x11}};

    out(d, 0x3C2, 0x2F, 1);
    for (unsigned i = 0; i < sizeof sequencer / sizeof *sequencer; i++)
        out(d, 0x3C4, (uint32_t)(sequencer[i][0] | sequencer[i][1] << 8), 2);
    out(d, 0x3C4, 0x17, 1);
    out(d, 0x3C5, (in(d, 0x3C5, 1) & ~0x40u) | 4, 1);
    graphics(d, 5, 0x40);
    graphics(d, 6, 0x05);
    graphics(d, 0x31, 4);
    graphics(d, 0x31, 0);
}

/* --- A BitBLT, and the model --- */

enum kind { COPY, BACKWARDS, EXPAND, PATTERN, PATTERN_EXPAND, SOLID, KINDS };
static const char *const kinds[] = {"copy", "copy backwards", "expansion", "pattern", "expanded pattern", "fill"};
static const uint8_t operations[16] = {0x00, 0x05, 0x06, 0x09, 0x0B, 0x0D, 0x0E, 0x50,
                                       0x59, 0x6D, 0x90, 0x95, 0xAD, 0xD0, 0xD6, 0xDA};

struct blit {
    enum kind kind;
    unsigned pixel, skip; /* bytes; pixels */
    bool transparent, given, inverted, dwords;
    uint8_t operation;
    uint32_t width, height, pitch, source_pitch, to, from; /* width in pixels */
    uint8_t ink[4], paper[4];
    uint16_t key;
    uint8_t data[2048 * 64];
    uint32_t bytes; /* of data, if given */
};

static uint8_t combined(uint8_t operation, uint8_t s, uint8_t d)
{
    switch (operation) {
    case 0x00: return 0;
    case 0x05: return s & d;
    case 0x06: return d;
    case 0x09: return s & (uint8_t)~d;
    case 0x0B: return (uint8_t)~d;
    case 0x0D: return s;
    case 0x0E: return 0xFF;
    case 0x50: return (uint8_t)~s & d;
    case 0x59: return s ^ d;
    case 0x6D: return s | d;
    case 0x90: return (uint8_t)(~s | ~d);
    case 0x95: return (uint8_t) ~(s ^ d);
    case 0xAD: return (uint8_t)(s | ~d);
    case 0xD0: return (uint8_t)~s;
    case 0xD6: return (uint8_t)(~s | d);
    default: return (uint8_t)(~s & ~d);
    }
}

/* Bytes of a line of the source that the processor gives; of a pattern, of all of it. */
static uint32_t given_line(const struct blit *b)
{
    switch (b->kind) {
    case EXPAND: return b->dwords ? (b->width + 31) / 32 * 4 : (b->width + 7) / 8;
    case PATTERN: return b->pixel == 3 ? 256 : 64 * b->pixel;
    case PATTERN_EXPAND: return 8;
    default: return (b->width * b->pixel + 3) / 4 * 4;
    }
}

static uint8_t source_byte(const struct blit *b, const uint8_t *memory, uint32_t at)
{
    return b->given ? b->data[at] : memory[at % MEMORY];
}

/* Byte k of pixel x in line y of the source; false where it is a bit of 0. */
static bool source_at(const struct blit *b, const uint8_t *memory, uint32_t x, uint32_t y, unsigned k, uint8_t *byte)
{
    uint32_t base = b->given ? 0 : b->from, row = (y + (b->from & 7)) & 7, line = y;
    unsigned bit;

    switch (b->kind) {
    case SOLID: *byte = b->ink[k]; return true;
    case PATTERN:
        base &= ~((b->pixel == 3 ? 256 : 64 * b->pixel) - 1u);
        *byte = source_byte(b, memory, base + row * (b->pixel == 3 ? 32 : 8 * b->pixel) + x % 8 * b->pixel + k);
        return true;
    case PATTERN_EXPAND: bit = source_byte(b, memory, (base & ~7u) + row) >> (7 - x % 8) & 1; break;
    case EXPAND: bit = source_byte(b, memory, base + line * given_line(b) + x / 8) >> (7 - x % 8) & 1; break;
    case BACKWARDS:
        *byte = memory[(b->from - line * b->source_pitch - (b->width * b->pixel - 1) + x * b->pixel + k) % MEMORY];
        return true;
    default:
        *byte = source_byte(b, memory, base + line * (b->given ? given_line(b) : b->source_pitch) + x * b->pixel + k);
        return true;
    }
    *byte = bit ? b->ink[k] : b->paper[k];
    return bit;
}

static void model(const struct blit *b, uint8_t *memory)
{
    bool expands = b->kind == EXPAND || b->kind == PATTERN_EXPAND, skips = expands || b->kind == PATTERN;

    for (uint32_t y = 0; y < b->height; y++) {
        static uint8_t source[8192], result[8192];
        static bool kept[8192];
        uint32_t to = b->kind == BACKWARDS ? b->to - y * b->pitch - (b->width * b->pixel - 1) : b->to + y * b->pitch;
        memset(kept, 0, sizeof kept);
        for (uint32_t x = 0; x < b->width; x++)
            for (unsigned k = 0; k < b->pixel; k++) {
                bool one = source_at(b, memory, x, y, k, &source[x * b->pixel + k]);
                kept[x] = (skips && x < b->skip) || (expands && b->transparent && one == b->inverted);
            }
        for (uint32_t i = 0; i < b->width * b->pixel; i++)
            result[i] = combined(b->operation, source[i], memory[(to + i) % MEMORY]);
        for (uint32_t x = 0; x < b->width; x++) {
            const uint8_t *r = &result[x * b->pixel];
            bool key = b->pixel == 1 ? r[0] == (b->key & 0xFF) : b->pixel == 2 && (r[0] | r[1] << 8) == b->key;
            if (kept[x] || (b->transparent && !expands && b->kind != SOLID && key))
                continue;
            for (unsigned k = 0; k < b->pixel; k++)
                memory[(to + x * b->pixel + k) % MEMORY] = r[k];
        }
    }
}

/* --- The same on the display --- */

enum way { PORTS, AT_B8000, REGION, WAYS };

static void set(struct card *d, enum way way, unsigned offset, uint8_t index, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++, value >>= 8) {
        if (way == PORTS)
            graphics(d, (uint8_t)(index + i), (uint8_t)value);
        else
            put(d, (way == REGION ? REGISTERS + 0x100 : 0xB8000) + offset + i, (uint8_t)value, 1);
    }
}

static void feed(struct card *d, const struct blit *b)
{
    uint32_t at = 0;

    for (; at + 4 <= b->bytes; at += 4)
        put(d, LINEAR + at % 64,
            b->data[at] | (uint32_t)b->data[at + 1] << 8 | (uint32_t)b->data[at + 2] << 16 |
                (uint32_t)b->data[at + 3] << 24,
            4);
    if (at < b->bytes && !d->to) /* what the last one has too much is lost */
        put(d, LINEAR, b->data[at] | (uint32_t)b->data[at + 1] << 8 | (uint32_t)b->data[at + 2] << 16 | 0xA5u << 24, 4);
    else
        for (; at < b->bytes; at++)
            put(d, LINEAR + at % 64, b->data[at], 1);
}

static void perform(struct card *d, const struct blit *b, enum way way, bool autostart)
{
    static const uint8_t modes[] = {0x00, 0x01, 0x80, 0x40, 0xC0, 0xC0};

    for (unsigned i = 0; i < 4; i++) {
        set(d, way, 4 + i, i ? (uint8_t)(0x0F + 2 * i) : 1, b->ink[i], 1);
        set(d, way, i, i ? (uint8_t)(0x0E + 2 * i) : 0, b->paper[i], 1);
    }
    set(d, way, 0x08, 0x20, b->width * b->pixel - 1, 2);
    set(d, way, 0x0A, 0x22, b->height - 1, 2);
    set(d, way, 0x0C, 0x24, b->pitch, 2);
    set(d, way, 0x0E, 0x26, b->source_pitch, 2);
    set(d, way, 0x14, 0x2C, b->from, 3);
    set(d, way, 0x17, 0x2F, b->pixel == 3 ? 3 * b->skip : b->skip, 1);
    set(d, way, 0x18, 0x30, modes[b->kind] | (b->given ? 4u : 0) | (b->transparent ? 8u : 0) | (b->pixel - 1) << 4, 1);
    set(d, way, 0x1A, 0x32, b->operation, 1);
    set(d, way, 0x1B, 0x33, (b->dwords ? 1u : 0) | (b->inverted ? 2u : 0) | (b->kind == SOLID ? 4u : 0), 1);
    set(d, way, 0x1C, 0x34, b->key, 2);
    set(d, way, 0x40, 0x31, autostart ? 0x80 : 0, 1);
    set(d, way, 0x10, 0x28, b->to, 3);
    if (!autostart)
        set(d, way, 0x40, 0x31, 2, 1);
    if (b->given)
        feed(d, b);
}

/* --- Cases --- */

static uint32_t random_state;

static uint32_t pick(uint32_t below)
{
    random_state = random_state * 1664525 + 1013904223; /* Numerical Recipes */
    return (uint32_t)((uint64_t)random_state * below >> 32);
}

static void make(struct blit *b, enum kind kind, unsigned pixel, bool given, bool transparent, uint8_t operation)
{
    bool expands = kind == EXPAND || kind == PATTERN_EXPAND;

    memset(b, 0, offsetof(struct blit, data));
    b->kind = kind;
    b->pixel = pixel;
    b->given = given;
    b->transparent = transparent;
    b->operation = operation;
    b->inverted = expands && transparent && pick(2);
    b->dwords = kind == EXPAND && pick(2);
    b->skip = kind == PATTERN || expands ? pick(8) : 0;
    b->width = 1 + pick(40);
    b->height = 1 + pick(8);
    b->pitch = 160 + pick(97);
    b->source_pitch = 160 + pick(97);
    b->key = (uint16_t)pick(0x10000);
    for (unsigned i = 0; i < 4; i++) {
        b->ink[i] = (uint8_t)pick(256);
        b->paper[i] = (uint8_t)pick(256);
    }
}

/* Source and destination near the beginning, apart; of a third of the transparent ones the key is a colour there. */
static void place(struct blit *b, const uint8_t *memory)
{
    b->to = 0x100 + pick(0x1000);
    b->from = 0x2000 + pick(0x800);
    if (b->kind == BACKWARDS) {
        b->to += 0x900;
        b->from += 0x900;
    }
    if (pick(2)) { /* as drivers have it: QEMU takes no others */
        b->to &= ~3u;
        b->from &= b->kind == PATTERN || b->kind == PATTERN_EXPAND ? ~0xFFu : ~3u;
        b->pitch &= ~3u;
        b->source_pitch &= ~3u;
        if (b->kind == BACKWARDS) {
            b->to |= 3;
            b->from |= 3;
        }
    }
    if (b->operation == 0x0D && pick(3) == 0)
        b->key = (uint16_t)(memory[b->from] | memory[b->from + 1] << 8);
    b->bytes = b->given ? given_line(b) * (b->kind == PATTERN || b->kind == PATTERN_EXPAND ? 1 : b->height) : 0;
    for (uint32_t i = 0; i < b->bytes + 4; i++)
        b->data[i] = (uint8_t)pick(256);
}

/* What QEMU 7.2 does otherwise; the manual has none of it. */
enum difference { ALIGNED, PATTERN_PLACE, PATTERN_OPAQUE, COPY_DEPTH, DWORDS, PATTERN_24, SKIP_24, SAME };
static const char *const differences[] = {
    "pixels of 16 and 32 bits are always aligned",
    "a pattern lies at a multiple of its size in the display's mode, and begins with its first line",
    "a pattern of colours is never transparent",
    "a transparent copy of 24 or 32 bits is not done at all",
    "lines of bits are always of bytes, and not of doublewords",
    "a pattern of 24 bits from the processor has lines of 24 bytes",
    "opaque lines of 24 bits skip pixels, and not bytes",
};
static unsigned left_out[SAME];

static enum difference difference_of(const struct blit *b)
{
    uint32_t end = b->kind == BACKWARDS; /* the last byte's address */

    if (((b->to + end) | (b->from + end) | b->pitch | b->source_pitch) & 3 && b->pixel % 2 == 0)
        return ALIGNED;
    if (!b->given && (b->kind == PATTERN || b->kind == PATTERN_EXPAND) && b->from & 0xFF)
        return PATTERN_PLACE;
    if (b->transparent && b->kind == PATTERN)
        return PATTERN_OPAQUE;
    if (b->transparent && b->pixel > 2 && (b->kind == COPY || b->kind == BACKWARDS))
        return COPY_DEPTH;
    if (b->dwords)
        return DWORDS;
    if (b->given && b->kind == PATTERN && b->pixel == 3)
        return PATTERN_24;
    return b->pixel == 3 && b->skip && !(b->transparent && b->kind != PATTERN) ? SKIP_24 : SAME;
}

static unsigned passed, failed;

static void judge(struct card *d, const struct blit *b, const uint8_t *memory, uint32_t length, enum way way)
{
    const uint8_t *seen = look(d, length);
    bool busy;

    out(d, 0x3CE, 0x31, 1);
    busy = in(d, 0x3CF, 1) & 1;
    if (!memcmp(seen, memory, length) && !busy) {
        passed++;
        return;
    }
    if (failed++ < 10) {
        uint32_t at = 0;
        while (at < length && seen[at] == memory[at])
            at++;
        printf("FAILED: %s of %u bits, operation %02Xh%s%s%s%s, way %d, %" PRIu32 "x%" PRIu32 " skip %u from %" PRIX32
               "h to %" PRIX32 "h, pitch %" PRIu32 ": byte %" PRIX32 "h is %02X, not %02X%s\n",
               kinds[b->kind], 8 * b->pixel, b->operation, b->given ? ", from the processor" : "",
               b->transparent ? ", transparent" : "", b->inverted ? ", inverted" : "", b->dwords ? ", doublewords" : "",
               way, b->width, b->height, b->skip, b->from, b->to, b->pitch, at, at < length ? seen[at] : 0,
               at < length ? memory[at] : 0, busy ? "; still busy" : "");
    }
    fill_memory(d, memory, length);
    graphics(d, 0x31, 4);
    graphics(d, 0x31, 0);
}

static void systematic(struct card *d, uint8_t *memory, unsigned count)
{
    static struct blit b;

    for (unsigned n = 0; n < count * 16 * 4 * KINDS * 4; n++) {
        unsigned m = n / count;
        enum kind kind = (enum kind)(m % KINDS);
        bool given = m / KINDS & 1, transparent = m / KINDS / 2 & 1;
        enum way way = (enum way)pick(WAYS);
        if ((given && (kind == BACKWARDS || kind == SOLID)) || (transparent && kind == SOLID))
            continue;
        make(&b, kind, 1 + m / KINDS / 4 % 4, given, transparent, operations[m / KINDS / 16 % 16]);
        place(&b, memory);
        if (d->to && difference_of(&b) != SAME) {
            left_out[difference_of(&b)]++;
            continue;
        }
        model(&b, memory);
        perform(d, &b, way, pick(2));
        judge(d, &b, memory, NEAR, way);
    }
}

/* Anywhere, in any size; lines that overlap are read before they are written. */
static void anywhere(struct card *d, uint8_t *memory, unsigned count)
{
    static struct blit b;

    for (unsigned n = 0; n < count; n++) {
        enum way way = (enum way)pick(WAYS);
        make(&b, (enum kind)pick(KINDS), 1 + pick(4), false, pick(2), operations[pick(16)]);
        if (b.kind == SOLID)
            b.transparent = false;
        b.width = 1 + pick(pick(8) ? 200 : 2048);
        b.height = 1 + pick(pick(8) ? 20 : 300);
        b.pitch = pick(0x2000);
        b.source_pitch = pick(0x2000);
        b.to = pick(0x400000);
        b.from = pick(2) ? pick(0x400000) : b.to + pick(64);
        b.from &= 0x3FFFFF;
        model(&b, memory);
        perform(d, &b, way, pick(2));
        judge(d, &b, memory, MEMORY, way);
    }
}

/* --- Speed --- */

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A picture of 1024x768 in 16 bits, which a GD5446 with 4 MiB holds twice. */
static void speed(void)
{
    enum { LINE = 2048, LINES = 768, TIMES = 400 };
    static struct card d;
    static struct blit fill, copy;
    static uint8_t there[LINE * LINES], back[LINE * LINES];
    double took[3], gigabytes = (double)LINE * LINES * TIMES / 1e9;

    open_ours(&d);
    vga_free(&d.vga);
    const struct cirrus_model model = {DISPLAY_GD5446, true, 4u << 20, MONITOR_NONE};
    if (!cirrus_init(&d.cirrus, &d.vga, &d.clock, &d.bus, &d.memory, (struct line){0}, &model))
        exit(4);
    prepare(&d);
    make(&fill, SOLID, 2, false, false, 0x0D);
    fill.width = LINE / 2;
    fill.height = LINES;
    fill.pitch = fill.source_pitch = LINE;
    copy = fill;
    copy.kind = COPY;
    copy.to = LINE * LINES;
    for (unsigned which = 0; which < 3; which++) {
        double began = seconds();
        for (unsigned i = 0; i < TIMES; i++) {
            if (which == 2)
                memcpy(i & 1 ? there : back, i & 1 ? back : there, sizeof there);
            else
                perform(&d, which ? &copy : &fill, PORTS, false);
        }
        took[which] = seconds() - began;
    }
    printf("BitBLT, 1024x768 in 16 bits: fill %.1f GB/s, copy %.1f GB/s; memcpy %.1f GB/s\n", gigabytes / took[0],
           gigabytes / took[1], gigabytes / took[2]);
}

int main(int argc, char **argv)
{
    static struct card d;
    static uint8_t memory[MEMORY];
    unsigned count = getenv("LONG") ? 20 : 2;
    const char *qemu = NULL;

    random_state = 1;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--speed")) {
            speed();
            return 0;
        }
        if (i + 1 < argc && !strcmp(argv[i], "--count"))
            count = (unsigned)atoi(argv[++i]);
        else if (i + 1 < argc && !strcmp(argv[i], "--seed"))
            random_state = (uint32_t)atoi(argv[++i]);
        else if (i + 1 < argc && !strcmp(argv[i], "--qemu"))
            qemu = argv[++i];
    }
    if (qemu)
        open_qemu(&d, qemu);
    else
        open_ours(&d);
    prepare(&d);
    for (uint32_t i = 0; i < MEMORY; i++)
        memory[i] = (uint8_t)pick(256);
    fill_memory(&d, memory, qemu ? NEAR : MEMORY);
    systematic(&d, memory, count);
    if (!qemu)
        anywhere(&d, memory, 1000 * count);
    for (unsigned i = 0; qemu && i < SAME; i++)
        printf("left out: %s (%u)\n", differences[i], left_out[i]);
    printf("%u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}
