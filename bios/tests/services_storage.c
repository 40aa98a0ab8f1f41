/* services_storage.c - INT 13h: floppies, disks and CDs. */
#include "services.h"

static void fill_buffer(uint16_t v)
{
    for (uint16_t i = 0; i < 0x2400; i += 2)
        far_put16(BUFFER, i, v ^ i);
}

static bool buffer_holds(uint16_t v, uint16_t bytes)
{
    for (uint16_t i = 0; i < bytes; i += 2)
        if (far_get16(BUFFER, i) != (v ^ i))
            return false;
    return true;
}

bool floppy_reads_what_was_written(void)
{
    fill_buffer(0xBEEF);
    bool written = disk_call(0x0312, 0x2801, 0x0100) == 0;
    fill_buffer(0);
    return written && disk_call(0x0412, 0x2801, 0x0100) == 0 && disk_call(0x0212, 0x2801, 0x0100) == 0 &&
           buffer_holds(0xBEEF, 0x2400) && bda_get(fd_status) == 0;
}

bool floppy_refuses_what_dma_cannot(void)
{
    struct call c = {.ax = 0x0202, .bx = 0xFE00, .cx = 0x0001, .dx = 0, .es = BUFFER};
    soft_int(0x13, &c);
    return c.flags & FLAG_CF && c.ah == 0x09 && call_ax(0x13, 0x0100) >> 8 == 0x09;
}

bool floppy_sector_that_is_not_there(void)
{
    return disk_call(0x0201, 0x0063, 0x0000) != 0 && disk_call(0x0000, 0, 0) == 0 &&
           disk_call(0x0201, 0x0001, 0x0000) == 0 && far_get16(BUFFER, 510) == 0xAA55;
}

bool floppy_parameters(void)
{
    struct call c = {.ax = 0x0800}, t = {.ax = 0x1500}, none = {.ax = 0x1500, .dx = 1};
    soft_int(0x13, &c);
    soft_int(0x13, &t);
    soft_int(0x13, &none);
    return c.ch == 79 && c.cl >= 18 && c.dh == 1 && c.dl == 1 && far_get8(c.es, c.di + 4) == c.cl && t.ah == 2 &&
           none.ah == 0;
}

bool floppy_track_is_formatted(void)
{
    for (uint16_t i = 0; i < 18; i++) {
        far_put16(BUFFER, i * 4, 0x0046);
        far_put16(BUFFER, i * 4 + 2, 0x0200 | (i + 1));
    }
    struct call media = {.ax = 0x1800, .cx = 0x4F12, .dx = 0};
    soft_int(0x13, &media);
    if (media.flags & FLAG_CF || disk_call(0x0512, 0x4601, 0x0000) != 0)
        return false;
    return disk_call(0x0201, 0x4612, 0x0000) == 0; /* QEMU does not write the filler */
}

struct packet {
    uint16_t size, count, offset, segment;
    uint32_t lba, lba_high;
};

static uint8_t edd(uint16_t ax, uint32_t lba, uint16_t count, uint16_t segment, uint16_t offset)
{
    struct packet p = {16, count, offset, segment, lba, 0};
    struct call c = {.ax = ax, .dx = 0x81, .si = (uint16_t)(uint32_t)&p};
    soft_int(0x13, &c);
    return c.flags & FLAG_CF ? c.ah : p.count == count ? 0 : 0xEE;
}

bool disk_cylinders_and_blocks_agree(void)
{
    struct call g = {.ax = 0x0800, .dx = 0x81};
    soft_int(0x13, &g);
    uint32_t heads = g.dh + 1, sectors = g.cl & 63, lba = (400 * heads + 9) * sectors + 16;
    fill_buffer(0xD15C);
    if (edd(0x4300, lba, 18, BUFFER, 0) != 0)
        return false;
    fill_buffer(0);
    return disk_call(0x0212, 400 % 256 << 8 | 400 / 256 << 6 | 17, 0x0981) == 0 && buffer_holds(0xD15C, 0x2400);
}

bool disk_writes_by_cylinders(void)
{
    struct call g = {.ax = 0x0800, .dx = 0x81};
    soft_int(0x13, &g);
    uint32_t lba = (3 * (g.dh + 1) + 2) * (g.cl & 63);
    fill_buffer(0x7777);
    bool written = disk_call(0x0303, 0x0301, 0x0281) == 0;
    fill_buffer(0);
    return written && edd(0x4200, lba, 3, BUFFER + 1, 0xFFF0) == 0 && disk_call(0x0403, 0x0301, 0x0281) == 0 &&
           far_get16(BUFFER + 0x1000, 0) == 0x7777;
}

bool disk_limits(void)
{
    uint8_t result[66];
    struct call c = {.ax = 0x4800, .dx = 0x81, .si = (uint16_t)(uint32_t)result};
    *(uint16_t *)result = sizeof(result);
    soft_int(0x13, &c);
    uint32_t total = *(uint32_t *)(result + 16);
    uint8_t sum = 0;
    for (int i = 30; i < 66; i++)
        sum += result[i];
    return !(c.flags & FLAG_CF) && *(uint16_t *)result == 66 && sum == 0 && *(uint16_t *)(result + 24) == 512 &&
           edd(0x4200, total - 1, 1, BUFFER, 0) == 0 && edd(0x4200, total, 1, BUFFER, 0) != 0 &&
           edd(0x4400, total - 100, 100, 0, 0) == 0 && disk_call(0x0201, 0x0000, 0x0081) != 0 &&
           disk_call(0x0201, 0x0001, 0x0082) == 0x01;
}

/* For the second disk, wherever its DPTE says that it is. */
bool disk_geometry_is_as_cmos_says(void)
{
    uint8_t e[66] = {66};
    struct call c = {.ax = 0x4800, .dx = 0x81, .si = (uint16_t)(uint32_t)e}, g = {.ax = 0x0800, .dx = 0x81};
    soft_int(0x13, &c);
    soft_int(0x13, &g);
    uint32_t cylinders = *(uint32_t *)(e + 4), heads = *(uint32_t *)(e + 8), sectors = *(uint32_t *)(e + 12),
             total = *(uint32_t *)(e + 16);
    uint16_t dpte = *(uint16_t *)(e + 26), segment = *(uint16_t *)(e + 28);
    uint8_t place = (far_get16(segment, dpte) == 0x1F0 ? 0 : 2) + (far_get8(segment, dpte + 4) >> 4 & 1),
            way = cmos(0x39) >> place * 2 & 3;
    if (way == 3 && heads == 16) {
        heads = 15;
        cylinders = cylinders * 16 / 15;
    }
    if (way >= 2)
        for (; cylinders > 1024 && heads < 128; cylinders /= 2)
            heads *= 2;
    if (way == 1 || (way == 0 && cylinders > 1024)) {
        sectors = 63;
        for (heads = 16; heads < 256 && total / 63 / heads > 1024; heads *= 2)
            ;
        heads = heads == 256 ? 255 : heads;
        cylinders = total / 63 / heads;
    }
    cylinders = cylinders > 1024 ? 1024 : cylinders;
    return c.ah == 0 && ((g.cl & 0xC0) << 2 | g.ch) + 1u == cylinders && g.dh + 1u == heads && (g.cl & 63u) == sectors;
}

bool disk_extensions_are_announced(void)
{
    struct call c = {.ax = 0x4100, .bx = 0x55AA, .dx = 0x81}, t = {.ax = 0x1500, .dx = 0x81},
                p = {.ax = 0x0800, .dx = 0x81};
    soft_int(0x13, &c);
    soft_int(0x13, &t);
    soft_int(0x13, &p);
    uint32_t chs = ((p.cl & 0xC0) << 2 | p.ch) + 1;
    chs *= (p.dh + 1) * (p.cl & 63);
    return c.bx == 0xAA55 && c.ah == 0x30 && c.cx & 1 && t.ah == 3 && ((uint32_t)t.cx << 16 | t.dx) == chs &&
           p.dl == bda_get(hd_count) && vector_segment(0x41) == bda_get(ebda) &&
           far_get8(bda_get(ebda), 0x3D + 16 + 2) == p.dh + 1;
}

bool cd_reports_how_it_was_started(void)
{
    uint8_t p[19];
    bool there = cd_packet(0x4B01, 0x7F, p), again = cd_packet(0x4B01, p[2], p);
    return there && again && !cd_packet(0x4B01, 0x81, p) && p[0] == 19 && *(uint32_t *)(p + 4) == 20 && p[14] == 1 &&
           ((p[1] == 2 && p[2] == 0x00) || (p[1] == 4 && p[2] == 0x80)) && p[16] == 79 && p[17] == 18 && p[18] == 1;
}

static uint8_t cd_call(uint16_t ax, uint32_t lba, uint16_t count)
{
    struct packet p = {16, count, 0, BUFFER, lba, 0};
    struct call c = {.ax = ax, .dx = 0xE0, .si = (uint16_t)(uint32_t)&p};
    soft_int(0x13, &c);
    return c.flags & FLAG_CF ? c.ah : 0;
}

bool cd_blocks_are_read(void)
{
    uint8_t result[66];
    struct call e = {.ax = 0x4100, .bx = 0x55AA, .dx = 0xE0},
                c = {.ax = 0x4800, .dx = 0xE0, .si = (uint16_t)(uint32_t)result};
    *(uint16_t *)result = sizeof(result);
    soft_int(0x13, &e);
    soft_int(0x13, &c);
    return e.bx == 0xAA55 && e.ah == 0x30 && e.cx & 1 && !(c.flags & FLAG_CF) && *(uint16_t *)(result + 24) == 2048 &&
           *(uint32_t *)(result + 16) == 1024 && cd_call(0x4200, 16, 5) == 0 && far_get16(BUFFER, 1) == 0x4443 &&
           far_get8(BUFFER + 0x80, 7) == 'E' && far_get16(BUFFER + 0x200, 510) == 0xAA55 &&
           cd_call(0x4200, 1020, 5) == 0x04 && cd_call(0x4400, 1020, 4) == 0 && cd_call(0x4300, 20, 1) == 0x03;
}

bool cd_is_locked_and_unlocked(void)
{
    struct call c = {.ax = 0x4502, .dx = 0xE0};
    bool locks = cd_call(0x4500, 0, 0) == 0 && cd_call(0x4600, 0, 0) == 0xB1;
    soft_int(0x13, &c);
    cd_call(0x4900, 0, 0);
    return locks && c.al == 1 && cd_call(0x4501, 0, 0) == 0 && cd_call(0x4501, 0, 0) == 0xB0 &&
           cd_call(0x4900, 0, 0) == 0;
}

bool cd_image_is_a_write_protected_drive(void)
{
    uint8_t p[19];
    cd_packet(0x4B01, 0x7F, p);
    struct call c = {.ax = 0x0800, .dx = p[2]};
    soft_int(0x13, &c);
    bool shape = c.ch == 79 && c.cl == 18 && c.dh == 1 && c.dl == (p[2] ? bda_get(hd_count) : 2) && c.dl == 2;
    return shape && disk_call(0x0301, 0x0001, p[2]) == 0x03 && disk_call(0x0205, 0x0002, p[2]) == 0 &&
           far_get16(BUFFER, 0) == far_get16(0x1000, 0) &&
           far_get16(BUFFER, 5 * 512 - 2) == far_get16(0x1000, 5 * 512 - 2) &&
           disk_call(0x0201, 0x0013, p[2]) == 0x04 && disk_call(0x0401, 0x0012, p[2]) == 0;
}

bool cd_image_moves_the_others_up_until_it_ends(void)
{
    uint8_t p[19];
    cd_packet(0x4B01, 0x7F, p);
    uint8_t moved = disk_call(0x0201, 0x0001, p[2] | 1);
    uint16_t there = far_get16(BUFFER, 0x40);
    bool ended = cd_packet(0x4B00, 0x7F, p), over = !cd_packet(0x4B01, 0x7F, p);
    uint8_t back = disk_call(0x0201, 0x0001, p[2]), none = disk_call(0x0201, 0x0001, p[2] | 1);
    return moved == 0 && back == 0 && far_get16(BUFFER, 0x40) == there &&
           (none != 0 || (p[2] && bda_get(hd_count) > 1)) && ended && over;
}

bool cd_catalog_is_read(void)
{
    struct {
        uint8_t size, count;
        uint16_t offset, segment, first;
    } packet = {8, 1, 0, BUFFER, 0};
    struct call c = {.ax = 0x4D00, .si = (uint16_t)(uint32_t)&packet};
    soft_int(0x13, &c);
    return !(c.flags & FLAG_CF) && far_get8(BUFFER, 0) == 1 && far_get16(BUFFER, 30) == 0xAA55 &&
           far_get8(BUFFER, 32) == 0x88 && far_get8(BUFFER, 40) == 20;
}

/* After its emulation has ended. */
bool cd_image_becomes_a_drive_again(void)
{
    uint8_t p[19] = {0}, q[19], media = far_get8(BUFFER, 33);
    p[0] = 19, p[1] = media, p[4] = 20, p[14] = 1;
    bool before = !cd_packet(0x4B01, 0x7F, q), begun = cd_packet(0x4A00, 0, p), told = cd_packet(0x4B01, 0x7F, q);
    bool drive = q[2] == (media == 4 ? 0x80 : 0) && disk_call(0x0301, 0x0001, q[2]) == 0x03 &&
                 disk_call(0x0201, 0x0012, q[2]) == 0;
    return before && begun && told && drive && cd_packet(0x4B00, 0x7F, q) && !cd_packet(0x4B01, 0x7F, q);
}

static uint32_t buffer32(uint16_t at)
{
    return far_get16(BUFFER, at) | (uint32_t)far_get16(BUFFER, at + 2) << 16;
}

static uint16_t fdpt_segment(uint8_t number)
{
    return vector_segment(number ? 0x46 : 0x41);
}

/* The geometry of the first two disks is one in CMOS, in the parameter table, in INT 13h/08h and 48h, and in IDENTIFY
 * (words 1, 3, 6 and 54 to 58): WDCTRL, NT's ATDISK and 9x' ESDI_506 compare them (KB Q119674). */
bool disk_geometry_is_one_in_all_places(void)
{
    for (uint8_t number = 0; number < 2; number++) {
        struct call p = {.ax = 0x0800, .dx = 0x80 | number}, e = {.ax = 0x4800, .dx = 0x80 | number, .si = 0};
        uint16_t own[3], shown[3], table = fdpt_segment(number), at = vector_offset(number ? 0x46 : 0x41);
        uint8_t packet[26];

        soft_int(0x13, &p);
        shown[0] = (p.ch | (p.cl & 0xC0) << 2) + 1, shown[1] = p.dh + 1, shown[2] = p.cl & 63;
        if (far_get16(table, at) != shown[0] || far_get8(table, at + 2) != shown[1] ||
            far_get8(table, at + 14) != shown[2])
            return false;
        bool translated = far_get8(table, at + 3) == 0xA0;
        own[0] = translated ? far_get16(table, at + 9) : shown[0];
        own[1] = translated ? far_get8(table, at + 11) : shown[1];
        own[2] = translated ? far_get8(table, at + 4) : shown[2];
        packet[0] = sizeof(packet), packet[1] = 0;
        e.si = (uint16_t)(uint32_t)packet;
        soft_int(0x13, &e);
        for (unsigned i = 0; i < 3; i++)
            if (e.flags & FLAG_CF || *(uint32_t *)(packet + 4 + i * 4) != own[i])
                return false;
        uint16_t base = far_get16(bda_get(ebda),
                                  EBDA_OFFSET(disks) + number * sizeof(struct disk) + offsetof(struct disk, base));
        uint8_t select = far_get8(bda_get(ebda),
                                  EBDA_OFFSET(disks) + number * sizeof(struct disk) + offsetof(struct disk, select));
        if (!identify(base, select, false))
            return false;
        for (unsigned i = 0; i < 3; i++)
            if (far_get16(BUFFER, i == 0 ? 2 : i == 1 ? 6 : 12) != own[i] || far_get16(BUFFER, 108 + i * 2) != own[i])
                return false;
        if (buffer32(114) != (uint32_t)own[0] * own[1] * own[2])
            return false;
        if (base == 0x1F0 && !(select & 0x10 ? cmos(0x12) & 0x0F : cmos(0x12) & 0xF0))
            return false;
    }
    return true;
}

/* What WDCTRL does: it reads the second sector, the 504th and the last but one through INT 13h and by the ports, in the
 * geometry of both, and compares the bytes and the registers that the drive has then: none left, the sector's address,
 * ready and no error. Judged are our drives: those of QEMU and Bochs name the next sector. */
bool disk_registers_end_at_the_last_sector(void)
{
    struct call p = {.ax = 0x0800, .dx = 0x80};
    soft_int(0x13, &p);
    uint32_t heads = p.dh + 1, sectors = p.cl & 63, total = ((p.ch | (p.cl & 0xC0) << 2) + 1) * heads * sectors;

    if (!identify(0x1F0, 0xA0, false) || far_get16(BUFFER, 6) != heads || far_get16(BUFFER, 12) != sectors ||
        far_get16(BUFFER, 54) != ('M' << 8 | 'U'))
        return true;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t lba = i == 0   ? 1
                       : i == 1 ? 503
                                : total - 2,
                 cylinder = lba / sectors / heads, words = 256, at = 512, tries = 0;
        uint8_t head = lba / sectors % heads, sector = lba % sectors + 1;

        if (disk_call(0x0201, (uint16_t)(cylinder << 8 | (cylinder >> 2 & 0xC0) | sector), 0x80 | head << 8) != 0)
            return false;
        outb(0x3F6, 0x0A);
        outb(0x1F6, 0xA0 | head);
        outb(0x1F2, 1);
        outb(0x1F3, sector);
        outb(0x1F4, (uint8_t)cylinder);
        outb(0x1F5, cylinder >> 8);
        outb(0x1F7, 0x20);
        while (inb(0x3F6) & 0x80 && ++tries < 1000000)
            ;
        asm volatile("pushw %%es; movw %w3, %%es; rep insw; popw %%es"
                     : "+D"(at), "+c"(words)
                     : "d"(0x1F0), "r"(BUFFER)
                     : "memory");
        while (inb(0x3F6) & 0x88 && ++tries < 1000000)
            ;
        bool good = inb(0x1F7) == 0x50 && inb(0x1F1) == 0 && inb(0x1F2) == 0 && inb(0x1F3) == sector &&
                    inb(0x1F4) == (uint8_t)cylinder && inb(0x1F5) == cylinder >> 8 && inb(0x1F6) == (0xA0 | head);
        outb(0x3F6, 0x08);
        for (unsigned k = 0; k < 512; k += 2)
            good = good && far_get16(BUFFER, k) == far_get16(BUFFER, 512 + k);
        if (!good)
            return false;
    }
    return true;
}

bool int13_returns_with_interrupts_on(void)
{
    for (unsigned drive = 0; drive <= 0x80; drive += 0x80) {
        struct call c = {.ax = 0x0100, .dx = drive};
        interrupts_off();
        soft_int(0x13, &c);
        interrupts_on();
        if (!(c.flags & FLAG_IF))
            return false;
    }
    return true;
}

/* HSFLOP.PDR shows a drive of 1.44M as one of 720K otherwise. */
bool floppy_types_are_those_of_cmos(void)
{
    for (unsigned drive = 0; drive < 2; drive++) {
        struct call c = {.ax = 0x0800, .dx = drive};
        uint8_t type = drive ? cmos(0x10) & 15 : cmos(0x10) >> 4;
        soft_int(0x13, &c);
        if (c.bl != type || (type && c.flags & FLAG_CF))
            return false;
    }
    return true;
}
