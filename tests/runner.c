/* runner.c - boots a floppy image with machine and firmware alone: what is left of the program on a host that has a C
 * compiler and none of its libraries.
 *
 *     runner [--pentium4] [--pci] [--serial-mouse] [--key TICK:CODE ...] [--move TICK ...] [--every N] [--until
 * tick:N|serial:TEXT|halt|poweroff] [--load STATE] [--save STATE] IMAGE
 *
 * IMAGE is a raw floppy of 1.44M, or the beginning of one. The machine, its slices and its --until are those of
 * `muniment boot IMAGE`, and so is the line at the end: tick N sha256:HEX. --every prints that line at each multiple of
 * N on the way as well. --key presses a key at a tick (CODE in hex, as machine_key takes it) and releases it a fiftieth
 * of a second later. --pentium4 gives the machine that processor. --pci makes it a pc-i440fx with a Pentium II, a
 * Cirrus GD5446, both APICs and VMware's backdoor, --serial-mouse puts its mouse on COM2; --move moves the pointer at a
 * tick. --save writes the state at the end, --load begins
 * with one, from whatever host: a stream of pages, each behind ten bytes (area, readable eighths, page as 64 bits),
 * and, behind an area of FFh and eight bytes of zeros, the text up to the end.
 *
 *     runner --set [--every US] [--slices SEED] [--load STATE] [--save STATE] --until tick:US IMAGE
 *
 * Two such machines on a cable, a of 25 MIPS and b, switched on 300 ms later, of 20; times are microseconds of the set,
 * and the lines are those of `muniment boot` of a set. --slices cuts the run into pieces of random length. The state is
 * that of the cable, as cable_save has it, and STATE.a and STATE.b. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bios/bios.h"
#include "desk/embedded.h"
#include "emu/cable.h"
#include "emu/endian.h"
#include "tests/runner.h"

#define FLOPPY_SECTORS 2880u
#define INPUTS_LIMIT 128
#define SERIAL_LIMIT (1u << 16) /* bytes of COM1 that are remembered */

struct input {
    uint64_t tick;
    uint8_t key; /* 0: the pointer moves */
    bool down;
};

enum until_kind { UNTIL_REST, UNTIL_TICK, UNTIL_SERIAL, UNTIL_HALT, UNTIL_POWEROFF }; /* rest: halted or off */

struct runner {
    struct machine *machine;
    bool pentium4, pci, serial_mouse;
    uint8_t floppy[FLOPPY_SECTORS * SECTOR_SIZE];
    struct block medium;
    struct input inputs[INPUTS_LIMIT];
    size_t input_count, inputs_done;
    uint64_t every, printed; /* multiples of it that were passed */
    enum until_kind until;
    uint64_t until_tick;
    const char *until_text;
    char serial[SERIAL_LIMIT + 1];
    size_t serial_length;
    bool halted, off;
    const char *load, *save;
    bool set;
    struct cable *cable; /* of a set; null: none */
    uint64_t slices;     /* seed; 0: none */
    unsigned station;
};

/* --- The machine's outside --- */

static enum block_result floppy_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    struct runner *r = context;

    memcpy(buffer, r->floppy + sector * SECTOR_SIZE, (size_t)count * SECTOR_SIZE);
    *done = count;
    return BLOCK_OK;
}

static enum block_result floppy_write(void *context, uint64_t sector, uint32_t count, const uint8_t *buffer)
{
    struct runner *r = context;

    memcpy(r->floppy + sector * SECTOR_SIZE, buffer, (size_t)count * SECTOR_SIZE);
    return BLOCK_OK;
}

static void serial_out(void *context, unsigned port, uint8_t byte)
{
    struct runner *r = context;

    if (port == 0 && r->serial_length < SERIAL_LIMIT)
        r->serial[r->serial_length++] = (char)byte;
}

static void packet_out(void *context, const uint8_t *packet, size_t length)
{
    struct runner *r = context;

    if (r->cable)
        cable_send(r->cable, r->station, packet, length);
}

static void host_sha256(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    (void)context;
    runner_sha256(bytes, length, digest);
}

/* --- The run --- */

static void print_digest(struct runner *r)
{
    uint8_t digest[32];

    if (!machine_digest(r->machine, digest)) {
        fprintf(stderr, "runner: out of memory\n");
        exit(4);
    }
    printf("tick %" PRIu64 " sha256:", machine_tick(r->machine));
    for (unsigned i = 0; i < sizeof digest; i++)
        printf("%02x", digest[i]);
    printf("\n");
}

static bool until_met(const struct runner *r)
{
    switch (r->until) {
    case UNTIL_TICK: return machine_tick(r->machine) >= r->until_tick;
    case UNTIL_SERIAL: return strstr(r->serial, r->until_text) != NULL;
    case UNTIL_HALT: return r->halted;
    case UNTIL_POWEROFF: return r->off;
    case UNTIL_REST: break;
    }
    return r->halted || r->off;
}

/* The next tick at which something is to be done or looked at; conditions are looked at every hundredth of a second. */
static uint64_t next_stop(const struct runner *r)
{
    uint64_t now = machine_tick(r->machine), period = machine_ticks_per_second(r->machine) / 100,
             next = (now / period + 1) * period;

    if (r->until == UNTIL_TICK && r->until_tick < next)
        next = r->until_tick;
    if (r->inputs_done < r->input_count && r->inputs[r->inputs_done].tick < next)
        next = r->inputs[r->inputs_done].tick;
    if (r->every && (now / r->every + 1) * r->every < next)
        next = (now / r->every + 1) * r->every;
    return next;
}

static void give_inputs(struct runner *r)
{
    while (r->inputs_done < r->input_count && r->inputs[r->inputs_done].tick <= machine_tick(r->machine)) {
        const struct input *input = &r->inputs[r->inputs_done++];
        if (input->key)
            machine_key(r->machine, input->key, input->down);
        else if (!machine_pointer_at(r->machine, 0x8000, 0x8000, 0, 0))
            machine_pointer(r->machine, 300, -5, 0, 0);
    }
}

/* False: the machine can run no further, and what was waited for has not come. */
static bool run(struct runner *r)
{
    while (!until_met(r)) {
        if (r->off)
            return false;
        give_inputs(r);
        enum machine_stop stop = machine_run(r->machine, next_stop(r));
        if (stop == MACHINE_HOST_FAILED)
            return false;
        r->halted = r->halted || stop == MACHINE_HALTED;
        r->off = stop == MACHINE_POWERED_OFF;
        if (r->every && machine_tick(r->machine) / r->every > r->printed && !until_met(r)) {
            r->printed = machine_tick(r->machine) / r->every;
            print_digest(r);
        }
    }
    return true;
}

static bool create(struct runner *r)
{
    struct machine_manifest manifest;
    const char *reason;

    machine_manifest_default(&manifest);
    if (r->pentium4)
        manifest.cpu = CPU_PENTIUM4;
    if (r->pci) {
        manifest.type = MACHINE_PC_I440FX;
        manifest.cpu = CPU_PENTIUM2;
        manifest.display = DISPLAY_GD5446;
        manifest.apic = true;
        manifest.pointer = POINTER_ABSOLUTE;
    }
    if (r->serial_mouse)
        manifest.pointer = POINTER_COM2;
    if (r->set) {
        manifest.network = (struct network_manifest){
            .card = NETWORK_NE2000, .address = {2, 0, 0, 0, 0, (uint8_t)(r->station + 1)}, .cable = true};
        manifest.mips = r->station ? 20 : 25;
    }
    r->medium = (struct block){.context = r, .sectors = FLOPPY_SECTORS, .read = floppy_read, .write = floppy_write};
    const struct embedded_file *system = embedded_file(FIRMWARE_SYSTEM),
                               *video = embedded_file(r->pci ? FIRMWARE_VIDEO_CIRRUS : FIRMWARE_VIDEO);
    struct machine_host host = {
        .context = r,
        .system_rom = system->bytes,
        .system_rom_size = system->size,
        .video_rom = video->bytes,
        .video_rom_size = video->size,
        .drives = {&r->medium},
        .sha256 = host_sha256,
        .serial_out = serial_out,
        .packet_out = packet_out,
    };
    r->machine = machine_create(&manifest, &host, &reason);
    if (!r->machine)
        fprintf(stderr, "runner: this machine cannot be built: %s\n", reason ? reason : "out of memory");
    return r->machine;
}

/* --- The state, in and out --- */

#define PAGE_HEAD 10u
#define STATE_LIMIT (1u << 20)
#define TEXT_FOLLOWS 0xFF

static void write_text(void *context, const char *text, size_t length)
{
    fwrite(text, 1, length, context);
}

static bool save_state(struct runner *r)
{
    FILE *file = fopen(r->save, "wb");
    uint8_t head[PAGE_HEAD] = {0}, bytes[MACHINE_PAGE];

    if (!file)
        return false;
    give_inputs(r); /* what is due at this tick is in the state */
    for (enum machine_area area = 0; area < AREA_COUNT; area++)
        for (uint64_t page = 0; machine_page_next(r->machine, area, false, &page); page++) {
            head[0] = (uint8_t)area;
            store64(head + 2, page);
            if (!machine_page_get(r->machine, area, page, bytes, &head[1]))
                return false;
            fwrite(head, 1, sizeof head, file);
            fwrite(bytes, 1, sizeof bytes, file);
        }
    memset(head, 0, sizeof head);
    head[0] = TEXT_FOLLOWS;
    fwrite(head, 1, sizeof head, file);
    machine_save(r->machine, write_text, file);
    return !ferror(file) && fclose(file) == 0;
}

static bool load_state(struct runner *r)
{
    static char text[STATE_LIMIT];
    FILE *file = fopen(r->load, "rb");
    struct machine_fault fault = {.what = "cannot be read"};
    uint8_t head[PAGE_HEAD], bytes[MACHINE_PAGE];
    bool good = file;

    while (good && (good = fread(head, 1, sizeof head, file) == sizeof head) && head[0] < AREA_COUNT)
        good = fread(bytes, 1, sizeof bytes, file) == sizeof bytes &&
               machine_page_put(r->machine, head[0], load64(head + 2), bytes, head[1], &fault);
    good = good && head[0] == TEXT_FOLLOWS && machine_load(r->machine, text, fread(text, 1, sizeof text, file), &fault);
    if (file)
        fclose(file);
    if (!good)
        fprintf(stderr, "runner: %s: %s %s\n", r->load, fault.name, fault.what);
    else if (r->every)
        r->printed = machine_tick(r->machine) / r->every;
    while (good && r->inputs_done < r->input_count && r->inputs[r->inputs_done].tick <= machine_tick(r->machine))
        r->inputs_done++; /* they are in the state */
    return good;
}

/* --- The command line --- */

static bool read_number(const char *text, int base, char end, uint64_t *number, const char **rest)
{
    char *stop;

    *number = strtoull(text, &stop, base);
    *rest = stop + (*stop != 0);
    return stop != text && *stop == end;
}

/* Inputs come in the order of their ticks, each key up before the next goes down. */
static bool read_key(struct runner *r, const char *text)
{
    uint64_t tick, code;
    const char *rest;

    if (r->input_count + 2 > INPUTS_LIMIT || !read_number(text, 10, ':', &tick, &rest) ||
        !read_number(rest, 16, 0, &code, &rest))
        return false;
    r->inputs[r->input_count++] = (struct input){tick, (uint8_t)code, true};
    r->inputs[r->input_count++] = (struct input){tick + 25000000 / 50, (uint8_t)code, false};
    return true;
}

static bool read_move(struct runner *r, const char *text)
{
    uint64_t tick;
    const char *rest;

    if (r->input_count == INPUTS_LIMIT || !read_number(text, 10, 0, &tick, &rest))
        return false;
    r->inputs[r->input_count++] = (struct input){.tick = tick};
    return true;
}

static bool read_until(struct runner *r, const char *text)
{
    const char *rest;

    if (strncmp(text, "tick:", 5) == 0) {
        r->until = UNTIL_TICK;
        return read_number(text + 5, 10, 0, &r->until_tick, &rest);
    }
    if (strncmp(text, "serial:", 7) == 0) {
        r->until = UNTIL_SERIAL;
        r->until_text = text + 7;
        return *r->until_text;
    }
    r->until = strcmp(text, "halt") == 0 ? UNTIL_HALT : UNTIL_POWEROFF;
    return r->until == UNTIL_HALT || strcmp(text, "poweroff") == 0;
}

static const char *read_options(struct runner *r, int argc, char **argv)
{
    const char *image = NULL, *rest;

    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc, good = true;
        if (strcmp(argv[i], "--set") == 0)
            r->set = true;
        else if (strcmp(argv[i], "--pentium4") == 0)
            r->pentium4 = true;
        else if (strcmp(argv[i], "--pci") == 0)
            r->pci = true;
        else if (strcmp(argv[i], "--serial-mouse") == 0)
            r->serial_mouse = true;
        else if (strcmp(argv[i], "--key") == 0)
            good = more && read_key(r, argv[++i]);
        else if (strcmp(argv[i], "--move") == 0)
            good = more && read_move(r, argv[++i]);
        else if (strcmp(argv[i], "--every") == 0)
            good = more && read_number(argv[++i], 10, 0, &r->every, &rest);
        else if (strcmp(argv[i], "--slices") == 0)
            good = more && read_number(argv[++i], 10, 0, &r->slices, &rest);
        else if (strcmp(argv[i], "--until") == 0)
            good = more && read_until(r, argv[++i]);
        else if (strcmp(argv[i], "--load") == 0)
            good = more && (r->load = argv[++i]);
        else if (strcmp(argv[i], "--save") == 0)
            good = more && (r->save = argv[++i]);
        else
            image = argv[i];
        if (!good)
            return NULL;
    }
    return image;
}

/* --- A set --- */

static bool print_set(struct cable *cable)
{
    uint64_t now = cable_now(cable);
    uint8_t digest[32];

    if (!cable_digest(cable, host_sha256, NULL, digest))
        return false;
    printf("time %" PRIu64 ".%06u sha256:", now / 1000000, (unsigned)(now % 1000000));
    for (unsigned i = 0; i < sizeof digest; i++)
        printf("%02x", digest[i]);
    printf("\n");
    return true;
}

#define CABLE_LIMIT (1u << 20) /* bytes of its state */

static bool save_cable(const struct cable *cable, const char *path)
{
    static uint8_t bytes[CABLE_LIMIT];
    size_t size = cable_save(cable, bytes, sizeof bytes);
    FILE *file = fopen(path, "wb");

    return file && size <= sizeof bytes && fwrite(bytes, 1, size, file) == size && fclose(file) == 0;
}

static bool load_cable(struct cable *cable, const char *path)
{
    static uint8_t bytes[CABLE_LIMIT];
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;

    if (file)
        fclose(file);
    return file && cable_load(cable, bytes, size);
}

/* The state of each machine, in STATE.a and STATE.b, out or in. */
static bool carry(struct runner *runners[2], const char *path, bool out)
{
    char own[1024];
    bool good = true;

    for (unsigned i = 0; good && i < 2; i++) {
        good = snprintf(own, sizeof own, "%s.%c", path, (int)('a' + i)) < (int)sizeof own;
        runners[i]->save = runners[i]->load = own;
        good = good && (out ? save_state(runners[i]) : load_state(runners[i]));
    }
    return good;
}

/* How far a set runs next: to the next point, or, in random slices, less. */
static uint64_t next_slice(struct runner *r, uint64_t now, bool *point)
{
    uint64_t end = r->every ? (now / r->every + 1) * r->every : r->until_tick, most = 1 + end / 50;

    end = end < r->until_tick ? end : r->until_tick;
    r->slices = r->slices * 1103515245 + (r->slices ? 12345 : 0);
    *point = !r->slices || now + 1 + r->slices % 65536 % most >= end;
    return *point ? end : now + 1 + r->slices % 65536 % most;
}

/* Runs two machines of this floppy. Returns the exit status. */
static int run_set(struct runner *first)
{
    static struct runner second;
    struct runner *runners[2] = {first, &second};
    struct cable_station stations[2] = {{.name = "a"}, {.name = "b", .power_on = 300000}};
    const char *load = first->load, *save = first->save;
    bool good = true, point;

    second = *first;
    for (unsigned i = 0; i < 2; i++) {
        runners[i]->station = i;
        if (!create(runners[i]))
            return 4;
        stations[i].machine = runners[i]->machine;
    }
    struct cable *cable = cable_create(stations, 2, 500);
    first->cable = second.cable = cable;
    if (cable && load)
        good = carry(runners, load, false) && load_cable(cable, load);
    while (good && cable && cable_now(cable) < first->until_tick) {
        cable_run(cable, next_slice(first, cable_now(cable), &point));
        good = !point || print_set(cable);
    }
    if (good && cable && save)
        good = carry(runners, save, true) && save_cable(cable, save);
    for (unsigned i = 0; i < 2; i++)
        machine_destroy(runners[i]->machine);
    cable_destroy(cable);
    return good && cable ? 0 : 4;
}

static bool read_image(struct runner *r, const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(r->floppy, 1, sizeof r->floppy, file) : 0;
    bool good = size > 0 && !ferror(file) && getc(file) == EOF;

    if (file)
        fclose(file);
    if (!good)
        fprintf(stderr, "runner: %s: cannot be read, or is no floppy image of at most 1.44M\n", path);
    return good;
}

int main(int argc, char **argv)
{
    static struct runner r;
    const char *image = read_options(&r, argc, argv);

    if (!image) {
        fprintf(
            stderr,
            "usage: runner [--pentium4] [--pci] [--serial-mouse] [--key TICK:CODE ...] [--move TICK ...] [--every N] "
            "[--until tick:N|serial:TEXT|halt|poweroff] [--load STATE] [--save STATE] IMAGE\n");
        return 2;
    }
    if (!read_image(&r, image))
        return 3;
    if (r.set)
        return run_set(&r);
    if (!create(&r))
        return 4;
    if (r.load && !load_state(&r))
        return 3;
    bool met = run(&r);
    print_digest(&r);
    if (r.save && !save_state(&r))
        return 4;
    if (!met)
        fprintf(stderr, "runner: %s: the machine stopped before it came to that\n", image);
    machine_destroy(r.machine);
    return !met;
}
