/* report.c - what was translated into what, as text. */
#include "emu/cpu/translate/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HOST_BYTES_A_LINE 24u

static const struct {
    uint32_t bit;
    const char *set, *clear;
} context_names[] = {
    {CONTEXT_32, " 32-bit", " 16-bit"},
    {CONTEXT_STACK32, "", " 16-bit stack"},
    {CONTEXT_USER, " CPL 3", ""},
    {CONTEXT_PROTECTED, "", " not protected"},
    {CONTEXT_VM, " virtual-8086", ""},
    {CONTEXT_FLAT_ES, "", " ES not flat"},
    {CONTEXT_FLAT_SS, "", " SS not flat"},
    {CONTEXT_FLAT_DS, "", " DS not flat"},
    {CONTEXT_EM, " EM", ""},
    {CONTEXT_TS, " TS", ""},
    {CONTEXT_OSFXSR, " OSFXSR", ""},
    {CONTEXT_MASKED, "", " MXCSR unmasked"},
    {CONTEXT_X87_MASKED, "", " x87 unmasked"},
};

static void say_head(const struct translation_watch *w, const struct translated *block, size_t size)
{
    char line[512];
    int length = snprintf(line, sizeof line,
                          "block %08" PRIx32 " at physical %08" PRIx32 ", %u instructions, %zu bytes:", block->eip,
                          block->physical, block->count, size);

    for (unsigned n = 0; n < sizeof context_names / sizeof *context_names; n++)
        length += snprintf(line + length, sizeof line - (size_t)length, "%s",
                           block->bits & context_names[n].bit ? context_names[n].set : context_names[n].clear);
    w->line(w->context, line);
}

static void say_host(const struct translation_watch *w, const uint8_t *code, uint32_t from, uint32_t to)
{
    while (from < to) {
        char line[16 + 3 * HOST_BYTES_A_LINE];
        int length = snprintf(line, sizeof line, "    +%04" PRIx32, from);
        for (uint32_t end = to - from > HOST_BYTES_A_LINE ? from + HOST_BYTES_A_LINE : to; from < end; from++)
            length += snprintf(line + length, sizeof line - (size_t)length, " %02x", code[from]);
        w->line(w->context, line);
    }
}

void translator_report(const struct translator *t, const struct translated *block, const uint8_t *end)
{
    const struct translation_watch *w = &t->watch;
    const uint32_t *places = t->backend.places;
    size_t size = (size_t)(end - block->link);
    uint32_t at = 0;

    w->code(w->context, block->link + t->code.run, size, block->eip);
    say_head(w, block, size);
    for (unsigned n = 0; n < block->count; n++) {
        char line[32 + DISASSEMBLY_SIZE], text[DISASSEMBLY_SIZE];
        uint32_t eip = block->eip + block->insn[n].offset;
        if (places[n]) {
            say_host(w, block->link, at, places[n]);
            at = places[n];
        }
        disassemble(&block->insn[n], eip, text);
        snprintf(line, sizeof line, "  %08" PRIx32 " %s", eip, text);
        w->line(w->context, line);
    }
    say_host(w, block->link, at, places[block->count]);
    w->line(w->context, "  exits and what leaves the block in its midst");
    say_host(w, block->link, places[block->count], (uint32_t)size);
}
