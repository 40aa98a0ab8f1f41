/* sb16_mixer.c - CT1745 (Creative, "Sound Blaster Series Hardware Programming Guide", chapter 4). Treble, bass, and
 * what comes from CDs and microphones, are kept and have no effect; the line input is recorded, and not heard. */
#include "emu/devices/sb16_mixer.h"

#include <string.h>

/* clang-format off */
const struct state_field sb16_mixer_state[] = {
    STATE(struct sb16_mixer, index, U8, "register that is selected"),
    STATE_BYTE_ARRAY(struct sb16_mixer, value, "registers"),
    STATE_END
};

/* What a register keeps, and its value after a reset. */
static const struct { uint8_t first, last, kept, initial; } registers[] = {
    {0x30, 0x35, 0xF8, 0xC0},                                                       /* master, voice, MIDI: -14 dB */
    {0x36, 0x3A, 0xF8, 0x00}, {0x3B, 0x3B, 0xC0, 0x00}, {0x3C, 0x3C, 0x1F, 0x1F},   /* CD, line, microphone; beeper; switches */
    {0x3D, 0x3D, 0x7F, 0x15}, {0x3E, 0x3E, 0x7F, 0x0B},                             /* what is recorded */
    {0x3F, 0x42, 0xC0, 0x00}, {0x43, 0x43, 0x01, 0x00}, {0x44, 0x47, 0xF0, 0x80},   /* gain; AGC; treble, bass */
    {0x80, 0x80, 0x0F, 0x02}, {0x81, 0x81, 0xEB, 0x22},                             /* IRQ 5; DMA 1 and 5. A reset leaves them */
};

/* Registers of the Sound Blaster Pro, which show two of the CT1745's: four bits of each. */
static const struct { uint8_t old, left; } pairs[] = {{0x04, 0x32}, {0x22, 0x30}, {0x26, 0x34}, {0x28, 0x36}, {0x2E, 0x38}};

/* 65,536 * 10^(-n / 10): n steps of 2 dB down. */
static const uint32_t steps_down[32] = {
    65536, 52057, 41350, 32846, 26090, 20724, 16462, 13076, 10387, 8250, 6554, 5206, 4135, 3285, 2609, 2072,
    1646, 1308, 1039, 825, 655, 521, 414, 328, 261, 207, 165, 131, 104, 83, 66, 52,
};
/* clang-format on */

enum { RECORD_LINE_LEFT = 0x10, RECORD_LINE_RIGHT = 0x08 }; /* of MIXER_RECORDED */

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void set_initial(struct sb16_mixer *m, bool configuration)
{
    for (unsigned i = 0; i < COUNT(registers); i++)
        for (unsigned n = registers[i].first; n <= registers[i].last; n++)
            if (configuration || n < MIXER_INTERRUPT)
                m->value[n] = registers[i].initial;
}

void sb16_mixer_reset(struct sb16_mixer *m)
{
    memset(m, 0, sizeof *m);
    set_initial(m, true);
}

uint8_t sb16_mixer_read(const struct sb16_mixer *m)
{
    for (unsigned i = 0; i < COUNT(pairs); i++)
        if (pairs[i].old == m->index)
            return (uint8_t)((m->value[pairs[i].left] & 0xF0) | m->value[pairs[i].left + 1] >> 4);
    return m->index == 0x0A ? m->value[0x3A] >> 5 : m->value[m->index];
}

void sb16_mixer_write(struct sb16_mixer *m, uint8_t value)
{
    if (m->index == 0)
        set_initial(m, false);
    if (m->index == 0x0A)
        m->value[0x3A] = (uint8_t)(value << 5 | 0x18);
    for (unsigned i = 0; i < COUNT(pairs); i++)
        if (pairs[i].old == m->index) {
            m->value[pairs[i].left] = (value & 0xF0) | 0x08;
            m->value[pairs[i].left + 1] = (uint8_t)(value << 4 | 0x08);
        }
    for (unsigned i = 0; i < COUNT(registers); i++)
        if (m->index >= registers[i].first && m->index <= registers[i].last)
            m->value[m->index] = value & registers[i].kept;
}

uint32_t sb16_mixer_gain(const struct sb16_mixer *m, enum sb16_mixer_register source, unsigned side)
{
    uint64_t master = steps_down[31 - (m->value[MIXER_MASTER + side] >> 3)];
    uint64_t own = steps_down[31 - (m->value[source + side] >> 3)];

    return (uint32_t)(master * own >> 16) << (m->value[MIXER_OUTPUT_GAIN + side] >> 6);
}

void sb16_mixer_record(const struct sb16_mixer *m, int16_t sample[2])
{
    int32_t line[2], sum;

    for (unsigned side = 0; side < 2; side++) /* in whole steps towards zero */
        line[side] = (int32_t)((int64_t)sample[side] * steps_down[31 - (m->value[MIXER_LINE + side] >> 3)] / 65536);
    for (unsigned side = 0; side < 2; side++) {
        uint8_t recorded = m->value[MIXER_RECORDED + side];
        sum = ((recorded & RECORD_LINE_LEFT ? line[0] : 0) + (recorded & RECORD_LINE_RIGHT ? line[1] : 0)) *
              (1 << (m->value[MIXER_INPUT_GAIN + side] >> 6));
        sample[side] = (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
    }
}

static unsigned lowest(unsigned bits, unsigned none)
{
    for (unsigned n = 0; n < 8; n++)
        if (bits >> n & 1)
            return n;
    return none;
}

unsigned sb16_mixer_irq(const struct sb16_mixer *m)
{
    return lowest(m->value[MIXER_INTERRUPT], 4);
}

unsigned sb16_mixer_dma(const struct sb16_mixer *m, bool wide)
{
    unsigned narrow = lowest(m->value[MIXER_DMA] & 0x0B, 4);

    return wide ? lowest(m->value[MIXER_DMA] & 0xE0, narrow) : narrow;
}
