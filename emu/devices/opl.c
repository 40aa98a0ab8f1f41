/* opl.c - Yamaha YMF262 (OPL3) and YM3812 (OPL2). Data sheets "YMF262 Application Manual" and "YM3812 Application
 * Manual" for the registers; what happens within a sample is what photographs of the opened chips and measurements have
 * shown, and spec/sound.md says it in full.
 *
 * What only time moves - tremolo, vibrato, the envelopes' divider, noise, timers - follows from the number of the
 * sample. While no operator is heard, phases are advanced at once: nothing is made, and nothing grows old. */
#include "emu/devices/opl.h"

#include <string.h>

#include "emu/devices/opl_tables.h"

enum stage { ATTACK, DECAY, SUSTAIN, RELEASE };
enum { OFF = 0x1FF };   /* level of an envelope that is over */
enum { MUTE = 0x1000 }; /* logarithm of nothing */
enum { PHASE_MASK = 0x7FFFF };
enum { LOUDNESS = 2 }; /* of a channel's 13 bits among 16 */

enum { SECOND = 0x100 }; /* the registers of the second array */
enum {
    TEST = 0x01,
    TIMER_1 = 0x02,
    TIMER_CONTROL = 0x04,
    KEYBOARD_SPLIT = 0x08,
    FOUR_OPERATORS = 0x104,
    NEW = 0x105,
    MODE = 0x20,
    LEVEL = 0x40,
    ATTACK_DECAY = 0x60,
    SUSTAIN_RELEASE = 0x80,
    FREQUENCY = 0xA0,
    KEY_BLOCK = 0xB0,
    RHYTHM = 0xBD,
    CONNECTION = 0xC0,
    WAVEFORM = 0xE0
};
enum { STATUS_IRQ = 0x80, TIMER_RESET = 0x80, STATUS_OPL2 = 0x06 };

/* Operators that rhythm mode gives sounds of their own. */
enum { HI_HAT = 13, TOM_TOM = 14, SNARE = 16, CYMBAL = 17 };

/* clang-format off */
static const struct state_field operator_state[] = {
    STATE_UP_TO(struct opl_operator, phase, U32, PHASE_MASK, "phase; the upper ten bits address the waveform"),
    STATE_UP_TO(struct opl_operator, level, U16, OFF, "attenuation of the envelope, in 3/16 dB"),
    STATE_UP_TO(struct opl_operator, stage, U8, RELEASE, "0 attack, 1 decay, 2 sustain, 3 release"),
    STATE(struct opl_operator, out, U16, "last sample, signed"),
    STATE(struct opl_operator, last, U16, "the one before it"),
    STATE_END
};

static const struct state_field timer_state[] = {
    STATE(struct opl_timer, since, U64, "periods of 4 (timer 2: 16) samples at which it was loaded"),
    STATE_UP_TO(struct opl_timer, period, U32, 256, "such periods until it overflows"),
    STATE_END
};

const struct state_field opl_state[] = {
    STATE_BYTE_ARRAY(struct opl, registers, "both arrays"),
    STATE_UP_TO(struct opl, address, U16, 511, "register that is selected"),
    STATE(struct opl, expired, U8, "status, bits 6 and 5: the timers have overflowed"),
    STATE(struct opl, cymbal, U8, "phase of operator 17, as of the last sample in rhythm mode"),
    STATE_TABLE(struct opl, timer, struct opl_timer, timer_state, "timers 1 and 2"),
    STATE_TABLE(struct opl, operator, struct opl_operator, operator_state, "operators"),
    STATE_TABLE(struct opl, stream, struct sound_stream, sound_stream_state, "samples of 49,716 Hz"),
    STATE_END
};
/* clang-format on */

/* --- Registers --- */

static bool is_new(const struct opl *o)
{
    return o->registers[NEW] & 1;
}

/* Whether a pair of channels is one of four operators: 0-2 begin at channels 0-2, 3-5 at channels 9-11. */
static bool is_pair(const struct opl *o, unsigned pair)
{
    return is_new(o) && o->registers[FOUR_OPERATORS] >> pair & 1;
}

static unsigned bits(uint8_t value, unsigned lowest, unsigned count)
{
    return value >> lowest & ((1u << count) - 1);
}

/* Key scale level: what is lower in pitch is less attenuated, by the upper four bits of the frequency number. */
static uint16_t key_scale(unsigned number, unsigned block, unsigned select)
{
    static const uint8_t rom[16] = {0, 32, 40, 45, 48, 51, 53, 55, 56, 58, 59, 60, 61, 62, 63, 64};
    static const uint8_t shift[4] = {8, 1, 2, 0};
    int level = rom[number >> 6] * 4 - (8 - (int)block) * 32;

    return level > 0 ? (uint16_t)(level >> shift[select]) : 0;
}

static uint32_t increment(unsigned number, unsigned block, unsigned multiple, int vibrato)
{
    static const uint8_t twice[16] = {1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 20, 24, 24, 30, 30};

    return ((((uint32_t)((int)number + vibrato) << block) >> 1) * twice[multiple]) >> 1;
}

/* By how much vibrato moves a frequency number at each of its eight positions. */
static int vibrato(const struct opl *o, unsigned number, unsigned position)
{
    static const int8_t shape[8] = {0, 1, 2, 1, 0, -1, -2, -1}; /* halves */
    int range = (int)(number >> 7 & 7), full = o->registers[RHYTHM] & 0x40;
    int halved = shape[position] & 1 ? range >> 1 : shape[position] ? range : 0;

    halved = full ? halved : halved >> 1;
    return shape[position] < 0 ? -halved : halved;
}

/* Decodes what an operator has of its own, and of a channel. */
static void decode_operator(struct opl *o, unsigned n, const uint8_t *channel, bool key)
{
    const uint8_t *r = o->registers + (n / 18) * SECOND + n % 18 / 6 * 8 + n % 6;
    struct opl_voice *v = &o->voice[n];
    unsigned number = channel[FREQUENCY] | (channel[KEY_BLOCK] & 3u) << 8, block = bits(channel[KEY_BLOCK], 2, 3);
    unsigned split = o->registers[KEYBOARD_SPLIT] & 0x40 ? 8 : 9;
    unsigned keyed = (block << 1 | (number >> split & 1)) >> (r[MODE] & 0x10 ? 0 : 2);
    const uint8_t rates[4] = {r[ATTACK_DECAY] >> 4, r[ATTACK_DECAY] & 15, r[MODE] & 0x20 ? 0 : r[SUSTAIN_RELEASE] & 15,
                              r[SUSTAIN_RELEASE] & 15};

    for (unsigned position = 0; position < 8; position++)
        v->increment[position] = increment(number, block, r[MODE] & 15,
                                           r[MODE] & 0x40 ? vibrato(o, number, position) : 0);
    for (unsigned stage = 0; stage < 4; stage++)
        v->rate[stage] = rates[stage] ? (uint8_t)(rates[stage] * 4 + keyed) : 0;
    v->attenuation = (uint16_t)((r[LEVEL] & 0x3F) * 4 + key_scale(number, block, r[LEVEL] >> 6));
    v->sustain = r[SUSTAIN_RELEASE] >> 4 == 15 ? 31 : r[SUSTAIN_RELEASE] >> 4;
    v->waveform = o->opl2 ? (o->registers[TEST] & 0x20 ? r[WAVEFORM] & 3 : 0) : r[WAVEFORM] & (is_new(o) ? 7 : 3);
    v->tremolo = r[MODE] & 0x80;
    v->key = key;
}

static void connect(struct opl *o, unsigned n, int modulator, uint8_t feedback, unsigned loudness,
                    const uint8_t *channel)
{
    struct opl_voice *v = &o->voice[n];

    v->modulator = (int8_t)modulator;
    v->feedback = feedback;
    for (unsigned side = 0; side < 2; side++)
        v->mixed[side] = (uint8_t)(!is_new(o) || channel[CONNECTION] >> (4 + side) & 1 ? loudness : 0);
}

/* Which of four operators modulates which, and which are heard, by the connection bits of both channels. */
static void connect_four(struct opl *o, unsigned first, const uint8_t *a, const uint8_t *b)
{
    static const struct {
        bool modulated[4], heard[4]; /* an operator by the one before it */
    } ways[4] = {{{0, 1, 1, 1}, {0, 0, 0, 1}},
                 {{0, 1, 0, 1}, {0, 1, 0, 1}},
                 {{0, 0, 1, 1}, {1, 0, 0, 1}},
                 {{0, 0, 1, 0}, {1, 0, 1, 1}}};
    unsigned way = (a[CONNECTION] & 1u) << 1 | (b[CONNECTION] & 1);

    for (unsigned i = 0; i < 4; i++) {
        int n = (int)(first + 3 * i);
        connect(o, (unsigned)n,
                i == 0                   ? n
                : ways[way].modulated[i] ? n - 3
                                         : -1,
                i == 0 ? bits(a[CONNECTION], 1, 3) : 0, ways[way].heard[i], b);
    }
}

static void decode_channel(struct opl *o, unsigned c)
{
    unsigned half = c / 9, n = c % 9, first = half * 18 + n / 3 * 6 + n % 3, pair = half * 3 + n % 3;
    const uint8_t *own = o->registers + half * SECOND + n, *leading = own;
    bool four = n < 6 && is_pair(o, pair), rhythm = half == 0 && n >= 6 && o->registers[RHYTHM] & 0x20;
    uint8_t drums = o->registers[RHYTHM], feedback = bits(own[CONNECTION], 1, 3);
    bool key[2], added = own[CONNECTION] & 1;

    if (four && n >= 3)
        leading = own - 3;
    key[0] = key[1] = leading[KEY_BLOCK] & 0x20;
    if (rhythm) {
        static const uint8_t sounds[3][2] = {{0x10, 0x10}, {0x01, 0x08}, {0x04, 0x02}};
        key[0] |= (drums & sounds[n - 6][0]) != 0;
        key[1] |= (drums & sounds[n - 6][1]) != 0;
    }
    decode_operator(o, first, leading, key[0]);
    decode_operator(o, first + 3, leading, key[1]);
    if (four) {
        if (n < 3)
            connect_four(o, first, own, own + 3);
    } else if (rhythm && n > 6) {
        connect(o, first, -1, 0, 2, own);
        connect(o, first + 3, -1, 0, 2, own);
    } else {
        connect(o, first, (int)first, feedback, !rhythm && added, own);
        connect(o, first + 3, added ? -1 : (int)first, 0, rhythm ? 2 : 1, own);
    }
}

static void decode(struct opl *o)
{
    for (unsigned c = 0; c < 18; c++)
        decode_channel(o, c);
}

/* --- Noise: 23 bits that shift, once for each operator of each sample --- */

#define NOISE_BITS 23u

/* Up to nine shifts at once: bit 14 is not reached by what comes in. */
static uint32_t shift_noise(uint32_t noise, unsigned count)
{
    return noise >> count | ((noise ^ noise >> 14) & ((1u << count) - 1)) << (NOISE_BITS - count);
}

static uint32_t multiplied(const uint32_t column[NOISE_BITS], uint32_t vector)
{
    uint32_t product = 0;

    for (unsigned i = 0; i < NOISE_BITS; i++)
        product ^= vector >> i & 1 ? column[i] : 0;
    return product;
}

/* Noise at the beginning of a sample, from 0 on: the shift is a matrix, and its powers are found by squaring. */
static uint32_t noise_at(uint64_t sample)
{
    uint64_t shifts = sample % ((1u << NOISE_BITS) - 1) * OPL_OPERATORS; /* its period */
    uint32_t power_of_two[NOISE_BITS], square[NOISE_BITS], noise = 1;

    for (unsigned i = 0; i < NOISE_BITS; i++)
        power_of_two[i] = shift_noise(1u << i, 1);
    for (; shifts; shifts >>= 1) {
        if (shifts & 1)
            noise = multiplied(power_of_two, noise);
        for (unsigned i = 0; i < NOISE_BITS; i++)
            square[i] = multiplied(power_of_two, power_of_two[i]);
        memcpy(power_of_two, square, sizeof square);
    }
    return noise;
}

/* --- A sample --- */

/* What is the same for all operators in a sample. */
struct moment {
    unsigned vibrato; /* position */
    uint16_t tremolo; /* attenuation */
    bool odd;         /* envelopes step slowly in odd samples only */
    unsigned divider; /* 1 and the place of the lowest bit of the envelopes' counter that is set; 0: none below 13 */
    unsigned counter; /* its lower two bits */
    bool rhythm;
    bool noise_hat, noise_snare;
    unsigned hat; /* phase of the hi-hat */
};

static struct moment moment_of(struct opl *o)
{
    uint64_t n = o->stream.made, counter = n >= 2 ? n / 2 - 1 : 0;
    unsigned position = (unsigned)(n / 64 % 210), depth = o->registers[RHYTHM] & 0x80 ? 2 : 4;
    struct moment m = {.vibrato = n >> 10 & 7,
                       .tremolo = (uint16_t)((position < 105 ? position : 210 - position) >> depth),
                       .odd = n & 1,
                       .counter = counter & 3,
                       .rhythm = o->registers[RHYTHM] & 0x20};

    for (unsigned i = 0; i < 13 && !m.divider; i++)
        m.divider = counter >> i & 1 ? i + 1 : 0;
    if (m.rhythm) {
        if (o->noise_at != n)
            o->noise = noise_at(n);
        uint32_t noise = shift_noise(o->noise, 9);
        m.noise_hat = noise >> (HI_HAT - 9) & 1;
        m.noise_snare = noise >> (SNARE - 9) & 1;
        o->noise = shift_noise(shift_noise(shift_noise(noise, 9), 9), 9);
        o->noise_at = n + 1;
    }
    return m;
}

/* By how much an envelope of this rate moves in this sample: 0, or 1 to 3 for steps of 1, 2 and 4. */
static unsigned steps_of(unsigned high, unsigned low, const struct moment *m)
{
    static const uint8_t more[4][4] = {{0, 0, 0, 0}, {1, 0, 0, 0}, {1, 0, 1, 0}, {1, 1, 1, 0}};
    unsigned steps;

    if (high < 12) {
        steps = m->odd ? high + m->divider : 0;
        return steps == 12 ? 1 : steps == 13 ? low >> 1 : steps == 14 ? low & 1 : 0;
    }
    steps = (high & 3) + more[low][m->counter];
    return steps > 3 ? 3 : steps ? steps : m->odd;
}

/* Moves the envelope. True: the note begins, and with it the phase. */
static bool step_envelope(struct opl_operator *op, const struct opl_voice *v, const struct moment *m)
{
    bool begins = v->key && op->stage == RELEASE, over = op->level >= 0x1F8;
    unsigned rate = v->rate[begins ? ATTACK : op->stage], high = rate / 4 < 15 ? rate / 4 : 15;
    unsigned steps = rate ? steps_of(high, rate & 3, m) : 0;
    int level = op->level, more = 0;

    if (begins && high == 15)
        level = 0;
    if (op->stage != ATTACK && !begins && over)
        level = OFF;
    if (op->stage == ATTACK) {
        if (!op->level)
            op->stage = DECAY;
        else if (v->key && steps && high < 15)
            more = -(op->level >> (4 - steps)) - 1;
    } else if (op->stage == DECAY && op->level >> 4 == v->sustain) {
        op->stage = SUSTAIN;
    } else if (!over && !begins && steps) {
        more = 1 << (steps - 1);
    }
    op->level = (uint16_t)((level + more) & OFF);
    if (begins)
        op->stage = ATTACK;
    if (!v->key)
        op->stage = RELEASE;
    return begins;
}

/* A waveform, by its ten bits of phase and an attenuation. The negative half is the positive one's complement. */
static uint16_t wave(unsigned waveform, unsigned phase, unsigned attenuation)
{
    unsigned quarter = phase & 0x100 ? ~phase & 0xFF : phase & 0xFF, level = MUTE;
    bool second = phase & 0x200, negative = false;

    switch (waveform) {
    case 0:
        level = log_sine[quarter];
        negative = second;
        break;
    case 1: level = second ? MUTE : log_sine[quarter]; break;
    case 2: level = log_sine[quarter]; break;
    case 3: level = phase & 0x100 ? MUTE : log_sine[phase & 0xFF]; break;
    case 4:
    case 5: /* twice as fast, in the first half */
        level = second ? MUTE : log_sine[(phase & 0x80 ? ~phase : phase) * 2 & 0xFF];
        negative = waveform == 4 && (phase & 0x300) == 0x100;
        break;
    case 6:
        level = 0;
        negative = second;
        break;
    case 7:
        level = (second ? ~phase & 0x1FF : phase & 0x1FF) * 8;
        negative = second;
        break;
    }
    level += attenuation * 8;
    if (level > 0x1FFF)
        level = 0x1FFF;
    level = (uint32_t)power[level & 0xFF] * 2 >> (level >> 8);
    return (uint16_t)(negative ? ~level : level);
}

/* The phase that rhythm mode makes of the hi-hat's and the cymbal's. */
static unsigned drum_phase(unsigned n, unsigned phase, const struct moment *m, unsigned cymbal)
{
    unsigned hat = m->hat;
    bool mixed = ((hat >> 2 ^ hat >> 7) | (hat >> 3 ^ cymbal >> 5) | (cymbal >> 3 ^ cymbal >> 5)) & 1;

    switch (n) {
    case HI_HAT: return (unsigned)mixed << 9 | (mixed != m->noise_hat ? 0xD0 : 0x34);
    case SNARE: return (hat >> 8 & 1) << 9 | ((hat >> 8 & 1) ^ m->noise_snare) << 8;
    case CYMBAL: return (unsigned)mixed << 9 | 0x80;
    default: return phase;
    }
}

static void step_operator(struct opl *o, unsigned n, struct moment *m)
{
    struct opl_operator *op = &o->operator[n];
    const struct opl_voice *v = &o->voice[n];
    unsigned attenuation = op->level + v->attenuation + (v->tremolo ? m->tremolo : 0u), phase = op->phase >> 9;
    int modulation = 0;

    if (v->modulator == (int)n)
        modulation = v->feedback ? ((int16_t)op->out + (int16_t)op->last) >> (9 - v->feedback) : 0;
    else if (v->modulator >= 0)
        modulation = (int16_t)o->operator[v->modulator].out;
    if (step_envelope(op, v, m))
        op->phase = 0;
    op->phase = (op->phase + v->increment[m->vibrato]) & PHASE_MASK;
    if (n == HI_HAT)
        m->hat = phase;
    if (m->rhythm) {
        if (n == CYMBAL)
            o->cymbal = phase & 0x28;
        phase = drum_phase(n, phase, m, o->cymbal);
    }
    op->last = op->out;
    op->out = wave(v->waveform, (phase + (unsigned)modulation) & 0x3FF, attenuation);
}

static int16_t clamped(int32_t value)
{
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

static void make_sample(struct opl *o)
{
    struct moment m = moment_of(o);
    int32_t sum[2] = {0};

    for (unsigned n = 0; n < (o->opl2 ? OPL_OPERATORS / 2 : OPL_OPERATORS); n++) {
        step_operator(o, n, &m);
        for (unsigned side = 0; side < 2; side++)
            sum[side] += (int16_t)o->operator[n].out * o->voice[n].mixed[side];
    }
    sound_push(&o->stream, clamped(sum[0]), clamped(sum[1]));
}

/* Whether all envelopes are over, and nothing begins one. */
static bool is_over(const struct opl *o)
{
    for (unsigned n = 0; n < OPL_OPERATORS; n++) {
        const struct opl_operator *op = &o->operator[n];
        if (op->level != OFF || op->stage < SUSTAIN || (op->stage == RELEASE) == o->voice[n].key)
            return false;
    }
    return true;
}

/* Then what is left are the signs of nothing, which are not heard, and the phases. */
static void rest(struct opl *o, uint64_t count)
{
    uint64_t turns = count / 8192, left = count % 8192;

    for (unsigned n = 0; n < OPL_OPERATORS; n++) {
        struct opl_operator *op = &o->operator[n];
        uint64_t at = o->stream.made, end = at + left, phase = op->phase;
        for (unsigned position = 0; position < 8; position++)
            phase += turns * 1024 * o->voice[n].increment[position];
        for (uint64_t next; at < end; at = next) {
            next = (at / 1024 + 1) * 1024;
            next = next < end ? next : end;
            phase += (next - at) * o->voice[n].increment[at >> 10 & 7];
        }
        op->phase = phase & PHASE_MASK;
        op->out = op->last = 0;
    }
    sound_skip(&o->stream, count);
}

static void make(void *device, uint64_t count)
{
    struct opl *o = device;

    for (; count && !is_over(o); count--)
        make_sample(o);
    if (count)
        rest(o, count);
}

static bool silent(const void *device)
{
    return is_over(device);
}

/* --- Timers --- */

/* Samples that are one count of a timer. */
static unsigned samples_of(unsigned timer)
{
    return timer ? 16 : 4;
}

static uint32_t period_of(const struct opl *o, unsigned timer)
{
    return 256u - o->registers[TIMER_1 + timer];
}

static bool runs(const struct opl *o, unsigned timer)
{
    return o->registers[TIMER_CONTROL] >> timer & 1;
}

static uint64_t count_of(const struct opl *o, unsigned timer)
{
    const struct clock *clock = o->sound->clock;

    return clock_cycles(clock, clock_now(clock), OPL_RATE) / samples_of(timer);
}

/* Brings a timer up to the present. It is loaded again when it overflows. */
static void settle_timer(struct opl *o, unsigned n)
{
    struct opl_timer *t = &o->timer[n];
    uint64_t now = count_of(o, n);
    uint8_t flag = (uint8_t)(0x40 >> n);

    if (!runs(o, n) || now - t->since < t->period)
        return;
    if (!(o->registers[TIMER_CONTROL] & flag)) /* it is not masked */
        o->expired |= flag;
    t->since += t->period;
    t->period = period_of(o, n);
    t->since = now - (now - t->since) % t->period;
}

static void control_timers(struct opl *o, uint8_t value)
{
    uint8_t before = o->registers[TIMER_CONTROL];

    if (value & TIMER_RESET) {
        o->expired = 0;
        return;
    }
    o->registers[TIMER_CONTROL] = value;
    for (unsigned n = 0; n < 2; n++) {
        if (runs(o, n) && !(before >> n & 1))
            o->timer[n] = (struct opl_timer){count_of(o, n), period_of(o, n)};
        if (value & 0x40 >> n)
            o->expired &= (uint8_t) ~(0x40 >> n);
    }
}

/* --- Ports --- */

static void write_register(struct opl *o, unsigned address, uint8_t value)
{
    sound_update(o->sound);
    if (address == TIMER_CONTROL)
        control_timers(o, value);
    else
        o->registers[address] = value;
    decode(o);
}

static void port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct opl *o = device;

    (void)size;
    for (unsigned n = 0; n < 2; n++)
        settle_timer(o, n);
    if (port & 1) {
        write_register(o, o->address, (uint8_t)value);
        return;
    }
    o->address = (uint16_t)((uint8_t)value | (port & 2) << 7);
    if (!is_new(o) && o->address != NEW) /* the second array is not there */
        o->address &= 0xFF;
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    struct opl *o = device;

    (void)size;
    if (port & 1)
        return o->opl2 ? 0xFF : 0;
    for (unsigned n = 0; n < 2; n++)
        settle_timer(o, n);
    return o->expired | (o->expired ? STATUS_IRQ : 0) | (o->opl2 ? STATUS_OPL2 : 0);
}

const char *opl_loaded(void *device)
{
    struct opl *o = device;

    for (unsigned n = 0; n < 2; n++) {
        if (runs(o, n) && !o->timer[n].period)
            return "timer.period";
        if (runs(o, n) && o->timer[n].since > count_of(o, n))
            return "timer.since";
    }
    if (o->opl2 && (o->address > 0xFF || o->registers[NEW]))
        return "address";
    sound_restart(o->sound, &o->stream, 0, OPL_RATE);
    o->noise_at = UINT64_MAX;
    decode(o);
    return NULL;
}

void opl_reset(struct opl *o)
{
    sound_update(o->sound);
    memset(o->registers, 0, sizeof o->registers);
    memset(o->timer, 0, sizeof o->timer);
    o->address = 0;
    o->expired = o->cymbal = 0;
    for (unsigned n = 0; n < OPL_OPERATORS; n++)
        o->operator[n] =(struct opl_operator){.level = OFF, .stage = RELEASE};
    decode(o);
}

void opl_move(struct opl *o, struct bus *bus, enum bus_window window, uint16_t first, unsigned count)
{
    bus_move_ports(bus, window, first, count, 1, port_read, port_write, o);
}

void opl_map(struct opl *o, struct bus *bus, uint16_t first, unsigned count)
{
    bus_map_ports(bus, first, count, 1, port_read, port_write, o);
}

struct sound_source *opl_init(struct opl *o, struct sound *sound, struct bus *bus, bool opl2)
{
    struct sound_source source = {&o->stream, {LOUDNESS * SOUND_UNITY, LOUDNESS * SOUND_UNITY}, make, silent, o};

    memset(o, 0, sizeof *o);
    o->sound = sound;
    o->opl2 = opl2;
    o->noise_at = UINT64_MAX;
    opl_reset(o);
    if (bus)
        opl_map(o, bus, OPL_PORTS, opl2 ? 2 : 4);
    return sound_add(sound, &source, 0, OPL_RATE);
}
