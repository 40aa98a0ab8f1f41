/* opl.h - Yamaha's FM synthesizers: YMF262 (OPL3) with 36 operators, and YM3812 (OPL2, AdLib's), which is its first
 * half without the new mode. */
#ifndef MUNIMENT_EMU_DEVICES_OPL_H
#define MUNIMENT_EMU_DEVICES_OPL_H

#include "emu/bus.h"
#include "emu/sound.h"

#define OPL_PORTS 0x388u
#define OPL_OPERATORS 36u
#define OPL_RATE 49716u /* samples a second: 14.318 MHz / 288 */

struct opl_operator {
    uint32_t phase;     /* 19 bits: the upper ten address the waveform */
    uint16_t level;     /* attenuation of the envelope, 0 to 511, in 3/16 dB */
    uint8_t stage;      /* enum stage of opl.c */
    uint16_t out, last; /* the two samples made last, signed */
};

struct opl_timer {
    uint64_t since;  /* count of its input at which it was loaded */
    uint32_t period; /* counts until it overflows */
};

/* What the registers say of an operator. */
struct opl_voice {
    uint32_t increment[8]; /* of the phase, for each position of the vibrato */
    uint16_t attenuation;  /* total level and key scale level */
    uint8_t rate[4];       /* for each stage; 0: the level stands */
    uint8_t sustain, waveform, feedback, mixed[2];
    int8_t modulator; /* the operator whose output moves the phase; its own number: feedback; below 0: none */
    bool key, tremolo;
};

struct opl {
    uint8_t registers[512];
    uint16_t address;
    uint8_t expired; /* status: 40h timer 1, 20h timer 2 */
    uint8_t cymbal;  /* bits 3 and 5 of the phase of operator 17, as of the last sample */
    struct opl_timer timer[2];
    struct opl_operator operator[OPL_OPERATORS];
    struct sound_stream stream;
    /* derived */
    struct opl_voice voice[OPL_OPERATORS];
    uint32_t noise;
    uint64_t noise_at; /* sample */
    /* wiring */
    struct sound *sound;
    bool opl2;
};

extern const struct state_field opl_state[];

/* Returns its source, whose gain may be changed after sound_update. It answers at ports 388h-38Bh, OPL2 at 388h and
 * 389h, or, with no bus, nowhere yet. */
struct sound_source *opl_init(struct opl *o, struct sound *sound, struct bus *bus, bool opl2);
void opl_reset(struct opl *o);
/* Lets it answer at other ports as well; the lower two bits of a port say what it is. */
void opl_map(struct opl *o, struct bus *bus, uint16_t first, unsigned count);
/* The same at ports that may change; count 0: nowhere. */
void opl_move(struct opl *o, struct bus *bus, enum bus_window window, uint16_t first, unsigned count);
/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *opl_loaded(void *device);

#endif
