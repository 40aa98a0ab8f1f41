/* sb16.h - Creative's Sound Blaster 16: its DSP 4.13 with the DAC and ADC, and the mixer CT1745. The FM synthesizer is
 * opl.h, the MIDI port mpu401.h. */
#ifndef MUNIMENT_EMU_DEVICES_SB16_H
#define MUNIMENT_EMU_DEVICES_SB16_H

#include "emu/bus.h"
#include "emu/devices/line_in.h"
#include "emu/devices/mpu401.h"
#include "emu/devices/sb16_mixer.h"
#include "emu/line.h"
#include "emu/sound.h"

#define SB16_PORTS 0x220u
#define SB16_FIFO 64u /* bytes */

enum sb16_interrupt { SB16_INTERRUPT_8 = 1, SB16_INTERRUPT_16 = 2, SB16_INTERRUPT_MIDI = 4 };

struct sb16 {
    struct sb16_mixer mixer;
    uint8_t interrupts; /* enum sb16_interrupt: those that wait */
    /* the DSP's command and answers */
    uint8_t command, arguments[3];
    uint8_t argument_count;
    uint8_t answer[64]; /* bytes that have not been read, the first first */
    uint32_t answers;
    uint8_t last_answer;              /* that was read */
    uint8_t test;                     /* E4h, E8h */
    uint8_t identity, identity_count; /* E2h */
    uint8_t reset;                    /* what was written to the reset port */
    bool resetting;
    bool speaker;        /* as D1h and D3h leave it, which nothing hears */
    uint32_t rate;       /* Hz, of what begins next */
    uint32_t next_block; /* bytes, less one, of a block of 1Ch and its like: 48h */
    /* the transfer */
    uint8_t mode;              /* enum mode of sb16.c */
    uint8_t code;              /* bits of an ADPCM code, 0: none */
    bool reference_due;        /* the first byte of ADPCM is a level */
    uint8_t level, step;       /* of ADPCM */
    uint8_t codes, codes_left; /* a byte of ADPCM, and how many codes it still has */
    uint32_t block, left;      /* bytes, and how many of them have not been moved; of silence, samples */
    uint64_t groups;           /* times at which bytes were moved since the origin */
    uint8_t fifo[SB16_FIFO];   /* bytes that have not been played, the first first */
    uint32_t fifo_count;
    uint8_t held;    /* what 10h put on the DAC, as a signed number */
    uint64_t origin; /* of the stream */
    uint32_t stream_rate;
    struct sound_stream stream;
    uint64_t due_at; /* bytes are moved, or the reset ends */
    /* wiring */
    struct line_in *line; /* what is recorded; null: nothing. Set by the caller */
    struct mpu401 *midi;  /* where the DSP's MIDI commands send; null: nowhere. Set by the caller */
    struct sound *sound;
    struct sound_source *voice, *synthesizer;
    struct clock *clock;
    struct line irq[4];
    struct dma_line dma;
};

extern const struct state_field sb16_state[];

/* Answers at 224h-22Fh. synthesizer is the FM synthesizer's source, whose gain the mixer sets. irq: lines of IRQ 2 (9),
 * 5, 7 and 10, one of which the mixer chooses; dma: the controllers', whose channel the mixer chooses. Uses
 * EVENT_SB16. */
void sb16_init(struct sb16 *s, struct sound *sound, struct sound_source *synthesizer, struct clock *clock,
               struct bus *bus, const struct line irq[4], struct dma_line dma);
void sb16_reset(struct sb16 *s);
/* Where Plug and Play puts it: its ports, 0 for nowhere (sb16_init gets no bus then); its interrupt and its channels of
 * 8 and 16 bits, or what it cannot have for none. */
void sb16_move(struct sb16 *s, struct bus *bus, uint16_t first);
void sb16_choose(struct sb16 *s, unsigned irq, unsigned narrow, unsigned wide);
/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *sb16_loaded(void *device);

#endif
