/* services_probes.c - what drivers of DOS, Windows and OS/2 look for in the hardware itself: ESDI_506.PDR in disks,
 * OAKCDROM.SYS and its kin in CD-ROM drives, mouse drivers at a serial port and at VMware's port. */
#include "services.h"

enum { PIC_SLAVE = 0xA0, IRQ_14 = 0x40, BUSY_OR_DATA = 0x88, BUSY_BIT = 0x80 };

static bool irq_14_waits(void)
{
    outb(PIC_SLAVE, 0x0A);
    return inb(PIC_SLAVE) & IRQ_14;
}

static void take_words(uint16_t base, uint32_t at, uint32_t words)
{
    asm volatile("pushw %%es; movw %w3, %%es; rep insw; popw %%es"
                 : "+D"(at), "+c"(words)
                 : "d"(base), "r"(BUFFER)
                 : "memory");
}

/* Status of the alternate register, once a bit of the mask is as wanted. */
static uint8_t wait_status(uint16_t base, uint8_t mask, uint8_t wanted)
{
    uint8_t status = 0;

    for (uint32_t tries = 0; tries < 1000000; tries++) {
        status = inb(base + 0x206);
        if ((status & mask) == wanted)
            break;
    }
    return status;
}

/* ESDI_506 writes an address for unit 0, selects unit 1 and looks what is there: both hear it. */
bool both_units_hear_the_task_file(void)
{
    bool second = identify(0x1F0, 0xB0, false) || identify(0x1F0, 0xB0, true), good = true;

    outb(0x3F6, 0x0A);
    outb(0x1F6, 0xE0);
    for (uint16_t reg = 2; reg < 6; reg++)
        outb(0x1F0 + reg, 0x51 + reg);
    outb(0x1F6, 0xB0);
    for (uint16_t reg = 2; reg < (second ? 6 : 4); reg++)
        good = good && inb(0x1F0 + reg) == 0x51 + reg;
    outb(0x1F6, 0xA0);
    outb(0x3F6, 0x08);
    return good;
}

/* Three sectors by PIO: an interrupt before each, and none after the last. */
bool each_block_has_its_interrupt(void)
{
    bool good = true;

    interrupts_off();
    outb(0x3F6, 0x08);
    outb(0x1F6, 0xE0);
    outb(0x1F2, 3);
    outb(0x1F3, 0);
    outb(0x1F4, 0);
    outb(0x1F5, 0);
    outb(0x1F7, 0x20);
    for (unsigned block = 0; block < 3; block++) {
        good = good && (wait_status(0x1F0, BUSY_OR_DATA, 0x08) & BUSY_OR_DATA) == 0x08 && irq_14_waits();
        interrupts_on();
        asm volatile("nop; nop");
        interrupts_off();
        good = good && !irq_14_waits() && inb(0x1F7) & 0x08;
        take_words(0x1F0, 0, 256);
    }
    good = good && (wait_status(0x1F0, BUSY_OR_DATA, 0) & BUSY_OR_DATA) == 0 && !irq_14_waits();
    interrupts_on();
    return good && far_get16(BUFFER, 0) != 0xFFFF;
}

static bool disk_is_ours(void)
{
    return identify(0x1F0, 0xA0, false) && far_get16(BUFFER, 54) == ('M' << 8 | 'U');
}

/* A software reset has no interrupt, but on QEMU; the disk is ready after it, and answers. */
bool a_software_reset_ends_ready(void)
{
    bool ours = disk_is_ours();

    interrupts_off();
    outb(0x1F6, 0xA0);
    outb(0x3F6, 0x0C);
    delay(1);
    outb(0x3F6, 0x08);
    delay(5);
    bool good = (wait_status(0x1F0, BUSY_BIT, 0) & 0xC1) == 0x40 && !(ours && irq_14_waits());
    interrupts_on();
    return good && identify(0x1F0, 0xA0, false);
}

/* --- CD-ROM drives --- */

struct place {
    uint16_t base;
    uint8_t select;
};

/* The next place from *at on that has one. */
static bool next_cd(uint8_t *at, struct place *p)
{
    for (; *at < 4; ++*at) {
        p->base = *at < 2 ? 0x1F0 : 0x170;
        p->select = *at & 1 ? 0xB0 : 0xA0;
        if (identify(p->base, p->select, true)) {
            ++*at;
            return true;
        }
    }
    return false;
}

/* A packet whose answer of at most 64 bytes comes to BUFFER; returns the status at its end. The channel's interrupt is
 * off. */
static uint8_t packet(const struct place *p, const uint8_t command[12])
{
    outb(p->base + 0x206, 0x0A);
    outb(p->base + 6, p->select);
    wait_status(p->base, BUSY_BIT, 0);
    outb(p->base + 1, 0);
    outb(p->base + 4, 64);
    outb(p->base + 5, 0);
    outb(p->base + 7, 0xA0);
    wait_status(p->base, BUSY_OR_DATA, 0x08);
    for (unsigned i = 0; i < 12; i += 2)
        outw(p->base, command[i] | command[i + 1] << 8);
    for (uint16_t at = 0;;) {
        uint8_t status = wait_status(p->base, BUSY_BIT, 0);
        if (!(status & 0x08)) {
            status = inb(p->base + 7);
            outb(p->base + 0x206, 0x08);
            return status;
        }
        uint16_t bytes = inb(p->base + 4) | inb(p->base + 5) << 8;
        take_words(p->base, at, (bytes + 1) / 2);
        at += bytes;
    }
}

static uint32_t big32(uint16_t at)
{
    return (uint32_t)far_get8(BUFFER, at) << 24 | (uint32_t)far_get8(BUFFER, at + 1) << 16 |
           far_get8(BUFFER, at + 2) << 8 | far_get8(BUFFER, at + 3);
}

/* OAKCDROM.SYS gives DEVICE RESET and knows the drive by its signature and a status of 0; Bochs' stays ready. INQUIRY
 * and REQUEST SENSE report no unit attention, and other commands do so once. */
bool cd_is_known_by_a_device_reset(void)
{
    static ROM_DATA uint8_t inquiry[12] = {0x12, 0, 0, 0, 36}, sense[12] = {0x03, 0, 0, 0, 18}, ready[12] = {0};
    struct place p;
    uint8_t c[12], status;
    unsigned found = 0;
    bool ours = disk_is_ours();

    for (uint8_t at = 0; next_cd(&at, &p); found++) {
        outb(p.base + 6, p.select);
        outb(p.base + 7, 0x08);
        delay(5);
        status = inb(p.base + 0x206);
        if (inb(p.base + 2) != 1 || inb(p.base + 3) != 1 || inb(p.base + 4) != 0x14 || inb(p.base + 5) != 0xEB ||
            (status != 0 && (ours || status != 0x50)))
            return false;
        for (unsigned i = 0; i < 12; i++)
            c[i] = rom_get(inquiry[i]);
        if (packet(&p, c) & 1 || (far_get8(BUFFER, 0) & 0x1F) != 5)
            return false;
        for (unsigned i = 0; i < 12; i++)
            c[i] = rom_get(sense[i]);
        if (packet(&p, c) & 1)
            return false;
        for (unsigned i = 0; i < 12; i++)
            c[i] = rom_get(ready[i]);
        if (packet(&p, c) & 1 && packet(&p, c) & 1)
            return false;
    }
    return found;
}

/* READ TOC by MSF has the lead-out in minutes, seconds and frames on a disc of any size: READ CAPACITY's end and two
 * seconds. SEEK to the last block ends with DSC, for which VIDE-CDD.SYS waits. */
bool cd_lead_out_and_seek_are_right(void)
{
    struct place p;
    unsigned found = 0;

    for (uint8_t at = 0; next_cd(&at, &p); found++) {
        uint8_t capacity[12] = {0}, toc[12] = {0}, seek[12] = {0};
        capacity[0] = 0x25, toc[0] = 0x43, toc[1] = 2, toc[6] = 0xAA, toc[8] = 12, seek[0] = 0x2B;
        if (packet(&p, capacity) & 1)
            return false;
        uint32_t blocks = big32(0) + 1, frame = blocks + 150;
        if (packet(&p, toc) & 1 || far_get8(BUFFER, 6) != 0xAA || far_get8(BUFFER, 8) != 0 ||
            far_get8(BUFFER, 9) != frame / 4500 || far_get8(BUFFER, 10) != frame / 75 % 60 ||
            far_get8(BUFFER, 11) != frame % 75)
            return false;
        toc[1] = 0;
        if (packet(&p, toc) & 1 || big32(8) != blocks)
            return false;
        blocks--;
        for (unsigned i = 0; i < 4; i++)
            seek[2 + i] = blocks >> (24 - 8 * i);
        if ((packet(&p, seek) & 0x11) != 0x10)
            return false;
    }
    return found;
}

/* --- The mouse on COM2 --- */

/* The next byte, or -1 after so many milliseconds. */
static int com2_byte(uint16_t milliseconds)
{
    struct timeout t;

    timeout_start(&t, milliseconds);
    while (!(inb(0x2FD) & 1))
        if (timeout_expired(&t))
            return -1;
    return inb(0x2F8);
}

bool serial_mouse_identifies_itself(void)
{
    outb(0x2FB, 0x82); /* 1,200 baud, seven bits */
    outb(0x2F8, 96);
    outb(0x2F9, 0);
    outb(0x2FB, 0x02);
    outb(0x2F9, 0);
    outb(0x2FC, 0x00); /* DTR and RTS, off and on */
    while (com2_byte(200) >= 0)
        ;
    outb(0x2FC, 0x03);
    bool good = com2_byte(200) == 'M';
    while (com2_byte(100) >= 0)
        good &= !disk_is_ours(); /* QEMU's goes on: it has three buttons, and is Plug and Play */
    return good;
}

static ROM_DATA char mouse_asks[] = "mouse: 300 right, 5 up\r\n", pointer_asks[] = "pointer: to the middle\r\n";

/* Whoever reads COM1 moves the mouse. */
bool serial_mouse_reports_what_it_was_given(void)
{
    int x = 0, y = 0;

    serial_print(mouse_asks);
    while (x != 300 || y != -5) {
        int first = com2_byte(5000), second = com2_byte(100), third = com2_byte(100);
        if (third < 0 || (first & 0x70) != 0x40 || second & 0x40 || third & 0x40)
            return false;
        x += (int8_t)(first << 6 | second);
        y += (int8_t)((first << 4 & 0xC0) | third);
    }
    return com2_byte(100) < 0;
}

/* --- VMware's backdoor --- */

#define BACKDOOR_MAGIC 0x564D5868u

static uint32_t backdoor(uint32_t command, uint32_t *ebx, uint32_t *ecx, uint32_t *edx)
{
    uint32_t eax = BACKDOOR_MAGIC;

    *ecx = command;
    *edx = 0x5658;
    asm volatile("inl %%dx, %%eax" : "+a"(eax), "+b"(*ebx), "+c"(*ecx), "+d"(*edx));
    return eax;
}

bool backdoor_is_there(void)
{
    uint32_t b = 0, c, d;

    return backdoor(10, &b, &c, &d) != 0xFFFFFFFF && b == BACKDOOR_MAGIC;
}

/* As VMware's drivers ask; the identification is the first word that can be read. */
bool backdoor_knows_a_pointer(void)
{
    uint32_t b = 0x45414552, c, d;

    backdoor(41, &b, &c, &d);
    b = 0;
    if ((backdoor(40, &b, &c, &d) & 0xFFFF) == 0)
        return false;
    b = 1;
    if (backdoor(39, &b, &c, &d) != 0x3442554A)
        return false;
    b = 0x53424152;
    backdoor(41, &b, &c, &d);
    b = 0;
    return backdoor(40, &b, &c, &d) == 0;
}

/* Whoever reads COM1 puts the pointer into the middle of the picture. */
bool backdoor_reports_positions(void)
{
    struct timeout t;
    uint32_t b = 0, c, d;

    serial_print(pointer_asks);
    timeout_start(&t, 5000);
    while (backdoor(40, &b, &c, &d) != 4)
        if (timeout_expired(&t))
            return false;
    b = 4;
    uint32_t buttons = backdoor(39, &b, &c, &d);
    bool good = buttons == 0 && b >> 8 == 0x80 && c >> 8 == 0x80 && d == 0;
    b = 0xF5;
    backdoor(41, &b, &c, &d);
    return good;
}
