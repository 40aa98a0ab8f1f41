/* video_state.c - INT 10h/1Ch: the state of the display is saved and restored. */
#include "video_state.h"

#include "bda.h"
#include "registers.h"

/* The states of function 1Ch follow each other in the buffer: registers, data area, DAC. */
enum { STATE_HARDWARE = 1, STATE_DATA = 2, STATE_DAC = 4, HARDWARE_BYTES = 64, DATA_BYTES = 64, DAC_BYTES = 832 };

static void hardware_save(uint16_t segment, uint16_t at)
{
    for (unsigned i = 0; i < 5; i++)
        far_put8(segment, at++, register_read(SEQUENCER, i));
    for (unsigned i = 0; i < 25; i++)
        far_put8(segment, at++, crtc_read(i));
    for (unsigned i = 0; i < 21; i++)
        far_put8(segment, at++, attribute_read(i));
    for (unsigned i = 0; i < 9; i++)
        far_put8(segment, at++, register_read(GRAPHICS, i));
    far_put8(segment, at++, inb(MISC_READ));
    attribute_screen_on();
}

static void hardware_restore(uint16_t segment, uint16_t at)
{
    uint8_t misc = far_get8(segment, at + 60);
    uint16_t crtc = misc & 1 ? 0x3D4 : 0x3B4;

    register_write(SEQUENCER, 0, 1);
    for (unsigned i = 1; i < 5; i++)
        register_write(SEQUENCER, i, far_get8(segment, at + i));
    outb(MISC_WRITE, misc);
    register_write(SEQUENCER, 0, far_get8(segment, at));
    register_write(crtc, 0x11, far_get8(segment, at + 5 + 0x11) & 0x7F);
    for (unsigned i = 0; i < 25; i++)
        register_write(crtc, i, far_get8(segment, at + 5 + i));
    inb(crtc + 6);
    for (unsigned i = 0; i < 21; i++) {
        outb(ATTRIBUTE, i);
        outb(ATTRIBUTE, far_get8(segment, at + 30 + i));
    }
    outb(ATTRIBUTE, 0x20);
    for (unsigned i = 0; i < 9; i++)
        register_write(GRAPHICS, i, far_get8(segment, at + 51 + i));
}

/* 40:49 to 40:66, 40:84 to 40:8A, then the vectors 1Fh and 43h. */
static void data_move(uint16_t segment, uint16_t at, bool restore)
{
    static ROM_DATA struct {
        uint16_t from, bytes;
    } pieces[] = {{0x449, 0x1E}, {0x484, 7}, {0x1F * 4, 4}, {0x43 * 4, 4}};

    for (unsigned i = 0; i < ARRAY_LENGTH(pieces); i++) {
        uint16_t from = rom_get(pieces[i].from), bytes = rom_get(pieces[i].bytes);
        if (restore)
            far_copy(0, from, segment, at, bytes);
        else
            far_copy(segment, at, 0, from, bytes);
        at += bytes;
    }
}

static void dac_move(uint16_t segment, uint16_t at, bool restore)
{
    if (restore) {
        outb(DAC_MASK, far_get8(segment, at++));
        outb(DAC_WRITE, 0);
    } else {
        far_put8(segment, at++, inb(DAC_MASK));
        outb(DAC_READ, 0);
    }
    for (unsigned i = 0; i < 768; i++, at++) {
        if (restore)
            outb(DAC_DATA, far_get8(segment, at));
        else
            far_put8(segment, at, inb(DAC_DATA));
    }
}

void video_state(struct regs *r)
{
    uint16_t at = r->bx;
    bool restore = r->al == 2;

    if (r->al == 0) {
        r->bx = (r->cx & STATE_HARDWARE ? HARDWARE_BYTES / 64 : 0) + (r->cx & STATE_DATA ? DATA_BYTES / 64 : 0) +
                (r->cx & STATE_DAC ? DAC_BYTES / 64 : 0);
    } else if (r->al > 2) {
        return;
    } else {
        if (r->cx & STATE_HARDWARE) {
            if (restore)
                hardware_restore(r->es, at);
            else
                hardware_save(r->es, at);
            at += HARDWARE_BYTES;
        }
        if (r->cx & STATE_DATA) {
            data_move(r->es, at, restore);
            at += DATA_BYTES;
        }
        if (r->cx & STATE_DAC)
            dac_move(r->es, at, restore);
    }
    r->al = 0x1C;
}
