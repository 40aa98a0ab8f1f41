/* test_detection.c - programs of the time find an Intel of the model that the manifest names. These are the
 * routines by which they told processors apart before, beside and after CPUID, each run in real mode on each model.
 *
 * Sources: Intel's application note 485; Cyrix's application note 112; published collections of tests that tell 386 and
 * 486 parts apart; Linux' and FreeBSD's probes. A fault that one stepping had (POPAD of the 386) is not there: routines
 * that look for it take the i386 for a part without it. */
#include "tests/unit/processor.h"

enum {
    SCRATCH = 0x500,
    UNDEFINED = 0x1000006,
    PROTECTION = 0x100000D
}; /* memory to use; #UD and #GP in place of a result */
#define MODELS (CPU_PENTIUM4 + 1)

struct routine {
    const char *finds;
    uint32_t expected[MODELS]; /* EAX, or a vector + 1000000h */
    uint8_t code[64];
    uint8_t length;
};

#define ON_ALL(value) \
    { \
        value, value, value, value, value, value, value \
    }
#define FROM_486(before, from) \
    { \
        before, from, from, from, from, from, from \
    }
#define FROM_PENTIUM(before, from) \
    { \
        before, before, from, from, from, from, from \
    }
#define FROM_P6(before, from) \
    { \
        before, before, before, before, from, from, from \
    }
#define CODE_OF(...) \
    {__VA_ARGS__}, sizeof(const uint8_t[]) \
    { \
        __VA_ARGS__ \
    }

/* pushfd; pop eax; mov ecx, eax; xor eax, bit; push eax; popfd; pushfd; pop eax; xor eax, ecx: the bit, if it can be
 * toggled */
#define TOGGLED_FLAG(bit) \
    CODE_OF(0x66, 0x9C, 0x66, 0x58, 0x66, 0x89, 0xC1, 0x66, 0x35, D(bit), 0x66, 0x50, 0x66, 0x9D, 0x66, 0x9C, 0x66, \
            0x58, 0x66, 0x31, 0xC8)

static const struct routine routines[] = {
    /* pushf; pop ax; and ax, 0FFFh; push ax; popf; pushf; pop ax; and ax, 0F000h */
    {"8086: bits 12-15 of FLAGS cannot be cleared", ON_ALL(0),
     CODE_OF(0x9C, 0x58, 0x25, W(0x0FFF), 0x50, 0x9D, 0x9C, 0x58, 0x25, W(0xF000))},
    {"80286: bits 12-15 of FLAGS cannot be set", ON_ALL(0x7000),
     CODE_OF(0x9C, 0x58, 0x0D, W(0xF000), 0x50, 0x9D, 0x9C, 0x58, 0x25, W(0xF000))},
    {"8086: PUSH SP pushes the new SP", ON_ALL(0), CODE_OF(0x54, 0x58, 0x29, 0xE0)},
    {"8086: all of CL is the count of a shift", ON_ALL(2), CODE_OF(0xB1, 33, 0xB8, W(1), 0xD3, 0xE0)},
    {"V20: AAD divides by 10, whatever it says", ON_ALL(0x12), CODE_OF(0xB8, W(0x0102), 0xD5, 16)},
    /* sgdt [SCRATCH]; mov ax, [SCRATCH + 4]; and ax, 0FF00h */
    {"80286: SGDT stores FFh behind 24 bits of the base", ON_ALL(0),
     CODE_OF(0x0F, 0x01, 0x06, W(SCRATCH), 0xA1, W(SCRATCH + 4), 0x25, W(0xFF00))},
    /* mov eax, cr0; mov ecx, eax; xor eax, 10h; mov cr0, eax; mov eax, cr0; xor eax, ecx */
    {"386SX, 486 and on: ET cannot be toggled", FROM_486(CR0_ET, 0),
     CODE_OF(0x0F, 0x20, 0xC0, 0x66, 0x89, 0xC1, 0x66, 0x83, 0xF0, 0x10, 0x0F, 0x22, 0xC0, 0x0F, 0x20, 0xC0, 0x66, 0x31,
             0xC8)},
    {"386 before its second stepping: XBTS", ON_ALL(UNDEFINED), CODE_OF(0x0F, 0xA6, 0xC0)},
    {"386 before its second stepping, 486 A: IBTS, CMPXCHG", ON_ALL(UNDEFINED), CODE_OF(0x0F, 0xA7, 0xC0)},
    /* mov eax, 417A000h; mov ecx, 81h; mul ecx; add eax, edx */
    {"386 with the error of 32-bit multiplication", ON_ALL(0x0FE7A002),
     CODE_OF(0x66, 0xB8, D(0x0417A000), 0x66, 0xB9, D(0x81), 0x66, 0xF7, 0xE1, 0x66, 0x01, 0xD0)},
    {"386: AC cannot be toggled", FROM_486(0, FLAG_AC), TOGGLED_FLAG(FLAG_AC)},
    {"386: BSWAP is undefined", FROM_486(UNDEFINED, 0x78563412), CODE_OF(0x66, 0xB8, D(0x12345678), 0x66, 0x0F, 0xC8)},
    {"no CPUID: ID cannot be toggled", FROM_PENTIUM(0, FLAG_ID), TOGGLED_FLAG(FLAG_ID)},
    /* xor ax, ax; sahf; mov ax, 5; mov bx, 2; div bl; lahf; mov al, ah; xor ah, ah */
    {"Cyrix: 5 / 2 leaves cleared flags alone", ON_ALL(0x12),
     CODE_OF(0x31, 0xC0, 0x9E, 0xB8, W(5), 0xBB, W(2), 0xF6, 0xF3, 0x9F, 0x88, 0xE0, 0x30, 0xE4)},
    /* mov ax, 0FFFFh; sahf; ... */
    {"Cyrix: the same with all flags set", ON_ALL(0x12),
     CODE_OF(0xB8, W(0xFFFF), 0x9E, 0xB8, W(5), 0xBB, W(2), 0xF6, 0xF3, 0x9F, 0x88, 0xE0, 0x30, 0xE4)},
    /* mov al, C3h; out 22h, al; in al, 23h; mov bl, al; xor bl, 80h: what C3h holds, with bit 7 toggled;
     * mov al, C3h; out 22h, al; mov al, bl; out 23h, al: that to C3h; mov al, C0h; out 22h, al; in al, 23h: another is
     * read; mov al, C3h; out 22h, al; in al, 23h; xor al, bl; mov ah, 0: 0 if C3h took it */
    {"Cyrix: bit 7 of CCR3, at index C3h of ports 22h and 23h, can be toggled", ON_ALL(0x80),
     CODE_OF(0xB0, 0xC3, 0xE6, 0x22, 0xE4, 0x23, 0x88, 0xC3, 0x80, 0xF3, 0x80, 0xB0, 0xC3, 0xE6, 0x22, 0x88, 0xD8, 0xE6,
             0x23, 0xB0, 0xC0, 0xE6, 0x22, 0xE4, 0x23, 0xB0, 0xC3, 0xE6, 0x22, 0xE4, 0x23, 0x30, 0xD8, 0xB4, 0x00)},
    /* mov ax, 5555h; xor dx, dx; mov cx, 2; div cx; mov ax, 0; jnz; mov ax, 1 */
    {"NexGen: 5555h / 2 leaves ZF alone", ON_ALL(0),
     CODE_OF(0xB8, W(0x5555), 0x31, 0xD2, 0xB9, W(2), 0xF7, 0xF1, 0xB8, W(0), 0x75, 3, 0xB8, W(1))},
    /* ...; pushf; pop ax; and ax, 40h */
    {"NexGen, as FreeBSD asks: the same, by PUSHF", ON_ALL(0),
     CODE_OF(0xB8, W(0x5555), 0x31, 0xD2, 0xB9, W(2), 0xF7, 0xF1, 0x9C, 0x58, 0x25, W(0x40))},
    {"UMC: SALC with FS gives AB6B1B07h", ON_ALL(0), CODE_OF(0x66, 0x31, 0xC0, 0x64, 0xD6)},
    {"IBM 386SLC, 486SLC: register 1000h", FROM_PENTIUM(UNDEFINED, PROTECTION),
     CODE_OF(0x66, 0xB9, D(0x1000), 0x0F, 0x32)},
    {"IBM 486BL: register 1004h", FROM_PENTIUM(UNDEFINED, PROTECTION), CODE_OF(0x66, 0xB9, D(0x1004), 0x0F, 0x32)},
    {"RDTSC, without CPUID", FROM_PENTIUM(UNDEFINED, 0), CODE_OF(0x0F, 0x31, 0x66, 0x31, 0xC0)},
    {"the maker", FROM_PENTIUM(UNDEFINED, 0x756E6547), CODE_OF(0x66, 0x31, 0xC0, 0x0F, 0xA2, 0x66, 0x89, 0xD8)},
    {"type, family, model and stepping",
     {UNDEFINED, UNDEFINED, 0x052C, 0x0543, 0x0652, 0x0683, 0x0F12},
     CODE_OF(0x66, 0xB8, D(1), 0x0F, 0xA2)},
    {"AMD, Cyrix, Transmeta: extended leaves",
     {UNDEFINED, UNDEFINED, 0x052C, 0x0543, 0x03020101, 0, 0x80000004}, /* below 80000000h: none */
     CODE_OF(0x66, 0xB8, D(0x80000000), 0x0F, 0xA2)},
    {"P6: CMOVcc", FROM_P6(UNDEFINED, 7), CODE_OF(0xB8, W(7), 0x0F, 0x44, 0xC0)},
    {"LOCK NOP is undefined", ON_ALL(UNDEFINED), CODE_OF(0xF0, 0x90)},
    {"SALC", ON_ALL(0xFF), CODE_OF(0xF9, 0xB8, W(0), 0xD6)},
    {"AAM 0 divides", ON_ALL(0x1000000), CODE_OF(0xD4, 0)},
    {"ICEBP is interrupt 1", ON_ALL(0x1000001), CODE_OF(0xF1)},
    /* fninit; fnstcw [m]; and word [m], 0FF7Fh; fldcw [m]; fdisi; fnstcw [m]; mov ax, [m]; and ax, 80h */
    {"8087: FDISI sets bit 7 of the control word", ON_ALL(0),
     CODE_OF(0xDB, 0xE3, 0xD9, 0x3E, W(SCRATCH), 0x81, 0x26, W(SCRATCH), W(0xFF7F), 0xD9, 0x2E, W(SCRATCH), 0xDB, 0xE1,
             0xD9, 0x3E, W(SCRATCH), 0xA1, W(SCRATCH), 0x25, W(0x80))},
    /* fninit; fld1; fldz; fdivp; fld st0; fchs; fcompp; fnstsw ax; and ax, 4000h */
    {"287: +infinity equals -infinity", ON_ALL(0),
     CODE_OF(0xDB, 0xE3, 0xD9, 0xE8, 0xD9, 0xEE, 0xDE, 0xF9, 0xD9, 0xC0, 0xD9, 0xE0, 0xDE, 0xD9, 0xDF, 0xE0, 0x25,
             W(0x4000))},
    /* mov dword [m], 4195835; mov dword [m + 4], 3145727; fninit; x - x / y * y; mov eax, [m + 8] */
    {"Pentium with the error of FDIV", ON_ALL(0),
     CODE_OF(0x66, 0xC7, 0x06, W(SCRATCH), D(4195835), 0x66, 0xC7, 0x06, W(SCRATCH + 4), D(3145727), 0xDB, 0xE3, 0xDB,
             0x06, W(SCRATCH), 0xDA, 0x36, W(SCRATCH + 4), 0xDA, 0x0E, W(SCRATCH + 4), 0xDA, 0x2E, W(SCRATCH), 0xDB,
             0x1E, W(SCRATCH + 8), 0x66, 0xA1, W(SCRATCH + 8))}};

/* What a routine leaves in EAX, of which only those that load all of it may use the upper half; or the vector where it
 * ended. */
static uint32_t outcome(enum cpu_model model, const struct routine *routine)
{
    struct processor *p = processor_real(model);
    uint32_t eax, vector;

    execute(p, routine->code, routine->length);
    assert_true(p->cpu.halted_dead);
    eax = p->cpu.reg[EAX];
    vector = (p->cpu.eip - 1 - AT_HANDLERS) / 4;
    if (p->cpu.seg[SEG_CS].selector == 0)
        eax = 0x1000000 | vector;
    processor_free(p);
    return eax;
}

static void every_routine_finds_an_intel_of_each_model(void **state)
{
    unsigned wrong = 0, count = sizeof routines / sizeof *routines;

    (void)state;
    for (unsigned n = 0; n < count; n++)
        for (unsigned model = CPU_I386; model < MODELS; model++) {
            uint32_t found = outcome(model, &routines[n]);
            if (found == routines[n].expected[model])
                continue;
            wrong++;
            printf("%s: model %u: %X, not %X\n", routines[n].finds, model, found, routines[n].expected[model]);
        }
    assert_int_equal(wrong, 0);
    printf("%u routines on %u models\n", count, MODELS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_routine_finds_an_intel_of_each_model)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
