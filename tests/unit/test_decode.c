/* test_decode.c - facts about the table of instructions, the decoder and the disassembler: what encodings mean, what is
 * undefined where, and that the decoder reads no byte too many. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/cpu/decode.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))
enum { MODE16 = DECODE_PROTECTED, MODE32 = DECODE_PROTECTED | DECODE_32, REAL = 0 };

/* "8B 45 FC" as bytes; returns their number. */
static size_t parse(const char *hex, uint8_t bytes[32])
{
    size_t count = 0;

    for (char *end; *hex && count < 32; hex = end) {
        bytes[count++] = (uint8_t)strtoul(hex, &end, 16);
        if (*end == ' ')
            end++;
    }
    return count;
}

static enum decode_result decode_hex(const char *hex, unsigned mode, enum cpu_model model, struct insn *insn)
{
    uint8_t bytes[32];
    size_t count = parse(hex, bytes);

    return decode(bytes, count, mode, model, insn);
}

static struct insn decoded(const char *hex, unsigned mode)
{
    struct insn insn;

    assert_int_equal(decode_hex(hex, mode, CPU_PENTIUM4, &insn), DECODE_OK);
    return insn;
}

/* clang-format off */
/* At EIP 1000h. */
static const struct { const char *hex; unsigned mode; const char *text; } encodings[] = {
    { "D8 C3", MODE32, "fadd st0, st3" }, { "DC E3", MODE32, "fsubr st3, st0" }, { "DE E9", MODE32, "fsubp st1, st0" }, { "DE D9", MODE32, "fcompp" },
    { "D8 0B", MODE32, "fmul dword [ebx]" }, { "DD 1B", MODE32, "fstp qword [ebx]" }, { "DB 2B", MODE32, "fld tword [ebx]" },
    { "DE 03", MODE32, "fiadd word [ebx]" }, { "DF 2B", MODE32, "fild qword [ebx]" }, { "DF 33", MODE32, "fbstp tword [ebx]" },
    { "D9 3B", MODE32, "fnstcw word [ebx]" }, { "DF E0", MODE32, "fnstsw ax" }, { "DD 33", MODE32, "fnsave [ebx]" }, { "D9 C9", MODE32, "fxch st1" },
    { "DA C1", MODE32, "fcmovb st0, st1" }, { "DF F1", MODE32, "fcomip st0, st1" }, { "0F AE 03", MODE32, "fxsave [ebx]" }, { "D9 FF", MODE32, "fcos" },
    { "0F 58 C1", MODE32, "addps xmm0, xmm1" },
    { "66 0F 58 41 10", MODE32, "addpd xmm0, oword [ecx+10h]" },
    { "F3 0F 58 10", MODE32, "addss xmm2, dword [eax]" },
    { "66 F2 0F 58 D8", MODE32, "addsd xmm3, xmm0" },
    { "66 F2 F3 0F 10 C8", MODE32, "movss xmm1, xmm0" },
    { "0F 12 C1", MODE32, "movhlps xmm0, xmm1" },
    { "0F 12 01", MODE32, "movlps xmm0, qword [ecx]" },
    { "66 0F 13 01", MODE16, "movlpd qword [bx+di], xmm0" },
    { "0F 60 01", MODE32, "punpcklbw mm0, dword [ecx]" },
    { "66 0F 60 01", MODE32, "punpcklbw xmm0, oword [ecx]" },
    { "0F 71 D3 0F", MODE32, "psrlw mm3, 0fh" },
    { "66 0F 73 DF FF", MODE32, "psrldq xmm7, 0ffh" },
    { "0F 6E C3", MODE32, "movd mm0, ebx" },
    { "66 0F 7E 03", MODE32, "movd dword [ebx], xmm0" },
    { "F3 0F 7E 03", MODE32, "movq xmm0, qword [ebx]" },
    { "66 0F D6 03", MODE32, "movq qword [ebx], xmm0" },
    { "F2 0F 2D 03", MODE32, "cvtsd2si eax, qword [ebx]" },
    { "F3 0F 2A C1", MODE32, "cvtsi2ss xmm0, ecx" },
    { "0F C2 C1 02", MODE32, "cmpps xmm0, xmm1, 2" },
    { "66 0F C5 C1 07", MODE32, "pextrw eax, xmm1, 7" },
    { "0F AE 10", MODE32, "ldmxcsr dword [eax]" },
    { "0F AE 38", MODE32, "clflush byte [eax]" },
    { "0F AE F8", MODE32, "sfence" },
    { "0F 18 08", MODE32, "prefetcht0 byte [eax]" },
    { "01 44 B3 10", MODE32, "add dword [ebx+esi*4+10h], eax" },
    { "00 C4", MODE32, "add ah, al" },
    { "66 03 05 78 56 34 12", MODE32, "add ax, word [12345678h]" },
    { "83 C0 80", MODE32, "add eax, -80h" },
    { "80 C0 80", MODE32, "add al, 80h" },
    { "82 C0 80", MODE32, "add al, 80h" },
    { "81 4D F8 00 00 00 80", MODE32, "or dword [ebp-8], 80000000h" },
    { "66 81 D9 FF FF", MODE32, "sbb cx, 0ffffh" },
    { "15 0A 00 00 00", MODE32, "adc eax, 0ah" },
    { "24 09", MODE32, "and al, 9" },
    { "36 2B 00", MODE16, "sub ax, word [ss:bx+si]" },
    { "33 42 FE", MODE16, "xor ax, word [bp+si-2]" },
    { "3B 87 00 80", MODE16, "cmp ax, word [bx-8000h]" },
    { "F7 06 34 12 01 00", MODE16, "test word [1234h], 1" },
    { "F6 C8 01", MODE32, "test al, 1" },
    { "85 D8", MODE32, "test eax, ebx" },
    { "40", MODE32, "inc eax" },
    { "66 4F", MODE32, "dec di" },
    { "FE 0C 24", MODE32, "dec byte [esp]" },
    { "F7 D1", MODE32, "not ecx" },
    { "F0 F7 18", MODE32, "lock neg dword [eax]" },
    { "D0 C0", MODE32, "rol al, 1" },
    { "C1 4D 00 1F", MODE32, "ror dword [ebp], 1fh" },
    { "D3 D0", MODE16, "rcl ax, cl" },
    { "C0 F0 03", MODE32, "shl al, 3" },
    { "D2 3C 8D 00 00 00 00", MODE32, "sar byte [ecx*4], cl" },
    { "0F A4 D8 FF", MODE32, "shld eax, ebx, 0ffh" },
    { "0F AD 10", MODE32, "shrd dword [eax], edx, cl" },
    { "F6 E4", MODE32, "mul ah" },
    { "F7 2F", MODE32, "imul dword [edi]" },
    { "0F AF C3", MODE32, "imul eax, ebx" },
    { "6B C3 FF", MODE32, "imul eax, ebx, -1" },
    { "69 01 00 01 00 00", MODE32, "imul eax, dword [ecx], 100h" },
    { "F7 F1", MODE32, "div ecx" },
    { "66 F7 F9", MODE32, "idiv cx" },
    { "27", MODE32, "daa" }, { "3F", MODE32, "aas" }, { "D4 0A", MODE32, "aam 0ah" }, { "D5 FF", MODE32, "aad 0ffh" },
    { "0F A3 18", MODE32, "bt dword [eax], ebx" },
    { "F0 0F BA 28 07", MODE32, "lock bts dword [eax], 7" },
    { "0F BC C1", MODE32, "bsf eax, ecx" },
    { "0F CF", MODE32, "bswap edi" },
    { "0F C0 E0", MODE32, "xadd al, ah" },
    { "F0 0F B1 0E", MODE32, "lock cmpxchg dword [esi], ecx" },
    { "F0 0F C7 0E", MODE32, "lock cmpxchg8b qword [esi]" },
    { "8A 2C 65 00 00 00 00", MODE32, "mov ch, byte [0]" },
    { "8B 04 25 10 00 00 00", MODE32, "mov eax, dword [10h]" },
    { "8B 04 A4", MODE32, "mov eax, dword [esp]" },
    { "8B 44 2D 00", MODE32, "mov eax, dword [ebp+ebp]" },
    { "67 8B 46 00", MODE32, "mov eax, dword [bp]" },
    { "67 66 8B 04 41", MODE16, "mov eax, dword [ecx+eax*2]" },
    { "A0 34 12", MODE16, "mov al, byte [1234h]" },
    { "64 A3 18 00 00 00", MODE32, "mov dword [fs:18h], eax" },
    { "B7 7F", MODE32, "mov bh, 7fh" },
    { "BC 00 7C", MODE16, "mov sp, 7c00h" },
    { "C7 45 FC FF FF FF FF", MODE32, "mov dword [ebp-4], 0ffffffffh" },
    { "8C D8", MODE32, "mov eax, ds" },
    { "66 8C D8", MODE32, "mov ax, ds" },
    { "8C 18", MODE32, "mov word [eax], ds" },
    { "8E D0", MODE16, "mov ss, ax" },
    { "0F 20 C0", MODE32, "mov eax, cr0" },
    { "0F 22 1B", MODE32, "mov cr3, ebx" },
    { "0F 23 F8", MODE32, "mov dr7, eax" },
    { "87 CB", MODE32, "xchg ebx, ecx" },
    { "91", MODE32, "xchg ecx, eax" },
    { "90", MODE32, "nop" }, { "F3 90", MODE32, "nop" },
    { "0F 1F 44 00 00", MODE32, "nop dword [eax+eax]" },
    { "8D 44 24 F0", MODE32, "lea eax, [esp-10h]" },
    { "0F B6 45 FF", MODE32, "movzx eax, byte [ebp-1]" },
    { "0F BF C0", MODE32, "movsx eax, ax" },
    { "66 0F BE C4", MODE32, "movsx ax, ah" },
    { "98", MODE32, "cwde" }, { "66 98", MODE32, "cbw" }, { "99", MODE16, "cwd" }, { "66 99", MODE16, "cdq" },
    { "2E D7", MODE32, "cs xlat" }, { "D6", MODE32, "salc" },
    { "50", MODE32, "push eax" }, { "66 50", MODE32, "push ax" },
    { "6A FF", MODE32, "push dword -1" }, { "68 34 12", MODE16, "push word 1234h" },
    { "FF 75 08", MODE32, "push dword [ebp+8]" }, { "8F 00", MODE32, "pop dword [eax]" },
    { "0E", MODE32, "push cs" }, { "66 0F A9", MODE32, "o16 pop gs" },
    { "60", MODE32, "pushad" }, { "61", MODE16, "popa" }, { "9C", MODE32, "pushfd" }, { "66 9D", MODE32, "popf" },
    { "C8 10 00 25", MODE32, "enter 10h, 5" }, { "C9", MODE32, "leave" }, { "66 C9", MODE32, "o16 leave" },
    { "C4 36 00 01", MODE16, "les si, [100h]" }, { "0F B2 20", MODE32, "lss esp, [eax]" },
    { "F3 A4", MODE32, "rep movsb" }, { "F2 AE", MODE32, "repne scasb" }, { "F3 66 A7", MODE32, "repe cmpsw" },
    { "67 AB", MODE16, "a32 stosw" }, { "65 AD", MODE32, "gs lodsd" }, { "F3 6D", MODE32, "rep insd" }, { "6E", MODE32, "outsb" },
    { "E4 71", MODE32, "in al, 71h" }, { "66 E5 FF", MODE32, "in ax, 0ffh" }, { "EE", MODE32, "out dx, al" }, { "E7 80", MODE32, "out 80h, eax" },
    { "0F 45 C1", MODE32, "cmovnz eax, ecx" }, { "0F 92 C0", MODE32, "setb al" },
    { "74 FE", MODE32, "jz 1000h" }, { "0F 8F 00 01 00 00", MODE32, "jnle 1106h" }, { "0F 84 FB EF", MODE16, "jz 0ffffh" },
    { "E3 10", MODE32, "jecxz 1012h" }, { "67 E3 10", MODE32, "jcxz 1013h" }, { "E2 FE", MODE16, "loop 1000h" }, { "67 E1 00", MODE16, "a32 loope 1003h" },
    { "E8 FB EF FF FF", MODE32, "call 0" }, { "EB 02", MODE32, "jmp 1004h" }, { "E9 FD EF", MODE16, "jmp 0" }, { "E9 FF EF", MODE16, "jmp 2" },
    { "FF D0", MODE32, "call eax" }, { "FF 24 85 00 10 00 00", MODE32, "jmp dword [eax*4+1000h]" },
    { "EA 5B E0 00 F0", MODE16, "jmp far 0f000h:0e05bh" }, { "9A 78 56 34 12 08 00", MODE32, "call far 8:12345678h" },
    { "66 FF 2F", MODE16, "o32 jmp far [bx]" }, { "FF 1F", MODE32, "call far [edi]" },
    { "C2 08 00", MODE32, "ret 8" }, { "CB", MODE32, "retf" }, { "66 C3", MODE32, "o16 ret" }, { "CF", MODE16, "iret" }, { "CF", MODE32, "iretd" },
    { "CC", MODE32, "int3" }, { "CD 80", MODE32, "int 80h" }, { "CE", MODE32, "into" }, { "F1", MODE32, "icebp" },
    { "62 03", MODE32, "bound eax, [ebx]" }, { "0F 0B", MODE32, "ud2" }, { "F4", MODE32, "hlt" }, { "9B", MODE32, "wait" },
    { "63 C8", MODE32, "arpl ax, cx" }, { "0F 02 C1", MODE32, "lar eax, cx" }, { "0F 03 00", MODE32, "lsl eax, word [eax]" },
    { "0F 00 C8", MODE32, "str eax" }, { "0F 00 10", MODE32, "lldt word [eax]" }, { "0F 00 E3", MODE32, "verr bx" },
    { "0F 01 10", MODE32, "lgdt [eax]" }, { "66 0F 01 1E 00 01", MODE16, "o32 lidt [100h]" }, { "0F 01 E0", MODE32, "smsw eax" },
    { "0F 01 F0", MODE32, "lmsw ax" }, { "0F 01 3C 24", MODE32, "invlpg byte [esp]" }, { "0F 06", MODE32, "clts" },
    { "0F 31", MODE32, "rdtsc" }, { "0F A2", MODE32, "cpuid" }, { "0F 34", MODE32, "sysenter" },
};
/* clang-format on */

static void encodings_print_as_the_manual_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(encodings); i++) {
        char text[DISASSEMBLY_SIZE];
        uint8_t bytes[32];
        struct insn insn = decoded(encodings[i].hex, encodings[i].mode);
        disassemble(&insn, 0x1000, text);
        assert_string_equal(text, encodings[i].text);
        assert_int_equal(insn.length, parse(encodings[i].hex, bytes));
        assert_null(insn.run);
        assert_int_equal(insn.operation, opcode_rows[insn.row].operation);
    }
}

/* clang-format off */
static const struct { const char *hex; unsigned mode; uint8_t form, size, dst, src; uint32_t immediate, displacement; } records[] = {
    /* destination in dst, source in src, wherever the operands stand */
    { "01 D8", MODE32, FORM_RR, 4, EAX, EBX, 0, 0 },
    { "03 D8", MODE32, FORM_RR, 4, EBX, EAX, 0, 0 },
    { "01 1F", MODE32, FORM_MR, 4, 0, EBX, 0, 0 },
    { "03 1F", MODE32, FORM_RM, 4, EBX, 0, 0, 0 },
    { "0F B0 E9", MODE32, FORM_RR, 1, ECX, 5, 0, 0 },
    { "92", MODE32, FORM_RR, 4, EDX, EAX, 0, 0 },
    { "A2 00 10 00 00", MODE32, FORM_MR, 1, 0, EAX, 0, 0x1000 },
    { "A1 00 80", MODE16, FORM_RM, 2, EAX, 0, 0, 0xFFFF8000 },
    { "0F 22 D8", MODE32, FORM_RR, 4, 3, EAX, 0, 0 },
    { "8E DA", MODE32, FORM_RR, 2, SEG_DS, EDX, 0, 0 },
    { "8C DA", MODE32, FORM_RR, 4, EDX, SEG_DS, 0, 0 },
    { "8C 1A", MODE32, FORM_MR, 2, 0, SEG_DS, 0, 0 },
    { "0F A0", MODE32, FORM_R, 4, SEG_FS, SEG_FS, 0, 0 },
    /* the accumulator of IN and OUT is the destination, DX is implied */
    { "EC", MODE32, FORM_R, 1, EAX, 0, 0, 0 },
    { "66 EF", MODE32, FORM_R, 2, EAX, 0, 0, 0 },
    { "E6 80", MODE32, FORM_RI, 1, EAX, 0, 0x80, 0 },
    /* sign extension: data yes, counts, ports and vectors no */
    { "04 80", MODE32, FORM_RI, 1, EAX, 0, 0xFFFFFF80, 0 },
    { "66 05 00 80", MODE32, FORM_RI, 2, EAX, 0, 0xFFFF8000, 0 },
    { "83 00 80", MODE32, FORM_MI, 4, 0, 0, 0xFFFFFF80, 0 },
    { "6A 80", MODE16, FORM_I, 2, 0, 0, 0xFFFFFF80, 0 },
    { "C1 E3 80", MODE32, FORM_RI, 4, EBX, 0, 0x80, 0 },
    { "D1 23", MODE32, FORM_MI, 4, 0, 0, 1, 0 },
    { "CD 80", MODE32, FORM_I, 4, 0, 0, 0x80, 0 },
    { "C2 FE FF", MODE32, FORM_I, 4, 0, 0, 0xFFFE, 0 },
    { "C8 00 FF FF", MODE16, FORM_II, 2, 0, 0, 0xFF00, 31 },
    { "75 80", MODE32, FORM_I, 4, 0, 0, 0xFFFFFF80, 0 },
    { "66 E8 00 80", MODE32, FORM_I, 2, 0, 0, 0xFFFF8000, 0 },
    { "EA 00 80 01 02", MODE16, FORM_F, 2, 0, 0, 0x8000, 0x201 },
    { "0F BE D9", MODE32, FORM_RR, 4, EBX, ECX, 0, 0 },
    { "0F BE 59 80", MODE32, FORM_RM, 4, EBX, 0, 0, 0xFFFFFF80 },
    { "69 D9 00 00 00 80", MODE32, FORM_RRI, 4, EBX, ECX, 0x80000000, 0 },
    { "6B 19 02", MODE32, FORM_RMI, 4, EBX, 0, 2, 0 },
    { "0F AC D9 05", MODE32, FORM_RRI, 4, ECX, EBX, 5, 0 },
    { "0F A5 19", MODE32, FORM_MRC, 4, 0, EBX, 0, 0 },
    { "D3 E9", MODE32, FORM_RC, 4, ECX, 0, 0, 0 },
    { "0F C7 08", MODE32, FORM_M, 8, 0, 0, 0, 0 },
    { "0F 01 E1", MODE16, FORM_R, 2, ECX, 0, 0, 0 },
    { "0F 01 21", MODE32, FORM_M, 2, 0, 0, 0, 0 },
    { "A5", MODE16, FORM_NONE, 2, 0, 0, 0, 0 },
    { "D7", MODE32, FORM_NONE, 1, 0, 0, 0, 0 },
    { "DD 47 08", MODE32, FORM_M, 8, 0, 0, 0x547, 8 },
    { "D9 C9", MODE32, FORM_R, 4, 1, 0, 0x1C9, 0 },
    { "DC FA", MODE32, FORM_RR, 4, 2, 0, 0x4FA, 0 },
    { "DB 2B", MODE32, FORM_M, 10, 0, 0, 0x32B, 0 },
    { "DE 03", MODE32, FORM_M, 2, 0, 0, 0x603, 0 },
    { "DF E0", MODE32, FORM_R, 2, EAX, 0, 0x7E0, 0 },
};
/* clang-format on */

static void records_hold_operands_by_their_role(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(records); i++) {
        struct insn insn = decoded(records[i].hex, records[i].mode);
        assert_int_equal(insn.form, records[i].form);
        assert_int_equal(insn.size, records[i].size);
        assert_int_equal(insn.dst, records[i].dst);
        assert_int_equal(insn.src, records[i].src);
        assert_int_equal(insn.immediate, records[i].immediate);
        assert_int_equal(insn.displacement, records[i].displacement);
    }
}

/* clang-format off */
static const struct { const char *hex; unsigned mode; uint8_t base, index, scale, segment; uint32_t displacement; } addresses[] = {
    { "8B 00", MODE32, EAX, REG_ZERO, 0, SEG_DS, 0 },
    { "8B 04 24", MODE32, ESP, REG_ZERO, 0, SEG_SS, 0 },
    { "8B 45 80", MODE32, EBP, REG_ZERO, 0, SEG_SS, 0xFFFFFF80 },
    { "8B 05 44 33 22 11", MODE32, REG_ZERO, REG_ZERO, 0, SEG_DS, 0x11223344 },
    { "8B 04 2D 04 00 00 00", MODE32, REG_ZERO, EBP, 0, SEG_DS, 4 }, /* EBP as index does not mean SS */
    { "8B 44 6D 00", MODE32, EBP, EBP, 1, SEG_SS, 0 },
    { "8B 04 E0", MODE32, EAX, REG_ZERO, 0, SEG_DS, 0 },             /* index 4 is none, whatever the scale */
    { "8B 84 98 00 00 00 80", MODE32, EAX, EBX, 2, SEG_DS, 0x80000000 },
    { "3E 8B 45 00", MODE32, EBP, REG_ZERO, 0, SEG_DS, 0 },
    { "2E 64 26 8B 00", MODE32, EAX, REG_ZERO, 0, SEG_ES, 0 },       /* the last override counts */
    { "8B 00", MODE16, EBX, ESI, 0, SEG_DS, 0 },
    { "8B 41 01", MODE16, EBX, EDI, 0, SEG_DS, 1 },
    { "8B 02", MODE16, EBP, ESI, 0, SEG_SS, 0 },
    { "8B 83 FE FF", MODE16, EBP, EDI, 0, SEG_SS, 0xFFFFFFFE },
    { "8B 04", MODE16, ESI, REG_ZERO, 0, SEG_DS, 0 },
    { "8B 05", MODE16, EDI, REG_ZERO, 0, SEG_DS, 0 },
    { "8B 06 34 12", MODE16, REG_ZERO, REG_ZERO, 0, SEG_DS, 0x1234 },
    { "8B 46 FF", MODE16, EBP, REG_ZERO, 0, SEG_SS, 0xFFFFFFFF },
    { "65 8B 07", MODE16, EBX, REG_ZERO, 0, SEG_GS, 0 },
    { "36 A4", MODE32, REG_ZERO, REG_ZERO, 0, SEG_SS, 0 },
};
/* clang-format on */

static void addresses_have_base_index_and_segment(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(addresses); i++) {
        struct insn insn = decoded(addresses[i].hex, addresses[i].mode);
        assert_int_equal(insn.base, addresses[i].base);
        assert_int_equal(insn.index, addresses[i].index);
        assert_int_equal(insn.scale, addresses[i].scale);
        assert_int_equal(insn.segment, addresses[i].segment);
        assert_int_equal(insn.displacement, addresses[i].displacement);
    }
}

static void sizes_follow_mode_and_prefixes(void **state)
{
    (void)state;
    assert_int_equal(decoded("A5", MODE32).prefixes, 0);
    assert_int_equal(decoded("A5", MODE16).prefixes, PREFIX_ADDRESS16);
    assert_int_equal(decoded("67 A5", MODE16).prefixes, PREFIX_ADDRESS);
    assert_int_equal(decoded("67 A5", MODE32).prefixes, PREFIX_ADDRESS | PREFIX_ADDRESS16);
    assert_int_equal(decoded("67 67 A5", MODE32).prefixes, PREFIX_ADDRESS | PREFIX_ADDRESS16);
    assert_int_equal(decoded("66 A5", MODE16).size, 4);
    assert_int_equal(decoded("66 66 A5", MODE32).size, 2);
    assert_int_equal(decoded("F2 F3 A5", MODE32).prefixes, PREFIX_REP);
    assert_int_equal(decoded("F3 F2 A5", MODE32).prefixes, PREFIX_REPNE);
}

/* clang-format off */
static const struct { const char *hex; unsigned mode; enum cpu_model last_without, first_with; } models[] = {
    { "0F C8", MODE32, CPU_I386, CPU_I486 },        { "0F C1 C0", MODE32, CPU_I386, CPU_I486 },
    { "0F B1 C0", MODE32, CPU_I386, CPU_I486 },     { "0F 01 38", MODE32, CPU_I386, CPU_I486 },
    { "0F 08", MODE32, CPU_I386, CPU_I486 },        { "0F 24 D8", MODE32, CPU_I386, CPU_I486 },
    { "0F A2", MODE32, CPU_I486, CPU_PENTIUM },     { "0F 31", MODE32, CPU_I486, CPU_PENTIUM },
    { "0F C7 08", MODE32, CPU_I486, CPU_PENTIUM },  { "0F 22 E0", MODE32, CPU_I486, CPU_PENTIUM },
    { "0F AA", MODE32, CPU_I486, CPU_PENTIUM },     { "0F 33", MODE32, CPU_PENTIUM, CPU_PENTIUM_MMX },
    { "0F 44 C0", MODE32, CPU_PENTIUM_MMX, CPU_PENTIUM2 }, { "0F 34", MODE32, CPU_PENTIUM_MMX, CPU_PENTIUM2 },
    { "0F 18 00", MODE32, CPU_PENTIUM_MMX, CPU_PENTIUM2 }, { "0F 1F C0", MODE32, CPU_PENTIUM_MMX, CPU_PENTIUM2 },
    { "DB F1", MODE32, CPU_PENTIUM_MMX, CPU_PENTIUM2 }, { "0F AE 00", MODE32, CPU_PENTIUM_MMX, CPU_PENTIUM2 },
    { "0F FC C0", MODE32, CPU_PENTIUM, CPU_PENTIUM_MMX },  { "0F 77", MODE32, CPU_PENTIUM, CPU_PENTIUM_MMX },
    { "0F 58 C0", MODE32, CPU_PENTIUM2, CPU_PENTIUM3 },    { "F3 0F 58 C0", MODE32, CPU_PENTIUM2, CPU_PENTIUM3 },
    { "0F DA C0", MODE32, CPU_PENTIUM2, CPU_PENTIUM3 },    { "0F AE F8", MODE32, CPU_PENTIUM2, CPU_PENTIUM3 },
    { "66 0F 58 C0", MODE32, CPU_PENTIUM3, CPU_PENTIUM4 }, { "66 0F FC C0", MODE32, CPU_PENTIUM3, CPU_PENTIUM4 },
    { "0F D4 C0", MODE32, CPU_PENTIUM3, CPU_PENTIUM4 },    { "0F C3 00", MODE32, CPU_PENTIUM3, CPU_PENTIUM4 },
};
/* clang-format on */

static void models_have_their_own_instructions(void **state)
{
    struct insn insn;

    (void)state;
    for (size_t i = 0; i < LENGTH(models); i++) {
        assert_int_equal(decode_hex(models[i].hex, models[i].mode, models[i].last_without, &insn), DECODE_UNDEFINED);
        assert_int_equal(decode_hex(models[i].hex, models[i].mode, models[i].first_with, &insn), DECODE_OK);
    }
    assert_int_equal(decode_hex("0F 26 F0", MODE32, CPU_I486, &insn), DECODE_OK);
    assert_int_equal(decode_hex("0F 26 F0", MODE32, CPU_PENTIUM, &insn), DECODE_UNDEFINED);
}

static void undefined_encodings_are_refused(void **state)
{
    static const char *const undefined[] = {
        "8E C8",       "8E F0",          "8E F8",       "8C F0",    "8F C8",      "C6 08 00",    "C7 C8 00 00 00 00",
        "FE D0",       "FF F8",          "FF D8",       "FF E8",    "8D C0",      "62 C0",       "C4 C0",
        "0F B2 C0",    "0F 00 F0",       "0F 01 C0",    "0F 01 E8", "0F 01 F8",   "0F 20 C8",    "0F 20 E8",
        "0F BA C0 00", "0F C7 C8",       "0F C7 00",    "0F 04",    "0F FF",      "0F B9",       "D9 08",
        "D9 D1",       "D9 E2",          "D9 E6",       "D9 EF",    "DA E0",      "DA E8",       "DB 20",
        "DB 30",       "DB E5",          "DB F8",       "DD 28",    "DD F0",      "DE D8",       "DE DA",
        "DF E1",       "DF F8",          "DD 08",       "DF 08",    "DB 08", /* FISTTP */
        "0F A6",       "F3 0F FC C0",    "F2 0F FC C0", "66 0F 77", "0F 6C C0",   "66 0F 12 C0", "0F 71 10 01",
        "0F 73 E0 01", "66 0F 73 E0 01", "0F 50 00",    "0F E7 C0", "F3 0F AE F8"};
    struct insn insn;

    (void)state;
    for (size_t i = 0; i < LENGTH(undefined); i++)
        assert_int_equal(decode_hex(undefined[i], MODE32, CPU_PENTIUM4, &insn), DECODE_UNDEFINED);
}

static void selector_instructions_need_protected_mode(void **state)
{
    static const char *const protected_only[] = {"63 C0",    "0F 00 C0", "0F 00 C8", "0F 00 D0", "0F 00 D8",
                                                 "0F 00 E0", "0F 00 E8", "0F 02 C0", "0F 03 C0"};
    struct insn insn;

    (void)state;
    for (size_t i = 0; i < LENGTH(protected_only); i++) {
        assert_int_equal(decode_hex(protected_only[i], MODE16, CPU_I386, &insn), DECODE_OK);
        assert_int_equal(decode_hex(protected_only[i], REAL, CPU_I386, &insn), DECODE_UNDEFINED);
    }
}

static void lock_needs_a_memory_destination_and_an_operation_that_has_it(void **state)
{
    static const char *const allowed[] = {"F0 01 00",    "F0 80 00 01",    "F0 FF 00",    "F0 F6 10",    "F0 87 00",
                                          "F0 0F AB 00", "F0 0F BA 38 01", "F0 0F C1 00", "F0 0F B0 00", "F0 0F C7 08"};
    static const char *const refused[] = {"F0 01 C0", "F0 03 00",    "F0 38 00",       "F0 83 38 00", "F0 F6 00 01",
                                          "F0 89 00", "F0 0F A3 00", "F0 0F BA 20 01", "F0 90",       "F0 A4",
                                          "F0 D1 00", "F0 FF 30",    "F0 87 C0",       "F0 40",       "F0 FA"};
    struct insn insn;

    (void)state;
    for (size_t i = 0; i < LENGTH(allowed); i++)
        assert_int_equal(decode_hex(allowed[i], MODE32, CPU_PENTIUM4, &insn), DECODE_OK);
    for (size_t i = 0; i < LENGTH(refused); i++)
        assert_int_equal(decode_hex(refused[i], MODE32, CPU_PENTIUM4, &insn), DECODE_UNDEFINED);
}

static void fifteen_bytes_are_the_limit(void **state)
{
    struct insn insn;

    (void)state;
    assert_int_equal(decoded("66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", MODE32).length, 15);
    assert_int_equal(decode_hex("66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", MODE32, CPU_I386, &insn),
                     DECODE_TOO_LONG);
    assert_int_equal(decode_hex("66 66 66 66 66 66 66 66 66 66 66 66 66 66 66", MODE32, CPU_I386, &insn),
                     DECODE_TOO_LONG);
    assert_int_equal(decoded("2E 2E 2E 2E 2E C7 80 00 00 00 00 00 00 00 00", MODE32).length, 15);
    assert_int_equal(decode_hex("2E 2E 2E 2E 2E 2E C7 80 00 00 00 00 00 00 00 00", MODE32, CPU_I386, &insn),
                     DECODE_TOO_LONG);
}

/* --- Properties of the table --- */

/* The bytes that lead to a row: prefix, opcode, ModRM. */
static void row_bytes(const struct opcode_row *row, unsigned mod, uint8_t bytes[20])
{
    unsigned at = 0, select = row->attributes & ROW_PREFIXES;

    memset(bytes, 0, 20);
    if (select && select != ROW_NO_PREFIX)
        bytes[at++] = select == ROW_PREFIX_66 ? 0x66 : select == ROW_PREFIX_F3 ? 0xF3 : 0xF2;
    if (row->opcode >> 8)
        bytes[at++] = 0x0F;
    bytes[at++] = (uint8_t)row->opcode;
    unsigned group = row->group < 0 ? 0 : (unsigned)row->group;
    bytes[at] = (uint8_t)(group >= 0xC0 ? group : mod << 6 | group << 3);
}

static void every_row_is_reached_by_its_opcode(void **state)
{
    (void)state;
    for (unsigned i = 0; i < opcode_row_count; i++) {
        const struct opcode_row *row = &opcode_rows[i];
        unsigned reached = 0;
        for (unsigned mod = 0; mod < 4; mod += 3) {
            uint8_t bytes[20];
            struct insn insn;
            row_bytes(row, mod, bytes);
            if (decode(bytes, sizeof bytes, MODE32, row->first_model, &insn) != DECODE_OK || insn.row != i ||
                insn.operation != row->operation)
                continue;
            reached++;
            bool hint = row->opcode == 0x0F18 || row->operation == OP_CLFLUSH; /* NOP and SFENCE were there before */
            if (row->first_model > CPU_I386 && !hint)
                assert_int_equal(decode(bytes, sizeof bytes, MODE32, row->first_model - 1, &insn), DECODE_UNDEFINED);
        }
        assert_int_equal(reached, row->attributes & (ROW_MEMORY_ONLY | ROW_REGISTER_ONLY) ? 1 : 2);
    }
}

static void rows_are_in_order_and_named(void **state)
{
    (void)state;
    for (unsigned i = 0; i < opcode_row_count; i++) {
        const struct opcode_row *row = &opcode_rows[i];
        assert_true(row->operation < OP_COUNT && row->operands && operation_names[row->operation]);
        assert_true(row->first_model <= row->last_model && row->last_model <= CPU_PENTIUM4);
        assert_true(row->opcode <= 0xFF || row->opcode >> 8 == 0x0F);
        if (i == 0)
            continue;
        assert_true(row[-1].opcode < row->opcode ||
                    (row[-1].opcode == row->opcode && (uint8_t)row[-1].group <= (uint8_t)row->group));
        if (row[-1].opcode < row->opcode)
            assert_int_equal(opcode_first_row[OPCODE_INDEX(row->opcode)], i);
    }
}

static void conditions_are_in_the_order_of_their_encoding(void **state)
{
    (void)state;
    for (unsigned condition = 0; condition < 16; condition++) {
        assert_int_equal(opcode_rows[opcode_first_row[0x70 + condition]].operation, OP_JO + condition);
        assert_int_equal(opcode_rows[opcode_first_row[256 + 0x80 + condition]].operation, OP_JO + condition);
        assert_int_equal(opcode_rows[opcode_first_row[256 + 0x40 + condition]].operation, OP_CMOVO + condition);
        assert_int_equal(opcode_rows[opcode_first_row[256 + 0x90 + condition]].operation, OP_SETO + condition);
    }
}

/* --- Properties of the decoder on random bytes --- */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

/* Sixteen bytes that often begin with prefixes and 0F. */
static void random_encoding(uint32_t *seed, uint8_t bytes[16])
{
    static const uint8_t prefixes[] = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3};
    unsigned at = 0;

    for (unsigned count = next_random(seed) % 8 ? next_random(seed) % 3 : next_random(seed) % 16; at < count; at++)
        bytes[at] = prefixes[next_random(seed) % LENGTH(prefixes)];
    if (at < 16 && next_random(seed) % 3 == 0)
        bytes[at++] = 0x0F;
    for (; at < 16; at++)
        bytes[at] = (uint8_t)next_random(seed);
}

static void a_part_of_an_instruction_asks_for_more_and_nothing_is_read_behind_it(void **state)
{
    long page = sysconf(_SC_PAGESIZE);
    uint8_t *pages = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t seed = 1;

    (void)state;
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, (size_t)page, PROT_NONE), 0);
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t bytes[16];
        struct insn whole, part;
        unsigned mode = i % 4;
        enum cpu_model model = i / 4 % (CPU_PENTIUM4 + 1);
        random_encoding(&seed, bytes);
        enum decode_result result = decode(bytes, sizeof bytes, mode, model, &whole);
        assert_int_not_equal(result, DECODE_MORE);
        bool settled = false;
        for (unsigned count = 0; count <= 16; count++) {
            uint8_t *at = pages + page - count;
            memcpy(at, bytes, count);
            enum decode_result now = decode(at, count, mode, model, &part);
            if (settled || (result == DECODE_OK && count >= whole.length))
                assert_int_equal(now, result);
            else
                assert_true(now == DECODE_MORE || (result != DECODE_OK && now == result));
            settled = now != DECODE_MORE;
            if (now == DECODE_OK)
                assert_memory_equal(&part, &whole, sizeof whole);
        }
    }
    munmap(pages, 2 * (size_t)page);
}

static void text_is_terminated_within_its_buffer(void **state)
{
    uint32_t seed = 2;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t bytes[16];
        struct insn insn;
        char text[DISASSEMBLY_SIZE];
        random_encoding(&seed, bytes);
        if (decode(bytes, sizeof bytes, i % 4, CPU_PENTIUM4, &insn) != DECODE_OK)
            continue;
        memset(text, 1, sizeof text);
        disassemble(&insn, i, text);
        assert_non_null(memchr(text, 0, sizeof text));
        assert_true(strlen(text) >= 2 && strlen(text) < sizeof text - 1); /* nothing was cut off */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodings_print_as_the_manual_says),
        cmocka_unit_test(records_hold_operands_by_their_role),
        cmocka_unit_test(addresses_have_base_index_and_segment),
        cmocka_unit_test(sizes_follow_mode_and_prefixes),
        cmocka_unit_test(models_have_their_own_instructions),
        cmocka_unit_test(undefined_encodings_are_refused),
        cmocka_unit_test(selector_instructions_need_protected_mode),
        cmocka_unit_test(lock_needs_a_memory_destination_and_an_operation_that_has_it),
        cmocka_unit_test(fifteen_bytes_are_the_limit),
        cmocka_unit_test(every_row_is_reached_by_its_opcode),
        cmocka_unit_test(rows_are_in_order_and_named),
        cmocka_unit_test(conditions_are_in_the_order_of_their_encoding),
        cmocka_unit_test(a_part_of_an_instruction_asks_for_more_and_nothing_is_read_behind_it),
        cmocka_unit_test(text_is_terminated_within_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
