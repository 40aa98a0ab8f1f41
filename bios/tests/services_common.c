/* services_common.c - calls and searches that several parts of the test need. */
#include "services.h"

uint16_t call_ax(uint8_t vector, uint16_t ax)
{
    struct call c = {.ax = ax};
    soft_int(vector, &c);
    return c.ax;
}

void serial_print(const ROM char *s)
{
    for (uint8_t c; (c = rom_get(*s)) != 0; s++)
        call_ax(0x14, 0x0100 | c);
}

uint8_t cmos(uint8_t at)
{
    outb(0x70, at);
    return inb(0x71);
}

void scan(uint8_t code)
{
    while (inb(0x64) & 2)
        ;
    outb(0x64, 0xD2);
    while (inb(0x64) & 2)
        ;
    outb(0x60, code);
    interrupts_on();
    delay(1);
    for (int i = 0; i < 100 && inb(0x64) & 1; i++)
        delay(1);
}

uint16_t key(uint16_t function)
{
    return call_ax(0x16, function);
}

void block_move(uint32_t from, uint32_t to, uint16_t words, struct call *c)
{
    uint16_t table[24] = {0};
    table[8] = table[12] = 0xFFFF;
    table[9] = (uint16_t)from;
    table[10] = 0x9300 | (uint8_t)(from >> 16);
    table[11] = from >> 24 << 8;
    table[13] = (uint16_t)to;
    table[14] = 0x9300 | (uint8_t)(to >> 16);
    table[15] = to >> 24 << 8;
    *c = (struct call){.ax = 0x8700, .cx = words, .si = (uint16_t)(uint32_t)table, .es = 0};
    soft_int(0x15, c);
}

uint8_t disk_call(uint16_t ax, uint16_t cx, uint16_t dx)
{
    struct call c = {.ax = ax, .cx = cx, .dx = dx, .es = BUFFER};
    soft_int(0x13, &c);
    return c.flags & FLAG_CF ? c.ah : 0;
}

uint8_t sum(uint16_t segment, uint16_t at, uint16_t bytes)
{
    uint8_t total = 0;
    while (bytes--)
        total += far_get8(segment, at++);
    return total;
}

uint16_t find_structure(uint32_t letters)
{
    for (uint32_t at = 0x10; at < 0x10000; at += 16)
        if ((far_get16(0xF000, at) | (uint32_t)far_get16(0xF000, at + 2) << 16) == letters)
            return at;
    return 0;
}

uint32_t config(uint16_t function, uint16_t reg)
{
    struct call c = {.ax = 0xB10A, .bx = function, .di = reg};
    soft_int(0x1A, &c);
    return c.flags & FLAG_CF || c.ah ? 0 : c.ecx;
}

bool pci_is_there(void)
{
    struct call c = {.ax = 0xB101};
    soft_int(0x1A, &c);
    return !(c.flags & FLAG_CF) && c.ah == 0 && c.edx == 0x20494350;
}

bool identify(uint16_t base, uint8_t select, bool packet)
{
    uint16_t control = base + 0x206;
    uint32_t words = 256, at = 0, tries = 0;

    outb(control, 0x0A);
    outb(base + 6, select);
    for (unsigned i = 0; i < 4; i++)
        inb(control);
    outb(base + 7, packet ? 0xA1 : 0xEC);
    for (unsigned i = 0; i < 4; i++)
        inb(control);
    while (inb(control) & 0x80 && ++tries < 1000000)
        ;
    bool good = (inb(base + 7) & 0x09) == 0x08;
    if (good)
        asm volatile("pushw %%es; movw %w3, %%es; rep insw; popw %%es"
                     : "+D"(at), "+c"(words)
                     : "d"(base), "r"(BUFFER)
                     : "memory");
    outb(control, 0x08);
    return good;
}

bool cd_packet(uint16_t ax, uint8_t drive, uint8_t *packet)
{
    struct call c = {.ax = ax, .dx = drive, .si = (uint16_t)(uint32_t)packet};
    soft_int(0x13, &c);
    return !(c.flags & FLAG_CF) && c.ah == 0;
}

uint8_t sum_far_away(uint32_t from, uint16_t bytes)
{
    struct call c;
    block_move(from, SECOND * 16, (bytes + 1) / 2, &c);
    return sum(SECOND, 0, bytes);
}

uint32_t second32(uint16_t at)
{
    return far_get16(SECOND, at) | (uint32_t)far_get16(SECOND, at + 2) << 16;
}

uint16_t rsd_pointer(void)
{
    uint16_t pointer = 16;
    while (pointer &&
           (far_get16(0xF000, pointer) != ('R' | 'S' << 8) || far_get16(0xF000, pointer + 4) != ('P' | 'T' << 8)))
        pointer += 16;
    return pointer;
}

uint16_t vbe(uint16_t ax, uint16_t bx, uint16_t cx, uint16_t dx)
{
    struct call c = {.ax = ax, .bx = bx, .cx = cx, .dx = dx, .es = BUFFER};
    soft_int(0x10, &c);
    return c.ax;
}

bool vbe_is_there(void)
{
    return vbe(0x4F00, 0, 0, 0) == 0x004F && far_get16(BUFFER, 0) == 0x4556 && far_get16(BUFFER, 2) == 0x4153;
}
