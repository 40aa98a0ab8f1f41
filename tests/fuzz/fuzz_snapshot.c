/* fuzz_snapshot.c - libFuzzer harness of what reads snapshots. The input is the text of a snapshot, or, if it begins
 * with an even byte, edits of the state of a machine that was running: whatever fields are set to, the state is
 * refused, or the machine runs on with it and harms nothing. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/digest.h"
#include "bios/bios.h"
#include "desk/embedded.h"
#include "emu/endian.h"
#include "emu/machine.h"
#include "verify/runs/snapshot_text.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASES 8             /* states that are edited, of each machine */
#define BASE_TICKS 9000000u /* between them */
#define RUN_TICKS 400000u
#define MEMORY (1u << 20)
#define EDIT 11 /* bytes: two for the field, one for how, eight for the value */

struct memory_medium {
    struct block block;
    uint8_t bytes[1474560];
};

static struct memory_medium floppy, disk, cd;
static struct base {
    char *text;
    size_t length;
    uint8_t ram[MEMORY];
} bases[2][BASES];
static uint64_t refused, run_on;

static enum block_result medium_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    memcpy(buffer, ((struct memory_medium *)context)->bytes + sector * SECTOR_SIZE, (size_t)count * SECTOR_SIZE);
    *done = count;
    return BLOCK_OK;
}

static enum block_result medium_write(void *context, uint64_t sector, uint32_t count, const uint8_t *buffer)
{
    memcpy(((struct memory_medium *)context)->bytes + sector * SECTOR_SIZE, buffer, (size_t)count * SECTOR_SIZE);
    return BLOCK_OK;
}

static void host_sha256(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    (void)context;
    sha256(bytes, length, digest);
}

static struct machine *build_machine(enum machine_type type)
{
    const bool pci = type == MACHINE_PC_I440FX;
    const struct embedded_file *system = embedded_file(FIRMWARE_SYSTEM);
    const struct embedded_file *video = embedded_file(pci ? FIRMWARE_VIDEO_CIRRUS : FIRMWARE_VIDEO);
    struct memory_medium *const media[3] = {&floppy, &disk, &cd};
    struct machine_manifest manifest;
    const char *reason;

    for (size_t i = 0; i < 3; i++) {
        memset(media[i]->bytes, 0, sizeof media[i]->bytes);
        media[i]->block = (struct block){.context = media[i],
                                         .sectors = sizeof media[i]->bytes / SECTOR_SIZE,
                                         .read = medium_read,
                                         .write = medium_write};
    }
    memcpy(floppy.bytes, "\xB8\x01\x02\xBB\x00\x80\x31\xD2\xB9\x02\x00\xCD\x13\xEB\xF1", 15); /* reads a sector for ever
                                                                                               */
    memcpy(disk.bytes + 510, "\x55\xAA", 2);
    memcpy(floppy.bytes + 510, "\x55\xAA", 2);
    machine_manifest_default(&manifest);
    manifest.type = type;
    manifest.memory = MEMORY;
    manifest.cpu = CPU_PENTIUM4;
    manifest.drives[DRIVE_HD0].kind = DRIVE_DISK;
    manifest.drives[DRIVE_HD2].kind = DRIVE_CDROM;
    manifest.speaker = manifest.line_in = true; /* between them, the two machines have every part */
    manifest.sound_card = SOUND_CARD_SB16;
    manifest.sound_pnp = !pci;
    manifest.network = (struct network_manifest){
        .card = pci ? NETWORK_RTL8029 : NETWORK_NE2000, .address = {2, 0, 0, 0, 0, 1}, .cable = true, .pnp = !pci};
    manifest.pointer = pci ? POINTER_ABSOLUTE : POINTER_COM1;
    manifest.display = pci ? DISPLAY_GD5446 : DISPLAY_VGA;
    manifest.apic = pci;
    struct machine_host host = {
        .system_rom = system->bytes,
        .system_rom_size = system->size,
        .video_rom = video->bytes,
        .video_rom_size = video->size,
        .sha256 = host_sha256,
        .drives = {[DRIVE_FD0] = &floppy.block, [DRIVE_HD0] = &disk.block, [DRIVE_HD2] = &cd.block},
    };
    return machine_create(&manifest, &host, &reason);
}

static void collect(void *context, const char *text, size_t length)
{
    struct base *b = context;

    b->text = realloc(b->text, b->length + length + 1);
    memcpy(b->text + b->length, text, length);
    b->length += length;
    b->text[b->length] = '\0';
}

static void print_counts(void)
{
    printf("fuzz_snapshot: %" PRIu64 " states refused, %" PRIu64 " run on\n", refused, run_on);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    for (enum machine_type type = MACHINE_PC_ISA; type <= MACHINE_PC_I440FX; type++) {
        struct machine *m = build_machine(type);
        for (unsigned i = 0; i < BASES; i++) {
            machine_run(m, machine_tick(m) + BASE_TICKS);
            machine_key(m, (uint8_t)(0x10 + i), true);
            machine_save(m, collect, &bases[type][i]);
            memcpy(bases[type][i].ram, m->memory.ram, MEMORY);
        }
        machine_destroy(m);
    }
    atexit(print_counts);
    return 0;
}

/* Whatever was loaded, the machine runs, shows its picture and has a digest. */
static void use(struct machine *m)
{
    struct text_screen screen;
    struct frame frame;
    uint8_t digest[32];

    machine_run(m, machine_tick(m) + RUN_TICKS);
    machine_text(m, &screen);
    machine_frame(m, &frame);
    machine_digest(m, digest);
    run_on++;
}

/* --- Edits --- */

struct editing {
    const uint8_t *data;
    size_t size;
    uint32_t leaf;
    struct base *text; /* the edited one */
};

/* A value that is near what bounds are made of, as text in the field's form. */
static void edited_value(const struct state_leaf *leaf, uint8_t how, uint64_t value, struct base *out)
{
    uint8_t bytes[8];
    struct state_leaf other = *leaf;
    char text[STATE_VALUE];

    if (how % 4 == 1)
        value &= 0xFF;
    else if (how % 4 == 2)
        value = UINT64_C(1) << value % 64;
    else if (how % 4 == 3)
        value = 0 - value % 16;
    if (leaf->field->kind == STATE_BYTES) {
        uint32_t count = leaf->live ? (uint32_t)(value % (leaf->field->count + 1)) : leaf->field->count;
        char digits[32];
        snprintf(digits, sizeof digits, "%" PRIu32 ":", count);
        collect(out, digits, strlen(digits));
        for (uint32_t i = 0; i < count; i++) {
            snprintf(digits, sizeof digits, "%02x", (unsigned)(value >> 8 * (i % 8) & 0xFF));
            collect(out, digits, 2);
        }
        return;
    }
    if (leaf->field->kind == STATE_BOOL)
        value &= 1;
    if (leaf->field->kind == STATE_U16) {
        uint16_t v = (uint16_t)value;
        memcpy(bytes, &v, sizeof v);
    } else if (leaf->field->kind == STATE_U32) {
        uint32_t v = (uint32_t)value;
        memcpy(bytes, &v, sizeof v);
    } else if (leaf->field->kind == STATE_BOOL || leaf->field->kind == STATE_U8) {
        bytes[0] = (uint8_t)value;
    } else {
        memcpy(bytes, &value, sizeof value);
    }
    other.value = bytes;
    state_print_scalar(&other, text);
    collect(out, text, strlen(text));
}

static bool edit_leaf(void *context, const struct state_leaf *leaf)
{
    struct editing *e = context;
    struct base *in = e->text;
    const uint8_t *edit = NULL;
    struct base *out = in + 1;
    const char *end = strchr(in->text + in->length, '\n');

    for (size_t at = 0; at + EDIT <= e->size; at += EDIT)
        if ((load16(e->data + at) & 0x7FF) == (e->leaf & 0x7FF))
            edit = e->data + at;
    e->leaf++;
    if (edit) {
        collect(out, leaf->name, strlen(leaf->name));
        collect(out, " = ", 3);
        edited_value(leaf, edit[2], load64(edit + 3), out);
        collect(out, "\n", 1);
    } else {
        collect(out, in->text + in->length, (size_t)(end + 1 - (in->text + in->length)));
    }
    in->length = (size_t)(end + 1 - in->text);
    return true;
}

static void fuzz_state(const uint8_t *data, size_t size)
{
    enum machine_type type = data[0] >> 1 & 1;
    const struct base *base = &bases[type][data[0] >> 2 & (BASES - 1)];
    struct machine *m = build_machine(type);
    struct base texts[2] = {{.text = base->text}, {.text = NULL}}; /* the first's length is how far it has been read */
    struct editing e = {data + 1, size - 1, 0, texts};
    struct machine_fault fault;
    const char *first = strchr(base->text, '\n') + 1;

    collect(&texts[1], base->text, (size_t)(first - base->text));
    texts[0].length = (size_t)(first - base->text);
    for (const struct part *part = machine_part_table; part->name; part++)
        if (machine_has_part(m, part))
            state_walk(part->name, part->table, (uint8_t *)m + part->offset, edit_leaf, &e);
    for (uint64_t page = 0; page < MEMORY / MACHINE_PAGE; page++)
        machine_page_put(m, AREA_RAM, page, base->ram + page * MACHINE_PAGE, 0xFF, &fault);
    if (machine_load(m, texts[1].text, texts[1].length, &fault))
        use(m);
    else
        refused++;
    free(texts[1].text);
    machine_destroy(m);
}

/* --- Texts --- */

static void fuzz_text(const uint8_t *data, size_t size)
{
    char path[64], locator[LOCATOR_SIZE];
    struct pack_writer file;
    struct pack_place place;
    struct snapshot snapshot;
    struct error error;

    snprintf(path, sizeof path, "/dev/shm/fuzz_snapshot.%ld", (long)getpid());
    make_locator(LOCATOR_SIZE, locator);
    if (!pack_create(&file, path, true, &error) || !pack_head(&file, locator, sizeof locator, &error))
        return;
    for (size_t at = 0; at < size; at += CHUNK_SIZE)
        pack_add(&file, data + at, size - at < CHUNK_SIZE ? (uint32_t)(size - at) : CHUNK_SIZE, &place, &error);
    pack_commit(&file, &error);
    if (snapshot_read(path, &snapshot, &error)) {
        struct machine *m = build_machine(data[0] >> 1 & 1);
        if (snapshot_restore(&snapshot, m, &error))
            use(m);
        machine_destroy(m);
    }
    snapshot_free(&snapshot);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (data[0] & 1)
        fuzz_text(data, size);
    else
        fuzz_state(data, size);
    return 0;
}
