/* sb16_mixer.h - the mixer CT1745 of the Sound Blaster 16: volumes, and which interrupt and DMA channels the card uses.
 */
#ifndef MUNIMENT_EMU_DEVICES_SB16_MIXER_H
#define MUNIMENT_EMU_DEVICES_SB16_MIXER_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/state.h"

enum sb16_mixer_register {
    MIXER_MASTER = 0x30, /* left; the right side follows, as of the next two */
    MIXER_VOICE = 0x32,
    MIXER_MIDI = 0x34,
    MIXER_LINE = 0x38,
    MIXER_RECORDED = 0x3D,
    MIXER_INPUT_GAIN = 0x3F,
    MIXER_OUTPUT_GAIN = 0x41,
    MIXER_INTERRUPT = 0x80,
    MIXER_DMA = 0x81,
    MIXER_PENDING = 0x82
};

struct sb16_mixer {
    uint8_t index;
    uint8_t value[256]; /* by register; what has none stays 0 */
};

extern const struct state_field sb16_mixer_state[];

void sb16_mixer_reset(struct sb16_mixer *m);
/* The selected register. Register 82h is the caller's. */
uint8_t sb16_mixer_read(const struct sb16_mixer *m);
void sb16_mixer_write(struct sb16_mixer *m, uint8_t value);

/* The gain of a source, MIXER_VOICE or MIXER_MIDI, on one side (0 left), in 65,536ths: at most 8. */
uint32_t sb16_mixer_gain(const struct sb16_mixer *m, enum sb16_mixer_register source, unsigned side);
/* What the ADC gets of the line input, left and right. */
void sb16_mixer_record(const struct sb16_mixer *m, int16_t sample[2]);
/* Which of IRQ 2, 5, 7, 10, as 0 to 3; 4: none. */
unsigned sb16_mixer_irq(const struct sb16_mixer *m);
/* The DMA channel of 8 or 16 bits; 4: none. */
unsigned sb16_mixer_dma(const struct sb16_mixer *m, bool wide);

#endif
