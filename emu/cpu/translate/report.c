/* report.c - what was translated into what, as text. */
#include "emu/cpu/translate/internal.h"

#include <stddef.h>
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

/* A line that is being written; what does not fit is left out. */
struct report_line {
    char text[512];
    size_t length;
};

static void put(struct report_line *l, const char *text)
{
    size_t length = strlen(text);

    if (length >= sizeof l->text - l->length)
        length = sizeof l->text - l->length - 1;
    memcpy(l->text + l->length, text, length);
    l->length += length;
    l->text[l->length] = '\0';
}

/* In hexadecimal with at least this many digits, or, with 0, in decimal. */
static void put_number(struct report_line *l, uint32_t v, unsigned digits)
{
    uint32_t base = digits ? 16 : 10;
    char text[11], *at = text + sizeof text - 1;

    *at = '\0';
    do
        *--at = "0123456789abcdef"[v % base];
    while ((v /= base) || text + sizeof text - 1 - at < (ptrdiff_t)digits);
    put(l, at);
}

static void say_head(const struct translation_watch *w, const struct translated *block, uint32_t size)
{
    struct report_line l = {.length = 0};

    put(&l, "block ");
    put_number(&l, block->eip, 8);
    put(&l, " at physical ");
    put_number(&l, block->physical, 8);
    put(&l, ", ");
    put_number(&l, block->count, 0);
    put(&l, " instructions, ");
    put_number(&l, size, 0);
    put(&l, " bytes:");
    for (unsigned n = 0; n < sizeof context_names / sizeof *context_names; n++)
        put(&l, block->bits & context_names[n].bit ? context_names[n].set : context_names[n].clear);
    w->line(w->context, l.text);
}

static void say_host(const struct translation_watch *w, const uint8_t *code, uint32_t from, uint32_t to)
{
    while (from < to) {
        struct report_line l = {.length = 0};
        put(&l, "    +");
        put_number(&l, from, 4);
        for (uint32_t end = to - from > HOST_BYTES_A_LINE ? from + HOST_BYTES_A_LINE : to; from < end; from++) {
            put(&l, " ");
            put_number(&l, code[from], 2);
        }
        w->line(w->context, l.text);
    }
}

void translator_report(const struct translator *t, const struct translated *block)
{
    const struct translation_watch *w = &t->watch;
    const uint32_t *places = t->backend.places;
    size_t size = (size_t)(t->code.at - block->link), aside = (size_t)(t->code.aside - t->backend.aside);
    uint32_t at = 0;

    w->code(w->context, block->link + t->code.run, size, block->eip);
    w->code(w->context, t->backend.aside + t->code.run, aside, block->eip);
    say_head(w, block, (uint32_t)(size + aside));
    for (unsigned n = 0; n < block->count; n++) {
        char text[DISASSEMBLY_SIZE];
        struct report_line l = {.length = 0};
        uint32_t eip = block->eip + insn_offset(&t->unit.insn[n]);
        if (places[n]) {
            say_host(w, block->link, at, places[n]);
            at = places[n];
        }
        disassemble(&t->unit.insn[n], eip, text);
        put(&l, "  ");
        put_number(&l, eip, 8);
        put(&l, " ");
        put(&l, text);
        w->line(w->context, l.text);
    }
    say_host(w, block->link, at, places[block->count]);
    w->line(w->context, "  exits and what leaves the block in its midst");
    say_host(w, block->link, places[block->count], (uint32_t)size);
    w->line(w->context, "  what is rare");
    say_host(w, t->backend.aside, 0, (uint32_t)aside);
}
