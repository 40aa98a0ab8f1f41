/* state_doc.c - prints spec/state.md from the tables of the machine's parts: every field with its kind, its bounds and
 * what it is. */
#include <inttypes.h>
#include <stdio.h>

#include "emu/machine.h"

/* clang-format off */
static const char *const kinds[] = {
    [STATE_BOOL] = "BOOL", [STATE_U8] = "U8", [STATE_U16] = "U16", [STATE_U32] = "U32", [STATE_U64] = "U64", [STATE_I64] = "I64", [STATE_TICK] = "TICK",
    [STATE_BYTES] = "bytes", [STATE_NESTED] = "table",
};
/* clang-format on */

static void print_table(const char *part, const char *prefix, const struct state_field *table)
{
    for (const struct state_field *f = table; f->name; f++) {
        char name[256], kind[64];
        bool array = f->count > 1 && f->kind != STATE_BYTES;

        snprintf(name, sizeof name, "%s.%s", prefix, f->name);
        if (array)
            snprintf(name, sizeof name, "%s.%s[0-%" PRIu32 "]", prefix, f->name, f->count - 1);
        snprintf(kind, sizeof kind, "%s", kinds[f->kind]);
        if (f->kind == STATE_BYTES)
            snprintf(kind, sizeof kind, f->live == STATE_ALL ? "%" PRIu32 " bytes" : "up to %" PRIu32 " bytes",
                     f->count);
        else if (f->limit)
            snprintf(kind, sizeof kind, f->kind == STATE_I64 ? "%s, within %" PRIu64 " of 0" : "%s up to %" PRIu64,
                     kinds[f->kind], f->limit);
        printf("| `%s` | %s | %s |\n", name, kind, f->doc);
        if (f->kind == STATE_NESTED)
            print_table(part, name, f->nested);
    }
}

static const char *const needs[] = {
    [PART_ALWAYS] = "",
    [PART_PCI] = " (`pc-i440fx`)",
    [PART_CIRRUS] = " (`display: cirrus`)",
    [PART_SERIAL_MOUSE] = " (`pointer: com1`, `pointer: com2`)",
    [PART_BACKDOOR] = " (`pointer: absolute`)",
    [PART_APIC] = " (`apic: yes`)",
    [PART_SB16] = " (`sound`: `card: sb16`)",
    [PART_LINE_IN] = " (`sound`: `line-in: yes`)",
    [PART_OPL] = " (`sound`: `card`)",
    [PART_ISAPNP] = " (`sound`: `pnp: yes`)",
    [PART_NETWORK] = " (`network`)",
    [PART_NETWORK_PNP] = " (`network`: `pnp: yes`)",
    [PART_RTL8029] = " (`network`: `card: rtl8029`)",
    [PART_SPEAKER] = " (`sound`: `speaker: yes`)",
};

/* Parts that follow each other with the same table are one chapter. */
int main(void)
{
    printf(
        "# The state of a machine, field by field\n\n"
        "This file is generated from the tables in `emu/` by `make state-doc`: it is what digest "
        "([digest.md](digest.md)) and snapshots ([snapshot.md](snapshot.md)) are made of. The parts and their fields\n"
        "stand in the order of both. A field of kind table has no value of its own; its fields follow it.\n\n"
        "`tick`, a TICK, stands before all parts: how many ticks the machine has run. Pages of RAM, of display memory "
        "and of what was written to the drives are state as well.\n");
    for (const struct part *part = machine_part_table; part->name; part++) {
        const struct part *last = part;
        printf("\n## `%s`", part->name);
        while (last[1].name && last[1].table == part->table && last[1].needs == part->needs)
            printf(", `%s`", (++last)->name);
        printf("%s\n\n| Field | Kind | What it is |\n|---|---|---|\n", needs[part->needs]);
        print_table(part->name, part->name, part->table);
        part = last;
    }
    return 0;
}
