/* services_board.c - processor, memory, clock and the other services that need no device of their own. */
#include "services.h"

bool memory_sizes(void)
{
    return call_ax(0x12, 0) == 639 && bda_get(ebda) == 639 * 64 && far_get8(bda_get(ebda), 0) == 1 &&
           call_ax(0x11, 0) & 0x20;
}

uint32_t cpuid_features(void)
{
    uint32_t changed, flags, edx = 0;
    asm volatile("pushfl; popl %0; movl %0, %1; xorl $0x200000, %1; pushl %1; popfl; pushfl; popl %1; xorl %1, %0"
                 : "=&r"(changed), "=&r"(flags));
    if (changed & 0x200000)
        asm volatile("cpuid" : "=d"(edx) : "a"(1) : "ebx", "ecx");
    return edx;
}

static uint32_t msr(uint32_t number, uint32_t *high)
{
    uint32_t low;
    asm volatile("rdmsr" : "=a"(low), "=d"(*high) : "c"(number));
    return low;
}

/* Ranges of write-back memory follow each other and end where memory does. */
bool caches_are_on(void)
{
    uint32_t cr0, high, end = 0;
    asm volatile("movl %%cr0, %0" : "=r"(cr0));
    if (cr0 & 0x60000000 || !(cpuid_features() & 1 << 12))
        return !(cr0 & 0x60000000);
    for (uint32_t i = 0x200; i < 0x210; i += 2) {
        uint32_t base = msr(i, &high), mask = msr(i + 1, &high);
        if (!(mask & 0x800))
            continue;
        if (base != (end | 6) || high != 0xF)
            return false;
        end -= mask & 0xFFFFF000;
    }
    return end == 0x100000 + ((uint32_t)(cmos(0x30) | cmos(0x31) << 8) << 10) && msr(0x2FF, &high) == 0xC00 &&
           msr(0x250, &high) == 0x06060606 && msr(0x258, &high) == high && high == 0x06060606 && !msr(0x259, &high) &&
           !msr(0x26D, &high) && msr(0x26F, &high) == 0x05050505;
}

bool upper_halves_and_registers_survive(void)
{
    return !registers_changed(0x10, 0x1A02) && !registers_changed(0x16, 0x0100) && !registers_changed(0x11, 0) &&
           !registers_changed(0x13, 0x0100) && !registers_changed(0x15, 0x2401) && !registers_changed(0x15, 0x2400) &&
           !registers_changed(0x08, 0) && !registers_changed(0x17, 0x0200);
}

bool ticks_pass_while_halted(void)
{
    uint32_t before = bda_get(ticks);
    for (int i = 0; i < 1000 && bda_get(ticks) - before < 3; i++) {
        interrupts_on();
        asm volatile("hlt");
    }
    struct call c = {.ax = 0};
    soft_int(0x1A, &c);
    return bda_get(ticks) - before >= 3 && ((uint32_t)c.cx << 16 | c.dx) - before < 10;
}

static bool is_bcd(uint8_t v, uint8_t limit)
{
    return (v & 15) <= 9 && v >> 4 <= 9 && v <= limit;
}

bool clock_and_date_are_bcd(void)
{
    struct call t = {.ax = 0x0200}, d = {.ax = 0x0400};
    soft_int(0x1A, &t);
    soft_int(0x1A, &d);
    return !((t.flags | d.flags) & FLAG_CF) && is_bcd(t.ch, 0x23) && is_bcd(t.cl, 0x59) && is_bcd(t.dh, 0x59) &&
           d.ch >= 0x19 && is_bcd(d.cl, 0x99) && is_bcd(d.dh, 0x12) && is_bcd(d.dl, 0x31);
}

bool date_can_be_set(void)
{
    struct call old = {.ax = 0x0400};
    soft_int(0x1A, &old);
    struct call set = {.ax = 0x0500, .cx = 0x1998, .dx = 0x0704}, get = {.ax = 0x0400};
    soft_int(0x1A, &set);
    soft_int(0x1A, &get);
    old.ax = 0x0500;
    soft_int(0x1A, &old);
    return get.cx == 0x1998 && get.dx == 0x0704;
}

bool memory_map_adds_up(void)
{
    struct call c = {.edx = 0x534D4150, .es = BUFFER}, e = {.ax = 0xE801};
    uint32_t sizes[2] = {0, 0}, entry[5], end = 0;

    do {
        c.eax = 0xE820;
        c.ecx = 20;
        soft_int(0x15, &c);
        if (c.flags & FLAG_CF || c.eax != 0x534D4150)
            return false;
        far_read(entry, BUFFER, 0, sizeof(entry));
        if (entry[1] || entry[3] || entry[0] < end || (entry[0] == 0 && end)) /* sorted, and below 4 GiB */
            return false;
        end = entry[0] + entry[2];
        if (entry[4] == 1)
            sizes[entry[0] != 0] += entry[2];
    } while (c.ebx);
    soft_int(0x15, &e);
    return sizes[0] == 639 * 1024 && sizes[1] == e.ax * 1024u + e.bx * 65536u &&
           call_ax(0x15, 0x8800) == sizes[1] >> 10;
}

bool a20_switches(void)
{
    call_ax(0x15, 0x2401);
    bool on = (uint8_t)call_ax(0x15, 0x2402) == 1;
    far_put16(0, 0x700, 0x1234);
    far_put16(0xFFFF, 0x710, 0x4321);
    bool apart = far_get16(0, 0x700) == 0x1234;
    call_ax(0x15, 0x2400);
    return on && apart && (uint8_t)call_ax(0x15, 0x2402) == 0 && far_get16(0xFFFF, 0x710) == 0x1234;
}

bool blocks_move_above_one_megabyte(void)
{
    struct call there, back;
    for (uint16_t i = 0; i < 512; i += 2)
        far_put16(BUFFER, i, i * 77);
    block_move(BUFFER * 16, 0x234560, 256, &there);
    far_fill16(BUFFER, 0, 0, 256);
    block_move(0x234560, BUFFER * 16, 256, &back);
    if ((there.flags | back.flags) & FLAG_CF || there.ah || back.ah)
        return false;
    for (uint16_t i = 0; i < 512; i += 2)
        if (far_get16(BUFFER, i) != (uint16_t)(i * 77))
            return false;
    return (uint8_t)call_ax(0x15, 0x2402) == 0;
}

/* The far routine in start.S that counts at 0:620 the interrupts of the clock, and continues at 0:624. */
extern const char clock_counter[];

/* Time is counted in interrupts of the clock, at 1,024 Hz by its register A, and not compared with another clock's: on
 * QEMU periods are lost while the host is busy, or the guest halted under -icount sleep=off, and with them time; on
 * Bochs 2.7 counter 0 of the 8254 runs at half its rate in mode 3 with 65,536 counts. */
bool waits_end(void)
{
    struct call wait = {.ax = 0x8600, .cx = 0x0003, .dx = 0x0D40}, event = {.ax = 0x8300, .dx = 20000, .es = BUFFER};
    uint16_t offset = vector_offset(0x70), segment = vector_segment(0x70);
    uint32_t before = bda_get(ticks);
    far_put16(0, 0x624, offset);
    far_put16(0, 0x626, segment);
    far_put16(0, 0x620, 0);
    set_vector(0x70, 0x1000, (uint16_t)(uint32_t)clock_counter);
    soft_int(0x15, &wait);
    uint16_t waited = far_get16(0, 0x620);
    bool ticked = bda_get(ticks) != before;
    far_put8(BUFFER, 0, 0);
    far_put16(0, 0x620, 0);
    soft_int(0x15, &event);
    struct call busy = {.ax = 0x8600, .dx = 1000};
    soft_int(0x15, &busy);
    for (before = bda_get(ticks); bda_get(ticks) - before < 91 && !far_get8(BUFFER, 0);)
        asm volatile("sti; hlt");
    uint16_t passed = far_get16(0, 0x620);
    set_vector(0x70, segment, offset);
    return !(wait.flags & FLAG_CF) && waited == 205 && ticked && (cmos(0x0A) & 0x7F) == 0x26 && busy.ah == 0x83 &&
           busy.flags & FLAG_CF && far_get8(BUFFER, 0) == 0x80 && passed == 21 && !(cmos(0x0B) & 0x40);
}

/* The far routine in start.S that notes at 0:62C which devices INT 15h/90h and 91h name, and continues at 0:630. */
extern const char wait_hook[];

static uint16_t waits_noted(void (*act)(void))
{
    uint16_t offset = vector_offset(0x15), segment = vector_segment(0x15);
    far_put16(0, 0x62C, 0);
    far_put16(0, 0x630, offset);
    far_put16(0, 0x632, segment);
    set_vector(0x15, 0x1000, (uint16_t)(uint32_t)wait_hook);
    act();
    set_vector(0x15, segment, offset);
    return far_get16(0, 0x62C);
}

/* The key comes while INT 16h waits for it. */
static void key_wait(void)
{
    interrupts_off();
    outb(0x64, 0xD2);
    while (inb(0x64) & 2)
        ;
    outb(0x60, 0x1E);
    key(0);
    scan(0x9E);
}

static void floppy_verify(void)
{
    struct call reset = {.ax = 0}, verify = {.ax = 0x0401, .cx = 0x0001};
    soft_int(0x13, &reset);
    soft_int(0x13, &verify);
}

bool keyboard_waits_are_reported(void)
{
    return waits_noted(key_wait) == 0x0404;
}

bool floppy_waits_are_reported(void)
{
    return waits_noted(floppy_verify) == 0x0202;
}

bool configuration_is_an_at(void)
{
    struct call c = {.ax = 0xC000}, e = {.ax = 0xC100}, none = {.ax = 0x1234};
    soft_int(0x15, &c);
    soft_int(0x15, &e);
    soft_int(0x15, &none);
    return far_get8(c.es, c.bx + 2) == 0xFC && e.es == bda_get(ebda) && none.ah == 0x86 && none.flags & FLAG_CF;
}

bool tables_lie_where_the_at_had_them(void)
{
    return far_get16(0xF000, 0xE401) == 306 && far_get16(0xF000, 0xE411) == 615 && far_get8(0xF000, 0xE413) == 4 &&
           far_get8(0xF000, 0xE6EF) == 0 && far_get16(0xF000, 0xE729) == 1047 && far_get16(0xF000, 0xE737) == 12 &&
           far_get16(0xF000, 0xFEF3) == 0xFEA5 && far_get16(0xF000, 0xFF21) == 0 &&
           far_get16(0xF000, 0xFEF3 + 11 * 2) == 0xE3FE && far_get8(0xF000, 0xFF53) == 0xCF &&
           vector_offset(0x0B) == 0xFF23 && vector_offset(0x1E) == 0xEFC7;
}

bool memory_is_reported_alike(void)
{
    struct call all = {.ax = 0x8A00}, parts = {.ax = 0xE801};
    soft_int(0x15, &all);
    soft_int(0x15, &parts);
    return !(all.flags & FLAG_CF) && ((uint32_t)all.dx << 16 | all.ax) == parts.cx + parts.dx * 64u &&
           parts.cx >= 15 * 1024u - 64 && call_ax(0x15, 0x8800) == parts.cx;
}

bool power_management_is_there(void)
{
    struct call check = {.ax = 0x5300}, idle = {.ax = 0x5305}, bad = {.ax = 0x5307, .bx = 7, .cx = 1};
    soft_int(0x15, &check);
    soft_int(0x15, &idle);
    soft_int(0x15, &bad);
    return check.ax == 0x0102 && check.bx == 0x504D && !(idle.flags & FLAG_CF) && bad.flags & FLAG_CF && bad.ah == 9;
}

static uint8_t apm(uint16_t ax, uint16_t bx, uint16_t cx)
{
    struct call c = {.ax = ax, .bx = bx, .cx = cx};
    soft_int(0x15, &c);
    return c.flags & FLAG_CF ? c.ah : 0;
}

bool power_management_connects_once(void)
{
    bool first = apm(0x5301, 0, 0) == 0, again = apm(0x5303, 0, 0) == 0x02, gone = apm(0x5304, 0, 0) == 0;
    return first && again && gone && apm(0x5304, 0, 0) == 0x03 && apm(0x530B, 0, 0) == 0x80 &&
           apm(0x5307, 1, 2) == 0x60 && apm(0x530E, 0, 0x0102) == 0;
}

bool power_management_by_32_bits(void)
{
    struct call c = {.ax = 0x5303}, status = {.ax = 0x530A, .bx = 1}, bad = {.ax = 0x530A, .bx = 5};
    struct call off = {.ax = 0x5304}, late = {.ax = 0x530A, .bx = 1};
    soft_int(0x15, &c);
    uint32_t base = c.ax * 16u, entry = c.ebx;
    status.es = bad.es = off.es = late.es = c.dx;
    bool connected = !(c.flags & FLAG_CF) && apm(0x5301, 0, 0) == 0x07;
    call32(base, entry, &status);
    call32(base, entry, &bad);
    call32(base, entry, &off);
    call32(base, entry, &late);
    return connected && status.bx == 0x01FF && !(status.flags & FLAG_CF) && bad.ah == 0x09 && bad.flags & FLAG_CF &&
           !(off.flags & FLAG_CF) && late.ah == 0x03;
}

bool power_management_by_16_bits(void)
{
    struct call c = {.ax = 0x5302}, status = {.ax = 0x530A, .bx = 1, .esi = 0xABCD1234}, off = {.ax = 0x5304};
    soft_int(0x15, &c);
    uint32_t base = c.ax * 16u;
    uint16_t entry = c.bx;
    status.es = off.es = c.cx;
    bool connected = !(c.flags & FLAG_CF) && apm(0x5301, 0, 0) == 0x05;
    call16(base, entry, &status);
    call16(base, entry, &off);
    return connected && status.bx == 0x01FF && status.esi == 0xABCD0000 && !(off.flags & FLAG_CF) &&
           apm(0x5304, 0, 0) == 0x03;
}

bool printer_and_serial_answer(void)
{
    struct call serial;
    uint16_t tries = 0;
    do {
        serial = (struct call){.ax = 0x0300};
        soft_int(0x14, &serial);
    } while (!(serial.ah & 0x20) && ++tries);
    return bda_get(com[0]) == 0x3F8 && serial.ah & 0x20 && bda_get(equipment) >> 9 & 7;
}

/* A system without ACPI chooses its drivers by it; some read a date of two digits as of 1926, others turn ACPI on from
 * December 1999. */
bool date_is_of_1999(void)
{
    static ROM_DATA char date[] = "06/23/99";
    for (unsigned i = 0; i < 8; i++)
        if (far_get8(0xFFFF, 5 + i) != (uint8_t)rom_get(date[i]))
            return false;
    return true;
}

bool no_joystick_answers(void)
{
    outb(0x201, 0xFF);
    return inb(0x201) == 0xFF;
}

/* Where drivers look for cards: third and fourth IDE channels, bus mice, sound and network cards. */
bool ports_without_a_card_read_ff(void)
{
    static ROM_DATA uint16_t ranges[][2] = {{0x100, 0x16F}, {0x178, 0x1CD}, {0x1D1, 0x1EF},
                                            {0x200, 0x277}, {0x280, 0x2DF}, {0x300, 0x36F}};

    for (unsigned i = 0; i < ARRAY_LENGTH(ranges); i++)
        for (uint16_t port = rom_get(ranges[i][0]); port <= rom_get(ranges[i][1]); port++)
            if (inb(port) != 0xFF)
                return false;
    return true;
}

/* The ports by which drivers find a Hercules beside a VGA in colour, and an 8514/A, in whose error term they read back
 * what they wrote. */
bool no_other_display_answers(void)
{
    static ROM_DATA uint16_t ports[] = {0x3B5, 0x3B8, 0x3BA, 0x42E8, 0x82E8, 0x92E8, 0x9AE8, 0xBEE8};

    outb(0x3B4, 0x0F);
    for (unsigned i = 0; i < ARRAY_LENGTH(ports); i++) {
        outb(rom_get(ports[i]), 0x55);
        if (inb(rom_get(ports[i])) != 0xFF)
            return false;
    }
    return true;
}

/* Windows 9x fails with what a loader has left in them (JHRobotics/patcher9x). tests_run() dirties them and executes
 * INT 19h once; what the system then started with lies at 0:680. */
enum { STARTED_ONCE = 0x67C, STARTED_WITH = 0x680, MAGIC = 0x5043 };

static bool has_cr4(void)
{
    return cpuid_features() & 0x20DE;
}

static void control_registers_get(uint32_t r[3])
{
    asm volatile("movl %%cr2, %0" : "=r"(r[0]));
    asm volatile("movl %%cr3, %0" : "=r"(r[1]));
    r[2] = 0;
    if (has_cr4())
        asm volatile("movl %%cr4, %0" : "=r"(r[2]));
}

void start_again_dirty(void)
{
    uint32_t r[3];

    if (low_get16(STARTED_ONCE) == MAGIC) {
        low_put16(STARTED_ONCE, 0);
        control_registers_get(r);
        for (unsigned i = 0; i < 3; i++)
            low_put32(STARTED_WITH + i * 4, r[i]);
        return;
    }
    low_put16(STARTED_ONCE, MAGIC);
    asm volatile("movl %0, %%cr2; movl %1, %%cr3" : : "r"(0x12345678), "r"(0x00345000));
    if (has_cr4())
        asm volatile("movl %0, %%cr4" : : "r"(0x04)); /* TSD */
    soft_int_ax(0x19, 0);
}

bool control_registers_are_clean_when_a_system_starts(void)
{
    return !low_get32(STARTED_WITH) && !low_get32(STARTED_WITH + 4) && !low_get32(STARTED_WITH + 8);
}
