/* i8237.c - Intel 8237A DMA controller, in pairs (data sheet 231466-005), with the page registers of the IBM PC
 * AT.
 *
 * A device asks for a transfer when it has one to make, so that single, demand and block mode are one here: the
 * device decides how much goes at a time. Memory-to-memory, rotating priority and the electrical options of the
 * command register are taken and mean nothing; they do not work on a PC's board. Addresses wrap within 64 KiB (128
 * KiB for words): the page register is not counted on. */
#include "emu/devices/i8237.h"

#include <string.h>

enum { COMMAND_DISABLE = 0x04 };
/* clang-format off */
enum {
    MODE_WRITE = 0x04, MODE_READ = 0x08, MODE_TYPE = 0x0C, MODE_AUTOINIT = 0x10, MODE_DECREMENT = 0x20, MODE_CASCADE
    = 0xC0
};

static const struct state_field channel_state[] = {
    STATE(struct i8237_channel, base_address, U16, "base address"),
    STATE(struct i8237_channel, base_count, U16, "base count"),
    STATE(struct i8237_channel, address, U16, "current address"),
    STATE(struct i8237_channel, count, U16, "current count, transfers less one"),
    STATE(struct i8237_channel, mode, U8, "mode register, bits 7-2"),
    STATE_END
};

static const struct state_field chip_state[] = {
    STATE_TABLE(struct i8237_chip, channel, struct i8237_channel, channel_state, "channels"),
    STATE(struct i8237_chip, command, U8, "command register"),
    STATE(struct i8237_chip, mask, U8, "mask register"),
    STATE(struct i8237_chip, requests, U8, "request register"),
    STATE(struct i8237_chip, terminal_count, U8, "status register, bits 3-0"),
    STATE(struct i8237_chip, high_byte, BOOL, "byte pointer flip-flop"),
    STATE_END
};

const struct state_field i8237_state[] = {
    STATE_TABLE(struct i8237, chip, struct i8237_chip, chip_state, "channels 0-3, channels 4-7"),
    STATE_BYTE_ARRAY(struct i8237, page, "ports 80h-8Fh"),
    STATE_END
};
/* clang-format on */

/* --- Transfers --- */

static bool ready(const struct i8237 *dma, unsigned channel)
{
    const struct i8237_chip *chip = &dma->chip[channel >> 2];
    bool cascaded = (chip->channel[channel & 3].mode & MODE_CASCADE) == MODE_CASCADE;

    return !(chip->command & COMMAND_DISABLE) && !(chip->mask & 1 << (channel & 3)) && cascaded == (channel == 4);
}

/* Moves a run of bytes that lie together. */
static void move(struct i8237 *dma, uint8_t mode, uint32_t address, uint8_t *buffer, uint32_t length)
{
    if ((mode & MODE_TYPE) == MODE_WRITE)
        memory_write_block(dma->memory, address, buffer, length);
    else if ((mode & MODE_TYPE) == MODE_READ)
        memory_read_block(dma->memory, address, buffer, length);
}

/* Page register of each channel; channel 4 has none that counts. */
static const uint8_t page_of_channel[8] = {0x7, 0x3, 0x1, 0x2, 0xF, 0xB, 0x9, 0xA};

static uint32_t memory_address(const struct i8237 *dma, unsigned channel, uint16_t address)
{
    uint32_t page = dma->page[page_of_channel[channel]];

    return channel < 4 ? page << 16 | address : (page & 0xFE) << 16 | (uint32_t)address << 1;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void count_ended(struct i8237_chip *chip, unsigned n)
{
    struct i8237_channel *c = &chip->channel[n];

    chip->terminal_count |= (uint8_t)(1 << n);
    chip->requests &= (uint8_t) ~(1 << n);
    if (c->mode & MODE_AUTOINIT) {
        c->address = c->base_address;
        c->count = c->base_count;
    } else {
        chip->mask |= (uint8_t)(1 << n);
    }
}

uint32_t i8237_transfer(struct i8237 *dma, unsigned channel, uint8_t *buffer, uint32_t length, bool *terminal_count)
{
    struct i8237_chip *chip = &dma->chip[channel >> 2 & 1];
    struct i8237_channel *c = &chip->channel[channel & 3];
    unsigned shift = channel >= 4; /* transfers to bytes */
    uint32_t left = length >> shift, moved = 0;

    *terminal_count = false;
    if (channel > 7 || channel == 4 || !ready(dma, channel) || (channel < 4 && !ready(dma, 4)))
        return 0;
    while (left && !*terminal_count) {
        bool down = c->mode & MODE_DECREMENT;
        uint32_t run = down ? 1 : smaller(smaller(left, c->count + 1u), 0x10000u - c->address);

        move(dma, c->mode, memory_address(dma, channel, c->address), buffer + moved, run << shift);
        *terminal_count = run == c->count + 1u;
        c->address = (uint16_t)(down ? c->address - 1u : c->address + run);
        c->count = (uint16_t)(c->count - run);
        left -= run;
        moved += run << shift;
    }
    if (*terminal_count)
        count_ended(chip, channel & 3);
    return moved;
}

/* --- Ports --- */

static void set_byte(uint16_t *word, bool high, uint8_t value)
{
    *word = (uint16_t)(high ? (*word & 0x00FF) | value << 8 : (*word & 0xFF00) | value);
}

static void write_channel(struct i8237_chip *chip, unsigned reg, uint8_t value)
{
    struct i8237_channel *c = &chip->channel[reg >> 1];

    set_byte(reg & 1 ? &c->base_count : &c->base_address, chip->high_byte, value);
    set_byte(reg & 1 ? &c->count : &c->address, chip->high_byte, value);
    chip->high_byte = !chip->high_byte;
}

static uint8_t read_channel(struct i8237_chip *chip, unsigned reg)
{
    struct i8237_channel *c = &chip->channel[reg >> 1];
    uint16_t word = reg & 1 ? c->count : c->address;

    chip->high_byte = !chip->high_byte;
    return (uint8_t)(chip->high_byte ? word : word >> 8);
}

static void master_clear(struct i8237_chip *chip)
{
    chip->command = chip->requests = chip->terminal_count = 0;
    chip->high_byte = false;
    chip->mask = 0x0F;
}

static uint8_t with_bit(uint8_t bits, uint8_t value) /* value: bits 1-0 channel, bit 2 its new state */
{
    uint8_t bit = (uint8_t)(1 << (value & 3));
    return value & 4 ? bits | bit : bits & (uint8_t)~bit;
}

static void write_register(struct i8237_chip *chip, unsigned reg, uint8_t value)
{
    switch (reg) {
    case 0x8: chip->command = value; break;
    case 0x9: chip->requests = with_bit(chip->requests, value); break;
    case 0xA: chip->mask = with_bit(chip->mask, value); break;
    case 0xB: chip->channel[value & 3].mode = value & 0xFC; break;
    case 0xC: chip->high_byte = false; break;
    case 0xD: master_clear(chip); break;
    case 0xE: chip->mask = 0; break;
    case 0xF: chip->mask = value & 0x0F; break;
    default: write_channel(chip, reg, value);
    }
}

static uint8_t read_register(struct i8237_chip *chip, unsigned reg)
{
    uint8_t value;

    if (reg < 8)
        return read_channel(chip, reg);
    if (reg == 0xF)
        return chip->mask | 0xF0;
    if (reg != 8)
        return 0; /* the temporary register; the others cannot be read */
    value = (uint8_t)(chip->requests << 4 | chip->terminal_count);
    chip->terminal_count = 0;
    return value;
}

static void byte_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)size;
    write_register(&((struct i8237 *)device)->chip[0], port & 15, (uint8_t)value);
}

static uint32_t byte_read(void *device, uint16_t port, unsigned size)
{
    (void)size;
    return read_register(&((struct i8237 *)device)->chip[0], port & 15);
}

/* The second chip sits on address lines A1-A4. */
static void word_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)size;
    write_register(&((struct i8237 *)device)->chip[1], port >> 1 & 15, (uint8_t)value);
}

static uint32_t word_read(void *device, uint16_t port, unsigned size)
{
    (void)size;
    return read_register(&((struct i8237 *)device)->chip[1], port >> 1 & 15);
}

static void page_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)size;
    ((struct i8237 *)device)->page[port & 15] = (uint8_t)value;
}

static uint32_t page_read(void *device, uint16_t port, unsigned size)
{
    (void)size;
    return ((struct i8237 *)device)->page[port & 15];
}

void i8237_reset(struct i8237 *dma)
{
    memset(dma->chip, 0, sizeof dma->chip);
    memset(dma->page, 0, sizeof dma->page);
    master_clear(&dma->chip[0]);
    master_clear(&dma->chip[1]);
}

void i8237_init(struct i8237 *dma, struct bus *bus, struct memory *memory)
{
    dma->memory = memory;
    i8237_reset(dma);
    bus_map_ports(bus, 0x00, 0x10, 1, byte_read, byte_write, dma);
    bus_map_ports(bus, 0x80, 0x10, 1, page_read, page_write, dma);
    bus_map_ports(bus, 0xC0, 0x20, 1, word_read, word_write, dma);
}
