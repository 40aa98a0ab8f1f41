/* fuzz_set.c - libFuzzer harness of what is said about sets: any bytes are either refused with an error, or read, as
 * the manifest of a set, a set file, the journal of a set (with tags that follow), and as the state of a cable, which
 * is written again as it was. The first byte says which. */
#include <stdlib.h>
#include <string.h>

#include "bios/bios.h"
#include "desk/embedded.h"
#include "emu/cable.h"
#include "manifests/manifests.h"
#include "verify/fixity/set_file.h"
#include "verify/runs/journal.h"
#include "verify/runs/journal_line.h"
#include "verify/runs/set_journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static char *copied(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

static void try_manifest(const uint8_t *data, size_t size)
{
    struct error error = {.status = STATUS_OK};
    struct set_manifest set;

    if (!set_manifest_parse((const char *)data, size, "fuzz", &set, &error)) {
        require(error.status != STATUS_OK);
        return;
    }
    require(set.machines >= 2 && set.machines <= SET_MACHINES);
    require(set.latency >= CABLE_LATENCY_LEAST && set.latency <= CABLE_LATENCY_MOST);
    for (uint32_t i = 1; i < set.machines; i++)
        require(strcmp(set.machine[i - 1].name, set.machine[i].name) < 0);
}

static void try_file(const uint8_t *data, size_t size)
{
    struct error error = {.status = STATUS_OK};
    struct set_file set;

    if (set_file_parse(copied(data, size), size, "fuzz", &set, &error))
        require(set.count >= 2 && set.count <= SET_MACHINES && strlen(set.root) == 64);
    else
        require(error.status != STATUS_OK);
    set_file_free(&set);
}

/* The lines get their tags: those of the set's own, and those of the two machines, whose chains are their own. */
static void try_journal(const uint8_t *data, size_t size)
{
    static const char root[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const struct set_names names = {root, {"a", "b"}, 2};
    char tags[3][9] = {"", "", ""}, next[9];
    struct error error = {.status = STATUS_OK};
    struct text t = {.bytes = NULL};
    struct set_journal journal;

    for (const uint8_t *line = data, *end = data + size, *feed;
         line < end && (feed = memchr(line, '\n', (size_t)(end - line))); line = feed + 1) {
        bool own = feed - line > 2 && line[1] == ' ' && (line[0] == 'a' || line[0] == 'b');
        unsigned which = own ? (unsigned)(line[0] - 'a' + 1) : 0;
        const uint8_t *text = line + (own ? 2 : 0);
        size_t start = t.length;
        text_add(&t, line, (size_t)(feed - line));
        if (own) {
            journal_tag(tags[which], (const char *)text, (size_t)(feed - text), next);
            memcpy(tags[which], next, sizeof next);
            text_print(&t, " %s", next);
        }
        require(!t.failed);
        journal_tag(tags[0], t.bytes + start, t.length - start, next);
        text_print(&t, " %s\n", next);
        memcpy(tags[0], next, sizeof next);
    }
    if (t.bytes && !set_journal_parse(t.bytes, t.length, "fuzz", &names, &journal, &error))
        require(error.status != STATUS_OK);
    if (t.bytes)
        set_journal_free(&journal);
    text_free(&t);
}

static void no_sha256(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    (void)context, (void)bytes, (void)length;
    memset(digest, 0, 32);
}

static struct cable *make_cable(void)
{
    const struct embedded_file *system = embedded_file(FIRMWARE_SYSTEM);
    struct machine_host host = {.system_rom = system->bytes, .system_rom_size = system->size, .sha256 = no_sha256};
    struct cable_station stations[2] = {{.name = "a"}, {.name = "b", .power_on = 1000}};
    struct machine_manifest manifest;
    const char *reason;

    machine_manifest_default(&manifest);
    manifest.memory = 1 << 20;
    manifest.display = DISPLAY_NONE;
    manifest.network = (struct network_manifest){.card = NETWORK_NE2000, .address = {2, 0, 0, 0, 0, 1}, .cable = true};
    for (unsigned i = 0; i < 2; i++)
        stations[i].machine = machine_create(&manifest, &host, &reason);
    return cable_create(stations, 2, 500);
}

static void try_cable(const uint8_t *data, size_t size)
{
    static struct cable *cable;
    static uint8_t again[1 << 20];

    if (!cable)
        require((cable = make_cable()) != NULL);
    if (!cable_load(cable, data, size))
        return;
    require(cable_save(cable, NULL, 0) == size && cable_save(cable, again, sizeof again) == size);
    require(!memcmp(again, data, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(const uint8_t *, size_t) = {try_manifest, try_file, try_journal, try_cable};

    if (size)
        tries[data[0] % 4](data + 1, size - 1);
    return 0;
}
