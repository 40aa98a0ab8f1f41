/* services_pci.c - PCI, ACPI, SMBIOS and Plug and Play: what a system finds in the ROM. */
#include "services.h"

bool pci_functions_are_found(void)
{
    struct call host = {.ax = 0xB102, .cx = 0x1237, .dx = 0x8086},
                none = {.ax = 0xB102, .cx = 0x1237, .dx = 0x8086, .si = 1};
    struct call isa = {.ax = 0xB103, .ecx = 0x060100}, bad = {.ax = 0xB109, .bx = 0, .di = 3};
    soft_int(0x1A, &host);
    soft_int(0x1A, &none);
    soft_int(0x1A, &isa);
    soft_int(0x1A, &bad);
    return !(host.flags & FLAG_CF) && host.bx == 0 && none.ah == 0x86 && none.flags & FLAG_CF && isa.bx == 0x0008 &&
           bad.ah == 0x87 && config(0, 0) == 0x12378086;
}

bool no_usb_controller_is_found(void)
{
    static ROM_DATA uint8_t interfaces[] = {0x00, 0x10, 0x20};

    for (unsigned i = 0; i < ARRAY_LENGTH(interfaces); i++) {
        struct call usb = {.ax = 0xB103, .ecx = 0x0C0300 | rom_get(interfaces[i])};
        soft_int(0x1A, &usb);
        if (usb.ah != 0x86 || !(usb.flags & FLAG_CF))
            return false;
    }
    return true;
}

bool pci_addresses_and_interrupts_are_assigned(void)
{
    struct call display = {.ax = 0xB103, .ecx = 0x030000}, power = {.ax = 0xB102, .cx = 0x7113, .dx = 0x8086};
    soft_int(0x1A, &display);
    soft_int(0x1A, &power);
    return config(0x09, 0x20) == 0xC001 && config(0x09, 0x04) & 4 && config(0x09, 0x40) == 0x80008000 &&
           config(0x08, 0x60) == 0x0B0A0B0A && config(display.bx, 0x10) >> 28 == 0xE &&
           (config(power.bx, 0x40) & 0xFFC0) == 0x600 && (uint8_t)config(power.bx, 0x3C) == 9;
}

/* Each pin has an IRQ of the router's, which the firmware has made level-triggered; no other is, but for the SCI. */
bool pci_interrupts_are_level_triggered(void)
{
    uint16_t levels = inb(0x4D0) | inb(0x4D1) << 8, used = 0;

    for (uint16_t function = 0; function < 256; function++) {
        uint32_t id = config(function, 0), line = config(function, 0x3C);
        if (id == 0 || id == 0xFFFFFFFF || !(line >> 8 & 0xFF))
            continue;
        if (!(levels >> (line & 15) & 1))
            return false;
        used |= 1 << (line & 15);
    }
    return used && !(used & ~0x0E00) && levels == 0x0E00;
}

/* NT's driver uses DMA with drives of which the firmware says so (KB Q158873): bits 5 and 6 of each channel's
 * status. */
bool bus_master_knows_which_drives_have_dma(void)
{
    uint16_t ports = config(0x09, 0x20) & 0xFFF0;

    for (uint8_t place = 0; place < 4; place++) {
        uint16_t base = place < 2 ? 0x1F0 : 0x170;
        uint8_t select = place & 1 ? 0xB0 : 0xA0, status = inb(ports + 2 + (place < 2 ? 0 : 8));
        bool there = identify(base, select, false) || identify(base, select, true);
        if ((status >> (5 + (place & 1)) & 1) != (there && far_get16(BUFFER, 98) & 0x0100))
            return false;
    }
    return ports && (config(0x09, 0x08) & 0xFFFFFF00) == 0x01018000;
}

/* UDMACTL has a bit for each drive, UDMATIM the mode. DOS drivers use the mode that they find set in the drive. Judged
 * are PIIX4s, as the PIIX3 has no Ultra DMA. */
bool ultra_dma_is_set_in_drive_and_controller(void)
{
    uint32_t control = config(0x09, 0x48);

    for (uint8_t place = 0; place < 4 && config(0x09, 0x00) == 0x71118086; place++) {
        uint16_t base = place < 2 ? 0x1F0 : 0x170;
        uint8_t select = place & 1 ? 0xB0 : 0xA0;
        bool there = identify(base, select, false) || identify(base, select, true);
        if ((control >> place & 1) != there || (control >> (16 + place * 4) & 3) != (there ? 2 : 0))
            return false;
        if (there && (!(far_get16(BUFFER, 106) & 4) || far_get16(BUFFER, 176) != 0x0407 || far_get16(BUFFER, 126) != 7))
            return false;
    }
    return true;
}

bool pci_routing_is_published_twice(void)
{
    uint16_t table = find_structure('$' | 'P' << 8 | 'I' << 16 | 'R' << 24), bytes = far_get16(0xF000, table + 6);
    uint16_t buffer[4] = {bytes - 32, 0, BUFFER};
    struct call c = {.ax = 0xB10E, .di = (uint16_t)(uint32_t)buffer}, small = c;
    soft_int(0x1A, &c);
    buffer[0] = 16;
    soft_int(0x1A, &small);
    if (!table || sum(0xF000, table, bytes) || far_get16(0xF000, table + 12) != 0x8086 ||
        far_get16(0xF000, table + 14) != 0x122E || c.ah || c.bx != 0x0C00 || small.ah != 0x59 ||
        buffer[0] != bytes - 32)
        return false;
    for (uint16_t i = 0; i < bytes - 32; i++)
        if (far_get8(BUFFER, i) != far_get8(0xF000, table + 32 + i))
            return false;
    return true;
}

bool pci_interrupts_can_be_moved(void)
{
    struct call move = {.ax = 0xB10F, .bx = 0x18, .cx = 0x050A}, back = {.ax = 0xB10F, .bx = 0x18, .cx = 0x0A0A};
    soft_int(0x1A, &move);
    bool moved = move.ah == 0 && config(0x08, 0x60) == 0x0B050B0A && inb(0x4D0) & 0x20;
    soft_int(0x1A, &back);
    outb(0x4D0, 0);
    back.ax = 0xB10F, back.cx = 0x0C0A;
    soft_int(0x1A, &back);
    return moved && back.ah == 0x88 && config(0x08, 0x60) == 0x0B0A0B0A;
}

bool pci_answers_in_protected_mode(void)
{
    uint16_t directory = find_structure('_' | '3' << 8 | '2' << 16 | '_' << 24);
    uint32_t entry = far_get16(0xF000, directory + 4) | (uint32_t)far_get16(0xF000, directory + 6) << 16;
    struct call find = {.eax = 0x49435024}, other = {.eax = 0x49435025};
    if (!directory || sum(0xF000, directory, 16))
        return false;
    call32(0, entry, &find);
    call32(0, entry, &other);
    struct call there = {.ax = 0xB101}, read = {.ax = 0xB10A, .bx = 0x08, .di = 0x60},
                none = {.ax = 0xB102, .dx = 0xFFFF};
    call32(0, find.ebx + find.edx, &there);
    call32(find.ebx, find.edx, &read);
    call32(find.ebx, find.edx, &none);
    return find.al == 0 && other.al == 0x80 && there.edx == 0x20494350 && there.bx == 0x0210 && read.ah == 0 &&
           read.ecx == 0x0B0A0B0A && !(read.flags & FLAG_CF) && none.ah == 0x83 && none.flags & FLAG_CF;
}

bool rom_is_write_protected(void)
{
    uint16_t at[] = {0xC000, 0xF000}, place = 0x1000;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t was = far_get8(at[i], place);
        far_put8(at[i], place, ~was);
        if (far_get8(at[i], place) != was)
            return false;
    }
    return sum(0xC000, 0, 0x8000) == 0 && find_structure('$' | 'P' << 8 | 'n' << 16 | 'P' << 24) == 0xE070 &&
           sum(0xF000, 0xE070, far_get8(0xF000, 0xE075)) == 0;
}

bool acpi_tables_lead_to_each_other(void)
{
    uint16_t pointer = rsd_pointer();
    uint32_t rsdt = far_get16(0xF000, pointer + 16) | (uint32_t)far_get16(0xF000, pointer + 18) << 16;
    bool good = pointer && sum(0xF000, pointer, 20) == 0 && sum_far_away(rsdt, 44) == 0 && second32(0) == 0x54445352;
    uint32_t fadt = second32(36);
    good = good && sum_far_away(fadt, 116) == 0 && second32(0) == 0x50434146 && second32(56) == 0x600 &&
           far_get16(SECOND, 46) == 9;
    uint32_t facs = second32(36), dsdt = second32(40);
    sum_far_away(dsdt, 36);
    uint16_t bytes = far_get16(SECOND, 4);
    good = good && second32(0) == 0x54445344 && bytes > 1000 && sum_far_away(dsdt, bytes) == 0;
    sum_far_away(facs, 64);
    return good && second32(0) == 0x53434146 && !(facs & 63);
}

/* _MP_ and the MADT are there exactly where CPUID shows a local APIC; the MADT is the RSDT's second entry. */
bool apics_are_described_where_they_are(void)
{
    uint16_t mp = find_structure('_' | 'M' << 8 | 'P' << 16 | '_' << 24), table = far_get16(0xF000, mp + 4),
             rsdp = rsd_pointer();
    sum_far_away(far_get16(0xF000, rsdp + 16) | (uint32_t)far_get16(0xF000, rsdp + 18) << 16, 44);
    uint16_t bytes = far_get16(SECOND, 4);
    uint32_t madt = second32(40);

    if (!(cpuid_features() & 0x200))
        return !mp && bytes == 40 && !madt;
    if (!mp || sum(0xF000, mp, 16) || far_get16(0xF000, mp + 6) != 0x000F || bytes != 44 ||
        sum(0xF000, table, far_get16(0xF000, table + 4)) || far_get16(0xF000, table) != ('P' | 'C' << 8))
        return false;
    sum_far_away(madt, 44);
    return second32(0) == 0x43495041 && second32(36) == 0xFEE00000 && sum_far_away(madt, second32(4)) == 0;
}

bool acpi_regions_are_in_the_memory_map(void)
{
    struct call c = {.edx = 0x534D4150, .es = BUFFER};
    uint32_t entry[5], end = 0;
    uint8_t types = 0;
    do {
        c.eax = 0xE820;
        c.ecx = 20;
        soft_int(0x15, &c);
        far_read(entry, BUFFER, 0, sizeof(entry));
        if (entry[4] >= 3 && entry[0] != end)
            return false;
        end = entry[0] + entry[2];
        types |= 1 << entry[4];
    } while (c.ebx);
    return types == 0x1E;
}

bool smbios_structures_are_whole(void)
{
    uint16_t entry = find_structure('_' | 'S' << 8 | 'M' << 16 | '_' << 24), count = far_get16(0xF000, entry + 28);
    uint16_t at = far_get16(0xF000, entry + 24), end = at + far_get16(0xF000, entry + 22), found = 0;
    if (!entry || sum(0xF000, entry, 31) || sum(0xF000, entry + 16, 15) || far_get16(0xF000, entry + 26) != 0x000F)
        return false;
    while (at < end) {
        uint16_t length = far_get8(0xF000, at + 1);
        if (far_get8(0xF000, at) == 17 && far_get16(0xF000, at + 12) != 16)
            return false;
        for (at += length; far_get16(0xF000, at); at++)
            ;
        at += 2;
        found++;
    }
    return at == end && found == count;
}

/* The Plug and Play BIOS by its structure, in both modes. Arguments are words at 0:640; what is returned comes to
 * segment 40, or to the selector of it. */
enum { PNP_ARGUMENTS = 0x640, PNP_HANDLE = 0x260, PNP_SIZE = 0x262, PNP_NODE = 0x270, PNP_BUFFER_BYTES = 256 };

static uint16_t pnp_structure(void)
{
    for (uint32_t at = 0; at < 0x10000; at += 16)
        if (far_get16(0xF000, at) == ('$' | 'P' << 8) && far_get16(0xF000, at + 2) == ('n' | 'P' << 8))
            return far_sum(0xF000, at, far_get8(0xF000, at + 5)) == 0 ? at : 0;
    return 0;
}

static uint16_t pnp_words(bool protected, uint16_t n, uint16_t *words)
{
    uint16_t at = pnp_structure(), entry = far_get16(0xF000, at + (protected ? 0x11 : 0x0D));
    struct call c = {.es = 0x40};

    for (uint16_t i = 0; i < 7; i++)
        low_put16(PNP_ARGUMENTS + i * 2, i < n ? words[i] : 0);
    if (protected) {
        call16_words(far_get16(0xF000, at + 0x13) | (uint32_t)far_get16(0xF000, at + 0x15) << 16, entry, &c);
        return c.ax;
    }
    uint32_t target = (uint32_t)far_get16(0xF000, at + 0x0F) << 16 | entry, result;
    asm volatile("pushl %1; movl %%esp, %%eax; .irp at, 0x64C, 0x64A, 0x648, 0x646, 0x644, 0x642, 0x640; pushw "
                 "%%gs:\\at; .endr; lcallw *%%ss:(%%eax); addl $18, %%esp"
                 : "=&a"(result)
                 : "r"(target)
                 : "memory");
    return (uint16_t)result;
}

/* clang-format off */
#define PNP(protected, ...) \
    ({ uint16_t words_[] = {__VA_ARGS__}; pnp_words(protected, ARRAY_LENGTH(words_), words_); })
/* clang-format on */

/* Three lists of resources, each with its end, fill a node to its last byte. */
static bool pnp_node_is_whole(void)
{
    uint16_t size = far_get16(0x40, PNP_NODE), at = 12, ends = 0;

    while (at < size && ends < 3) {
        uint8_t tag = far_get8(0x40, PNP_NODE + at);
        ends += (tag & 0xF8) == 0x78;
        at += tag & 0x80 ? 3 + far_get16(0x40, PNP_NODE + at + 1) : 1 + (tag & 7);
    }
    return at == size && ends == 3;
}

/* Each device is there exactly when the data area, or the PCI bus, says so. */
static bool pnp_nodes(bool protected)
{
    static ROM_DATA uint16_t fixed[] = {0x0000, 0x0100, 0x0200, 0x0303, 0x0800, 0x0B00, 0x0C01, 0x0C02};
    uint16_t data = protected ? 0x28 : 0x40, seen = 0, found = 0, handle = 0;
    bool good = pnp_structure() && PNP(protected, 0x00, PNP_HANDLE, data, PNP_SIZE, data, data) == 0;
    uint8_t count = far_get8(0x40, PNP_HANDLE), equipment = bda_get(equipment);
    uint16_t expected = ARRAY_LENGTH(fixed) + (equipment >> 1 & 1) + (equipment >> 2 & 1) + (equipment & 1) +
                        (pci_is_there() ? 2 : 0);

    for (unsigned i = 0; i < 7; i++) {
        uint16_t port = low_get16(BDA_ADDRESS(com) + i * 2);
        expected += port == 0x3F8 || port == 0x2F8 || port == 0x378;
    }
    for (; good && handle != 0xFF && seen <= count; seen++) {
        far_put8(0x40, PNP_HANDLE, handle);
        good = PNP(protected, 0x01, PNP_HANDLE, data, PNP_NODE, data, 1 + (seen & 1), data) == 0 &&
               pnp_node_is_whole() && far_get8(0x40, PNP_NODE + 2) == handle &&
               far_get16(0x40, PNP_NODE) <= far_get16(0x40, PNP_SIZE) && far_get16(0x40, PNP_NODE + 3) == 0xD041 &&
               PNP(protected, 0x02, handle, PNP_NODE, data, 1, data) == 0x85;
        uint16_t product = far_get8(0x40, PNP_NODE + 5) << 8 | far_get8(0x40, PNP_NODE + 6);
        for (unsigned i = 0; i < ARRAY_LENGTH(fixed); i++)
            found |= rom_get(fixed[i]) == product ? 1 << i : 0;
        handle = far_get8(0x40, PNP_HANDLE);
    }
    far_put8(0x40, PNP_HANDLE, 0xEE);
    return good && handle == 0xFF && seen == count && count == expected && found == (1 << ARRAY_LENGTH(fixed)) - 1 &&
           PNP(protected, 0x01, PNP_HANDLE, data, PNP_NODE, data, 1, data) == 0x83 &&
           PNP(protected, 0x01, PNP_SIZE, data, PNP_NODE, data, 3, data) == 0x84 &&
           PNP(protected, 0x03, PNP_NODE, data, data) == 0x82 && PNP(protected, 0x04, 0x42, data) == 0 &&
           PNP(protected, 0x04, 0x40, data) == 0x8E && PNP(protected, 0x05, PNP_NODE, data, data) == 0x82 &&
           PNP(protected, 0x40, PNP_NODE, data, data) == 0 && far_get16(0x40, PNP_NODE) == 1 &&
           far_get16(0x40, PNP_NODE + 2) == 0 && PNP(protected, 0x41) == 0x82;
}

bool pnp_names_the_devices_of_the_board(void)
{
    return pnp_nodes(false);
}

bool pnp_does_so_in_protected_mode(void)
{
    return pnp_nodes(true);
}
