/* ata_task.c - the task file of an ATA channel and what disk and CD-ROM drive share (ANSI X3.298 ATA-3, NCITS 317
 * ATA-4). */
#include "emu/devices/ata_task.h"

#include "emu/endian.h"

/* The bus master sees the pin, not what nIEN holds back. */
void ata_set_interrupt(struct ata *a, bool pending, uint8_t control)
{
    bool was = a->interrupt && !(a->control & CONTROL_NIEN), is = pending && !(control & CONTROL_NIEN);

    a->interrupt = pending;
    a->control = control;
    line_set(&a->irq, is);
    if (is && !was && a->dma)
        a->dma->interrupted(a->dma->engine);
}

void ata_interrupt(struct ata *a, bool pending)
{
    ata_set_interrupt(a, pending, a->control);
}

void ata_complete(struct ata *a, uint8_t error)
{
    a->error = error;
    a->status = READY | (error ? STATUS_ERR : 0);
    a->length = a->position = 0;
    a->remaining = 0;
    ata_interrupt(a, true);
}

/* The buffer stays as it is: what the host has written is state until it is on the disk. */
void ata_busy(struct ata *a, uint64_t microseconds)
{
    a->status = STATUS_BSY;
    clock_schedule(a->clock, a->slot, clock_now(a->clock) + clock_ticks_us(a->clock, microseconds));
}

void ata_data_phase(struct ata *a, uint32_t bytes)
{
    a->length = a->chunk = bytes;
    a->position = 0;
    a->status = READY | STATUS_DRQ;
}

bool ata_dma_move(struct ata *a, uint32_t length, bool to_memory)
{
    a->waits_for_dma = !a->dma->move(a->dma->engine, a->buffer, length, to_memory);
    if (a->waits_for_dma)
        a->status = READY | STATUS_DRQ;
    return !a->waits_for_dma;
}

void ata_put_word(struct ata *a, unsigned word, uint32_t value)
{
    store16(a->buffer + 2 * word, (uint16_t)value);
}

void ata_put_text(struct ata *a, unsigned word, unsigned words, const char *text)
{
    for (unsigned i = 0; i < 2 * words; i++)
        a->buffer[2 * word + (i ^ 1)] = (uint8_t)(*text ? *text++ : ' ');
}

/* Three modes, of which one of either kind is set at most. */
static uint16_t dma_modes(struct ata *a, uint8_t kind)
{
    uint8_t mode = ata_selected(a)->dma_mode;

    return (uint16_t)(a->dma ? 7 | ((mode & ~3) == kind ? 0x100 << (mode & 3) : 0) : 0);
}

void ata_put_dma_modes(struct ata *a)
{
    ata_put_word(a, 53, a->dma ? 7 : 3); /* words 54-58, 64-70, 88 are valid */
    ata_put_word(a, 63, dma_modes(a, MODE_MULTIWORD));
    ata_put_word(a, 88, dma_modes(a, MODE_ULTRA));
}

void ata_show_signature(struct ata *a)
{
    const struct ata_unit *u = ata_selected(a);

    a->signature = true;
    a->now.count = a->now.low = u->drive ? 1 : 0;
    a->now.mid = u->packet ? 0x14 : 0;
    a->now.high = u->packet ? 0xEB : 0;
}

void ata_enable(struct ata *a, uint8_t feature, bool on)
{
    struct ata_unit *u = ata_selected(a);

    u->enabled = (uint8_t)(on ? u->enabled | feature : u->enabled & ~feature);
    ata_complete(a, 0);
}

void ata_set_features(struct ata *a)
{
    uint8_t mode = a->now.count;

    switch (a->now.feature) {
    case 0x03: /* transfer mode: PIO, the default one or 0 to 4; multiword DMA or Ultra DMA 0 to 2 */
        if (a->dma && (mode & 3) < 3 && ((mode & ~3) == MODE_MULTIWORD || (mode & ~3) == MODE_ULTRA))
            ata_selected(a)->dma_mode = mode;
        else if (!(mode < 2 || (mode >= 8 && mode <= 12)))
            mode = 0xFF;
        ata_complete(a, mode == 0xFF ? ERROR_ABRT : 0);
        break;
    case 0x66:
    case 0xCC: /* a software reset keeps settings, or reverts to the defaults */
        ata_selected(a)->keeps_settings = a->now.feature == 0x66;
        ata_complete(a, 0);
        break;
    case 0x02:
    case 0x82: ata_enable(a, ENABLED_CACHE, a->now.feature == 0x02); break;
    case 0x55:
    case 0xAA: ata_enable(a, ENABLED_LOOK_AHEAD, a->now.feature == 0xAA); break;
    default: ata_complete(a, ERROR_ABRT);
    }
}

bool ata_power_command(struct ata *a, uint8_t opcode)
{
    struct ata_unit *u = ata_selected(a);

    switch (opcode) {
    case 0xE0:
    case 0x94:
    case 0xE2:
    case 0x96:
    case 0xE6:
    case 0x99: /* STANDBY IMMEDIATE, STANDBY, SLEEP */ u->power = POWER_STANDBY; break;
    case 0xE1:
    case 0x95:
    case 0xE3:
    case 0x97: /* IDLE IMMEDIATE, IDLE */ u->power = POWER_IDLE; break;
    case 0xE5:
    case 0x98: /* CHECK POWER MODE */ a->now.count = u->power; break;
    default: return false;
    }
    ata_complete(a, 0);
    return true;
}
