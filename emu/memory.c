/* memory.c - physical memory (memory.h). */
#include "emu/memory.h"

#include <stdlib.h>
#include <string.h>

#include "emu/endian.h"

#define HIGH_ROM_START 0xFFFE0000u /* the last 128 KiB of the address space show those below 1 MiB */

bool memory_init(struct memory *m, uint64_t ram_size)
{
    memset(m, 0, sizeof *m);
    m->ram_size = (uint32_t)ram_size;
    m->ram = calloc(1, m->ram_size);
    m->flags = malloc(m->ram_size / PAGE_SIZE);
    m->rom = malloc(ROM_SIZE);
    m->a20_mask = 0xFFFFFFFF;
    if (!m->ram || !m->flags || !m->rom) {
        memory_free(m);
        return false;
    }
    memset(m->flags, PAGE_CLEAN, m->ram_size / PAGE_SIZE);
    memset(m->rom, 0xFF, ROM_SIZE); /* an empty socket */
    for (unsigned page = 0; page < LOW_PAGES; page++)
        m->low_kind[page] = page < ROM_START / PAGE_SIZE ? LOW_RAM : LOW_ROM;
    return true;
}

void memory_free(struct memory *m)
{
    free(m->ram);
    free(m->flags);
    free(m->rom);
    m->ram = m->flags = m->rom = NULL;
}

void memory_map_rom(struct memory *m, uint32_t address, const uint8_t *bytes, size_t length)
{
    memcpy(m->rom + (address - ROM_START), bytes, length);
}

struct mmio *memory_map_mmio(struct memory *m, uint32_t first, uint32_t length, mmio_read_function *read,
                             mmio_write_function *write, void *device)
{
    struct mmio *region = &m->mmio[m->mmio_count++];

    region->first = first;
    region->last = first + (length - 1);
    region->length = length;
    region->read = read;
    region->write = write;
    region->device = device;
    region->read_wide = NULL;
    region->write_wide = NULL;
    region->bytes = NULL;
    region->writing = NULL;
    region->register_read = NULL;
    region->register_write = NULL;
    for (uint32_t page = first / PAGE_SIZE; page <= region->last / PAGE_SIZE && page < LOW_PAGES; page++)
        m->low_kind[page] = LOW_DEVICE;
    return region;
}

struct mmio *memory_map_registers(struct memory *m, uint32_t first, uint32_t length, mmio_register_read_function *read,
                                  mmio_register_write_function *write, void *device)
{
    struct mmio *region = memory_map_mmio(m, first, length, NULL, NULL, device);

    region->register_read = read;
    region->register_write = write;
    return region;
}

void memory_move_mmio(struct memory *m, struct mmio *region, uint32_t first, bool open)
{
    uint32_t last = first + (region->length - 1);

    if (!open) {
        first = 1;
        last = 0;
    }
    if (region->first == first && region->last == last)
        return;
    region->first = first;
    region->last = last;
    memory_forget_pages(m);
}

void memory_forget_pages(struct memory *m)
{
    if (m->listener.map_changed)
        m->listener.map_changed(m->listener.listener);
}

void memory_set_a20(struct memory *m, bool open)
{
    uint32_t mask = open ? 0xFFFFFFFF : 0xFFEFFFFF;

    if (mask == m->a20_mask)
        return;
    m->a20_mask = mask;
    m->listener.map_changed(m->listener.listener);
}

void memory_shadow(struct memory *m, uint32_t first, uint32_t length, bool reads_ram, bool writes_ram)
{
    uint8_t kind = (uint8_t)((reads_ram ? LOW_READS_RAM : LOW_ROM) | (writes_ram ? LOW_WRITES_RAM : LOW_ROM));
    bool moved = false;

    for (uint32_t page = first / PAGE_SIZE; page < (first + length) / PAGE_SIZE; page++) {
        moved |= m->low_kind[page] != kind;
        m->low_kind[page] = kind;
    }
    if (!moved)
        return;
    m->listener.map_changed(m->listener.listener);
    if (m->listener.code_moved)
        m->listener.code_moved(m->listener.listener);
}

/* Whether RAM answers at an address, for reading or for writing. */
static bool is_ram(const struct memory *m, uint32_t address, enum low_kind access)
{
    return address < m->ram_size && (address >= LOW_PAGES * PAGE_SIZE || m->low_kind[address / PAGE_SIZE] & access);
}

int64_t memory_page(const struct memory *m, uint32_t address)
{
    return is_ram(m, address, LOW_READS_RAM) ? (int64_t)(address / PAGE_SIZE) : -1;
}

static const struct mmio *find_device(const struct memory *m, uint32_t address)
{
    for (unsigned i = 0; i < m->mmio_count; i++)
        if (address >= m->mmio[i].first && address <= m->mmio[i].last)
            return &m->mmio[i];
    return NULL;
}

const uint8_t *memory_readable_page(const struct memory *m, uint32_t address)
{
    address &= ~PAGE_MASK;
    if (is_ram(m, address, LOW_READS_RAM))
        return m->ram + address;
    if (address >= ROM_START && address < LOW_PAGES * PAGE_SIZE && m->low_kind[address / PAGE_SIZE] != LOW_DEVICE)
        return m->rom + (address - ROM_START);
    if ((address | 1u << 20) >= HIGH_ROM_START) /* A20 may be closed at a reset: chipsets answer on both sides of it */
        return m->rom + ROM_SIZE - (0 - (address | 1u << 20));
    return NULL;
}

uint8_t *memory_writable_page(const struct memory *m, uint32_t address)
{
    address &= ~PAGE_MASK;
    return is_ram(m, address, LOW_WRITES_RAM) ? m->ram + address : NULL;
}

/* The page of a device's region that is bytes, or null. */
static uint8_t *region_page(const struct mmio *device, uint32_t address, bool write)
{
    if (!device || !device->bytes)
        return NULL;
    if (write)
        device->writing(device->device, address);
    return device->bytes + ((address & ~PAGE_MASK) - device->first);
}

uint8_t *memory_device_page(const struct memory *m, uint32_t address, bool write)
{
    return region_page(find_device(m, address), address, write);
}

static uint32_t load_bytes(const uint8_t *at, unsigned size)
{
    return size == 4 ? load32(at) : size == 2 ? load16(at) : *at;
}

static void store_bytes(uint8_t *at, uint32_t value, unsigned size)
{
    if (size == 4)
        store32(at, value);
    else if (size == 2)
        store16(at, (uint16_t)value);
    else
        *at = (uint8_t)value;
}

/* Part of a register, or of two. */
static uint32_t registers_read(const struct mmio *device, uint32_t address, unsigned size)
{
    unsigned within = address & 3;
    uint32_t value = device->register_read(device->device, address & ~3u) >> 8 * within;

    if (within + size > 4)
        value |= device->register_read(device->device, (address & ~3u) + 4) << 8 * (4 - within);
    return size == 4 ? value : value & ((1u << 8 * size) - 1);
}

/* An access within a page where there is no memory; device null: there is none. */
static uint32_t device_read(const struct mmio *device, uint32_t address, unsigned size)
{
    const uint8_t *page = region_page(device, address, false);
    uint32_t value = 0;

    if (!device)
        return size == 4 ? 0xFFFFFFFF : (1u << 8 * size) - 1;
    if (page)
        return load_bytes(page + (address & PAGE_MASK), size);
    if (device->register_read)
        return registers_read(device, address, size);
    if (size > 1 && device->read_wide)
        return device->read_wide(device->device, address, size);
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)device->read(device->device, address + i) << 8 * i;
    return value;
}

static void device_write(const struct mmio *device, uint32_t address, uint32_t value, unsigned size)
{
    uint8_t *page = region_page(device, address, true);

    if (page)
        store_bytes(page + (address & PAGE_MASK), value, size);
    else if (device && device->register_write && (size < 4 || address & 3))
        return;
    else if (device && device->register_write)
        device->register_write(device->device, address, value);
    else if (device && size > 1 && device->write_wide)
        device->write_wide(device->device, address, value, size);
    else
        for (unsigned i = 0; device && i < size; i++)
            device->write(device->device, address + i, (uint8_t)(value >> 8 * i));
}

uint32_t memory_read(struct memory *m, uint32_t address, unsigned size)
{
    uint32_t start = address & m->a20_mask, value = 0;
    const uint8_t *page = memory_readable_page(m, start);

    if ((start & PAGE_MASK) + size <= PAGE_SIZE)
        return page ? load_bytes(page + (start & PAGE_MASK), size) : device_read(find_device(m, start), start, size);
    for (unsigned i = 0; i < size; i++)
        value |= memory_read(m, address + i, 1) << 8 * i;
    return value;
}

void memory_write(struct memory *m, uint32_t address, uint32_t value, unsigned size)
{
    uint32_t start = address & m->a20_mask;
    uint8_t *page = memory_writable_page(m, start);

    if ((start & PAGE_MASK) + size > PAGE_SIZE) {
        for (unsigned i = 0; i < size; i++)
            memory_write(m, address + i, value >> 8 * i, 1);
        return;
    }
    if (!page) {
        device_write(find_device(m, start), start, value, size);
        return;
    }
    store_bytes(page + (start & PAGE_MASK), value, size);
    if (m->flags[start / PAGE_SIZE])
        memory_changed(m, start, size);
}

void memory_read_block(struct memory *m, uint32_t address, uint8_t *buffer, uint32_t length)
{
    while (length) {
        uint32_t part = PAGE_SIZE - (address & PAGE_MASK);
        const struct mmio *device = find_device(m, address);
        const uint8_t *page = memory_readable_page(m, address);

        if (part > length)
            part = length;
        if (!page)
            page = region_page(device, address, false);
        if (page)
            memcpy(buffer, page + (address & PAGE_MASK), part);
        else
            for (uint32_t i = 0; i < part; i++)
                buffer[i] = (uint8_t)device_read(device, address + i, 1);
        address += part;
        buffer += part;
        length -= part;
    }
}

void memory_write_block(struct memory *m, uint32_t address, const uint8_t *buffer, uint32_t length)
{
    while (length) {
        uint32_t part = PAGE_SIZE - (address & PAGE_MASK);
        const struct mmio *device = find_device(m, address);
        uint8_t *page = memory_writable_page(m, address), *bytes = page ? page : region_page(device, address, true);

        if (part > length)
            part = length;
        if (bytes)
            memcpy(bytes + (address & PAGE_MASK), buffer, part);
        else
            for (uint32_t i = 0; i < part; i++)
                device_write(device, address + i, buffer[i], 1);
        if (page)
            memory_changed(m, address, part);
        address += part;
        buffer += part;
        length -= part;
    }
}

void memory_changed(struct memory *m, uint32_t address, uint32_t length)
{
    while (length) {
        uint32_t part = PAGE_SIZE - (address & PAGE_MASK);
        uint8_t *flags = &m->flags[address / PAGE_SIZE];

        if (part > length)
            part = length;
        *flags &= (uint8_t) ~(PAGE_CLEAN | PAGE_SAVED);
        if (*flags & PAGE_TABLE)
            m->listener.table_changed(m->listener.listener, address, part);
        if (*flags & PAGE_CODE)
            m->listener.code_changed(m->listener.listener, address, part);
        address += part;
        length -= part;
    }
}
