/* services.c - checks the services of the firmware from inside: booted in place of a system, one line per fact on COM1.
 *
 * Compiled as the firmware is, at segment 1000h. Two disks are expected for the disk checks: the first may hold this
 * image and is only read, the second is scratch. The keyboard is worked through the controller's command D2h. */
#include "services.h"

struct fact {
    bool (*holds)(void);
    uint8_t needs;
    char name[51];
};

#define FACT(f, needs) {f, needs, #f},

static ROM_DATA struct fact facts[] = {FACTS(FACT)};

static void print_hex8(uint8_t v)
{
    for (int shift = 4; shift >= 0; shift -= 4) {
        uint8_t digit = v >> shift & 15;
        call_ax(0x14, 0x0100 | (digit < 10 ? '0' + digit : 'A' - 10 + digit));
    }
}

static ROM_DATA char table_word[] = "table ";
static ROM_DATA char newline[] = "\r\n";

/* A table of ACPI, or that of the processors, as the system finds it, in hexadecimal; its length is at 4. Returns the
 * word at 36: the first of what it leads to. */
static uint32_t table_print(uint32_t at)
{
    sum_far_away(at, 44);
    uint32_t first = second32(36);
    uint16_t bytes = far_get16(SECOND, 4);

    sum_far_away(at, bytes);
    serial_print(table_word);
    for (uint16_t i = 0; i < bytes; i++)
        print_hex8(far_get8(SECOND, i));
    serial_print(newline);
    return first;
}

static void tables_print(void)
{
    uint16_t pointer = rsd_pointer(), mp = find_structure('_' | 'M' << 8 | 'P' << 16 | '_' << 24);

    if (!pointer)
        return;
    uint32_t rsdt = far_get16(0xF000, pointer + 16) | (uint32_t)far_get16(0xF000, pointer + 18) << 16;
    uint32_t fadt = table_print(rsdt);
    table_print(table_print(fadt));
    sum_far_away(fadt, 44);
    table_print(second32(40));
    sum_far_away(rsdt, 44);
    if (far_get16(SECOND, 4) == 44)
        table_print(second32(40));
    if (mp)
        table_print(0xF0000 + far_get16(0xF000, mp + 4));
}

static ROM_DATA char good[] = "ok   ";
static ROM_DATA char bad[] = "BAD  ";
static ROM_DATA char done[] = "done\r\n";

void tests_run(void)
{
    uint8_t p[19];

    start_again_dirty();
    bool cd = cd_packet(0x4B01, 0x7F, p);
    uint8_t have = cd ? 16 : (disk_call(0x0201, 0x0001, 0x0000) == 0) | (bda_get(hd_count) >= 2 ? 2 : 0);

    have |= (bda_get(com[1]) ? 64 : 0) | (backdoor_is_there() ? 128 : 0);
    have |= (pci_is_there() ? 4 : 0) | (bda_get(equipment) & 4 ? 8 : 0) | (vbe_is_there() ? 32 : 0);

    interrupts_on();
    call_ax(0x14, 0x00E3);
    for (unsigned i = 0; i < ARRAY_LENGTH(facts); i++) {
        if (rom_get(facts[i].needs) & ~have)
            continue;
        bool (*fact)(void) = (bool (*)(void))rom_get(facts[i].holds);
        bool holds = fact();
        interrupts_on();
        serial_print(holds ? good : bad);
        serial_print(facts[i].name);
        serial_print(newline);
    }
    tables_print();
    serial_print(done);
    struct call off = {.ax = 0x5307, .bx = 1, .cx = 3};
    soft_int(0x15, &off);
}
