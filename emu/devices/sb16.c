/* sb16.c - Sound Blaster 16 (Creative, "Sound Blaster Series Hardware Programming Guide", chapters 2, 3 and 6). The DSP
 * is version 4.13; commands take no time, except a reset.
 *
 * Bytes are moved when the FIFO has room for a group of 32: at the start of a transfer and then whenever so many have
 * been played, at the tick of that sample. What the guest reads of the DMA controller follows from that. What is
 * recorded leaves in such groups too. */
#include "emu/devices/sb16.h"

#include <string.h>

enum mode { ACTIVE = 1, WIDE = 2, STEREO = 4, SIGNED = 8, RECORD = 16, AUTOMATIC = 32, QUIET = 64, PAUSED = 128 };
enum { FORMAT = WIDE | STEREO | SIGNED | RECORD };
enum { GROUP = 32, RESET_US = 100, READY = 0xAA };
enum { RATE_LEAST = 3906, RATE_MOST = 48000, RATE_DIRECT = 48000 };
enum { IDENTITY = 0xAA };
enum { MIDI_BYTE = 0x38, MIDI_UART = 0x34, MIDI_UART_LAST = 0x37 };
enum { DSP_4_12 = 0x80 }; /* and later: upper bits of the mixer's register 82h */

/* clang-format off */
const struct state_field sb16_state[] = {
    STATE_TABLE(struct sb16, mixer, struct sb16_mixer, sb16_mixer_state, "mixer"),
    STATE_UP_TO(struct sb16, interrupts, U8, 7, "interrupts that wait: bit 0 of 8 bits, 1 of 16 bits, 2 MIDI"),
    STATE(struct sb16, command, U8, "command whose arguments come in"),
    STATE_BYTE_ARRAY(struct sb16, arguments, "those that have come"),
    STATE_UP_TO(struct sb16, argument_count, U8, 2, "how many"),
    STATE_BUFFER(struct sb16, answer, answers, "bytes to be read, the first first"),
    STATE(struct sb16, last_answer, U8, "the byte that was read last"),
    STATE(struct sb16, test, U8, "test register"),
    STATE(struct sb16, identity, U8, "sum that E2h answers by DMA"),
    STATE_UP_TO(struct sb16, identity_count, U8, 3, "times that it was asked, modulo 4"),
    STATE(struct sb16, reset, U8, "reset port"),
    STATE(struct sb16, resetting, BOOL, "a reset is under way"),
    STATE(struct sb16, speaker, BOOL, "the speaker was switched on"),
    STATE_UP_TO(struct sb16, rate, U32, RATE_MOST, "rate of the next transfer, Hz"),
    STATE_UP_TO(struct sb16, next_block, U32, 65535, "bytes, less one, of a block with automatic initialisation"),
    STATE(struct sb16, mode, U8, "transfer: bit 0 it runs, 1 16 bits, 2 stereo, 3 signed, 4 recorded, 5 automatic, 6 silence, 7 paused"),
    STATE_UP_TO(struct sb16, code, U8, 4, "bits of an ADPCM code; 0: none"),
    STATE(struct sb16, reference_due, BOOL, "the next byte is ADPCM's reference"),
    STATE(struct sb16, level, U8, "level of ADPCM"),
    STATE_UP_TO(struct sb16, step, U8, 5, "its step"),
    STATE(struct sb16, codes, U8, "byte of ADPCM that is played"),
    STATE_UP_TO(struct sb16, codes_left, U8, 4, "codes of it that are left"),
    STATE_UP_TO(struct sb16, block, U32, 131072, "bytes of a block; samples of silence"),
    STATE_UP_TO(struct sb16, left, U32, 131072, "those of them that are left"),
    STATE(struct sb16, groups, U64, "times that bytes were moved since the origin"),
    STATE_BUFFER(struct sb16, fifo, fifo_count, "bytes that were not played yet, the first first"),
    STATE(struct sb16, held, U8, "level that command 10h left on the DAC, signed"),
    STATE(struct sb16, origin, TICK, "since when samples are counted"),
    STATE_UP_TO(struct sb16, stream_rate, U32, RATE_MOST, "their rate, Hz"),
    STATE_TABLE(struct sb16, stream, struct sound_stream, sound_stream_state, "samples"),
    STATE(struct sb16, due_at, TICK, "bytes are moved, silence ends, or a reset ends"),
    STATE_END
};
/* clang-format on */

static uint64_t now(const struct sb16 *s)
{
    return clock_now(s->clock);
}

static void answer(struct sb16 *s, uint8_t byte)
{
    if (s->answers < sizeof s->answer)
        s->answer[s->answers++] = byte;
}

/* --- Interrupts and gain: what follows from the mixer --- */

static void drive_lines(struct sb16 *s)
{
    for (unsigned n = 0; n < 4; n++)
        line_set(&s->irq[n], s->interrupts && n == sb16_mixer_irq(&s->mixer));
}

static void interrupt(struct sb16 *s, uint8_t which, bool level)
{
    s->interrupts = (uint8_t)(level ? s->interrupts | which : s->interrupts & ~which);
    drive_lines(s);
}

static void set_gain(struct sb16 *s)
{
    for (unsigned side = 0; side < 2; side++) {
        s->voice->gain[side] = sb16_mixer_gain(&s->mixer, MIXER_VOICE, side);
        s->synthesizer->gain[side] = 2 * sb16_mixer_gain(&s->mixer, MIXER_MIDI, side);
    }
}

/* --- Samples --- */

static uint32_t frame_bytes(const struct sb16 *s)
{
    return (s->mode & WIDE ? 2u : 1u) << (s->mode & STEREO ? 1 : 0);
}

/* How many samples a group is. */
static uint32_t group_samples(const struct sb16 *s)
{
    static const uint8_t codes_of_a_byte[5] = {0, 0, 4, 3, 2};

    return s->code ? GROUP * (uint32_t)codes_of_a_byte[s->code] : GROUP / frame_bytes(s);
}

static bool plays(const struct sb16 *s)
{
    return !(s->mode & (RECORD | QUIET | PAUSED)) &&
           (s->mode & ACTIVE || s->codes_left || s->fifo_count >= (s->code ? 1 : frame_bytes(s)));
}

static void take(struct sb16 *s, uint8_t *bytes, uint32_t count)
{
    memcpy(bytes, s->fifo, count);
    s->fifo_count -= count;
    memmove(s->fifo, s->fifo + count, s->fifo_count);
}

/* The next code of ADPCM: a sign and a magnitude, in steps that grow with large ones and shrink with none. */
static void step_code(struct sb16 *s)
{
    static const uint8_t last_step[5] = {0, 0, 5, 4, 3};
    unsigned bits = s->code, shift = 8 - bits, magnitudes = 1u << (bits - 1);
    unsigned code = s->codes >> shift, magnitude = code & (magnitudes - 1);
    int delta = s->step ? (int)((2 * magnitude + 1) << (s->step - 1)) : (int)magnitude, level;

    if (bits == 3 && s->step == 4)
        delta = 5 * (2 * (int)magnitude + 1);
    level = s->level + (code & magnitudes ? -delta : delta);
    s->level = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    if (magnitude >= (bits == 4 ? 5u : magnitudes - 1)) {
        if (s->step < last_step[bits])
            s->step++;
    } else if (magnitude == 0 && s->step) {
        s->step--;
    }
    s->codes = (uint8_t)(s->codes << bits);
    s->codes_left--;
}

static int16_t coded_sample(struct sb16 *s)
{
    if (s->reference_due && s->fifo_count) {
        take(s, &s->level, 1);
        s->step = 0;
        s->reference_due = false;
    }
    if (!s->codes_left && s->fifo_count) {
        take(s, &s->codes, 1);
        s->codes_left = s->code == 4 ? 2 : s->code == 3 ? 3 : 4;
    }
    if (!s->codes_left)
        return 0;
    step_code(s);
    return (int16_t)((s->level - 128) * 256);
}

static int16_t sample_of(const struct sb16 *s, const uint8_t *bytes)
{
    unsigned value = s->mode & WIDE ? bytes[0] | (unsigned)bytes[1] << 8 : (unsigned)bytes[0] << 8;

    return (int16_t)(s->mode & SIGNED ? value : value ^ 0x8000);
}

static void make(void *device, uint64_t count)
{
    struct sb16 *s = device;

    for (; count && plays(s); count--) {
        int16_t left = 0, right;
        uint8_t bytes[4];
        if (s->code) {
            left = right = coded_sample(s);
        } else if (s->fifo_count >= frame_bytes(s)) {
            take(s, bytes, frame_bytes(s));
            left = sample_of(s, bytes);
            right = s->mode & STEREO ? sample_of(s, bytes + frame_bytes(s) / 2) : left;
        } else {
            right = 0; /* the DMA controller was too late */
        }
        sound_push(&s->stream, left, right);
    }
    if (!s->held)
        sound_skip(&s->stream, count);
    for (; s->held && count; count--)
        sound_push(&s->stream, (int16_t)((int8_t)s->held * 256), (int16_t)((int8_t)s->held * 256));
}

static bool silent(const void *device)
{
    const struct sb16 *s = device;

    return !plays(s) && !s->held;
}

/* --- Transfers --- */

static uint32_t move(struct sb16 *s, uint8_t *bytes, uint32_t length)
{
    unsigned channel = sb16_mixer_dma(&s->mixer, s->mode & WIDE);
    bool terminal_count;

    return channel == 4 ? 0 : s->dma.transfer(s->dma.controller, channel, bytes, length, &terminal_count);
}

static void block_ended(struct sb16 *s)
{
    if (s->mode & AUTOMATIC)
        s->left = s->block;
    else
        s->mode &= (uint8_t)~ACTIVE;
    interrupt(s, s->mode & WIDE ? SB16_INTERRUPT_16 : SB16_INTERRUPT_8, true);
}

/* What is at the ADC, from sample `first` after an origin on. */
static void convert(struct sb16 *s, uint64_t origin, uint32_t rate, uint64_t first, uint32_t count,
                    int16_t (*samples)[2])
{
    memset(samples, 0, count * sizeof *samples);
    if (s->line)
        line_in_read(s->line, origin, rate, first, count, samples);
    for (uint32_t i = 0; i < count; i++)
        sb16_mixer_record(&s->mixer, samples[i]);
}

/* The group that has just been recorded, as it is moved. */
static void record_group(struct sb16 *s, uint8_t bytes[GROUP])
{
    uint32_t count = group_samples(s), sides = s->mode & STEREO ? 2 : 1;
    int16_t samples[GROUP][2];

    convert(s, s->origin, s->stream_rate, (s->groups - 1) * count + 1, count, samples);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t side = 0; side < sides; side++) {
            unsigned value = (uint16_t)samples[i][side] ^ (s->mode & SIGNED ? 0 : 0x8000);
            if (s->mode & WIDE)
                *bytes++ = (uint8_t)value;
            *bytes++ = (uint8_t)(value >> 8);
        }
}

/* What comes from the line input cannot wait for the next group. */
static bool records_line(const struct sb16 *s)
{
    return s->mode & RECORD && s->line;
}

/* Moves up to so many bytes, over the end of a block where the next one begins by itself. */
static void move_bytes(struct sb16 *s, uint8_t *bytes, uint32_t length)
{
    while (length && s->mode & ACTIVE) {
        uint32_t part = length < s->left ? length : s->left, moved = move(s, bytes, part);
        if (!(s->mode & RECORD))
            s->fifo_count += moved;
        bytes += moved;
        s->left -= moved;
        length -= moved;
        if (!s->left)
            block_ended(s);
        else if (!moved || (moved < part && !records_line(s)))
            break; /* the channel is masked or at its end: tried again with the next group */
    }
}

static void schedule(struct sb16 *s)
{
    uint64_t samples = s->mode & QUIET ? s->left : s->groups * group_samples(s);

    clock_schedule(s->clock, EVENT_SB16,
                   s->mode & ACTIVE && !(s->mode & PAUSED)
                       ? s->origin + clock_ticks_for_cycles(s->clock, samples, s->stream_rate)
                       : NEVER);
}

static void group_due(struct sb16 *s)
{
    uint8_t recorded[GROUP];

    if (s->mode & QUIET) {
        s->mode = 0;
        interrupt(s, SB16_INTERRUPT_8, true);
    } else if (s->mode & RECORD) {
        record_group(s, recorded);
        move_bytes(s, recorded, GROUP);
        s->groups++;
    } else {
        move_bytes(s, s->fifo + s->fifo_count, SB16_FIFO - s->fifo_count);
        s->groups++;
    }
    schedule(s);
}

static void due(void *device)
{
    struct sb16 *s = device;

    if (s->resetting) {
        s->resetting = false;
        answer(s, READY);
        return;
    }
    sound_update(s->sound);
    group_due(s);
}

/* Samples are counted from now on. */
static void begin_stream(struct sb16 *s, uint32_t rate)
{
    s->origin = now(s);
    s->stream_rate = rate;
    s->groups = 0;
    sound_restart(s->sound, &s->stream, s->origin, rate);
}

static void run(struct sb16 *s)
{
    begin_stream(s, s->rate);
    s->groups = s->mode & (RECORD | QUIET) ? 1 : 0;
    if (s->groups)
        schedule(s);
    else
        group_due(s);
}

/* Begins a transfer of blocks of so many bytes. What is left in the FIFO is played first, if it has the same format. */
static void begin(struct sb16 *s, unsigned mode, unsigned code, uint32_t block)
{
    if ((s->mode & FORMAT) != (mode & FORMAT) || s->code != code)
        s->fifo_count = s->codes_left = 0;
    s->mode = (uint8_t)(mode | ACTIVE);
    s->code = (uint8_t)code;
    s->held = 0;
    s->block = s->left = block;
    run(s);
}

static void set_paused(struct sb16 *s, bool wide, bool paused)
{
    if (!(s->mode & ACTIVE) || !(s->mode & WIDE) == wide || !(s->mode & PAUSED) == !paused)
        return;
    s->mode ^= PAUSED;
    if (paused)
        schedule(s);
    else
        run(s);
}

static void set_automatic(struct sb16 *s, bool wide, bool automatic)
{
    if (s->mode & ACTIVE && !(s->mode & WIDE) != wide)
        s->mode = (uint8_t)(automatic ? s->mode | AUTOMATIC : s->mode & ~AUTOMATIC);
}

/* --- Commands --- */

static void set_rate(struct sb16 *s, uint32_t rate)
{
    s->rate = rate < RATE_LEAST ? RATE_LEAST : rate > RATE_MOST ? RATE_MOST : rate;
}

/* The DAC itself. */
static void put_level(struct sb16 *s, uint8_t level)
{
    if (s->mode & ACTIVE)
        return;
    s->mode = 0;
    s->fifo_count = s->codes_left = 0;
    if (s->stream_rate != RATE_DIRECT)
        begin_stream(s, RATE_DIRECT);
    s->held = level ^ 0x80;
}

/* The ADC itself. */
static void answer_level(struct sb16 *s)
{
    int16_t sample[1][2];

    convert(s, now(s), s->line && s->line->wave ? s->line->rate : RATE_DIRECT, 0, 1, sample);
    answer(s, (uint8_t)((uint16_t)sample[0][0] >> 8 ^ 0x80));
}

/* By which Creative's software knows its own: a sum that DMA brings to memory. */
static void identify(struct sb16 *s, uint8_t question)
{
    static const uint8_t terms[4][9] = {{0x01, 0xFE, 0xFC, 0x08, 0xF0, 0x20, 0x40, 0x80, 0x96},
                                        {0xFF, 0x02, 0xFC, 0x08, 0x10, 0xE0, 0x40, 0x80, 0xA5},
                                        {0xFF, 0x02, 0x04, 0xF8, 0x10, 0xE0, 0xC0, 0x80, 0x69},
                                        {0x01, 0xFE, 0x04, 0xF8, 0x10, 0x20, 0xC0, 0x80, 0x5A}};
    const uint8_t *term = terms[s->identity_count];
    unsigned channel = sb16_mixer_dma(&s->mixer, false);
    bool terminal_count;

    for (unsigned i = 0; i < 8; i++)
        s->identity = (uint8_t)(s->identity + (question >> i & 1 ? term[i] : 0));
    s->identity = (uint8_t)(s->identity + term[8]);
    s->identity_count = (s->identity_count + 1) & 3;
    if (channel != 4)
        s->dma.transfer(s->dma.controller, channel, &s->identity, 1, &terminal_count);
}

/* The UART mode of MIDI, in which bytes are no commands: until a reset. */
static bool passes_midi(const struct sb16 *s)
{
    return s->command >= MIDI_UART && s->command <= MIDI_UART_LAST;
}

static void send_midi(struct sb16 *s, uint8_t byte)
{
    if (s->midi)
        mpu401_send(s->midi, byte);
}

/* Whether the DSP takes a byte. */
static bool is_ready(const struct sb16 *s)
{
    bool midi = passes_midi(s) || s->command == MIDI_BYTE;

    return !s->resetting && !(midi && s->midi && !mpu401_is_ready(s->midi));
}

static void answer_text(struct sb16 *s, const char *text)
{
    size_t length = strlen(text) + 1;

    for (size_t i = 0; i < length; i++)
        answer(s, (uint8_t)text[i]);
}

static bool holds(const uint8_t *list, size_t length, uint8_t byte)
{
    while (length && list[length - 1] != byte)
        length--;
    return length > 0;
}

/* How many arguments follow a command. */
static unsigned arguments_of(uint8_t command)
{
    static const uint8_t one[] = {0x04, 0x0F, 0x10, MIDI_BYTE, 0x40, 0xE0, 0xE2, 0xE4, 0xF9};
    static const uint8_t two[] = {0x05, 0x0E, 0x14, 0x15, 0x16, 0x17, 0x24, 0x41,
                                  0x42, 0x48, 0x74, 0x75, 0x76, 0x77, 0x80, 0xFA};

    if (command >= 0xB0 && command <= 0xCF)
        return 3;
    return holds(two, sizeof two, command) ? 2 : holds(one, sizeof one, command) ? 1 : 0;
}

/* B0h-CFh: bit 3 records, bit 2 is automatic. */
static void begin_generic(struct sb16 *s, uint8_t command, uint8_t format, uint32_t samples)
{
    bool wide = command < 0xC0;

    begin(s,
          (wide ? WIDE : 0u) | (command & 0x08 ? RECORD : 0u) | (command & 0x04 ? AUTOMATIC : 0u) |
              (format & 0x20 ? STEREO : 0u) | (format & 0x10 ? SIGNED : 0u),
          0, samples << wide);
}

static void begin_coded(struct sb16 *s, uint8_t command, unsigned mode, uint32_t block)
{
    unsigned code = command < 0x20 ? 2 : command == 0x76 || command == 0x77 || command == 0x7F ? 3 : 4;

    begin(s, mode, code, block);
    if (command & 1) {
        s->reference_due = true;
        s->codes_left = 0;
    }
}

static void execute(struct sb16 *s)
{
    const uint8_t *a = s->arguments;
    uint32_t length = (a[0] | (uint32_t)a[1] << 8) + 1, block = s->next_block + 1;

    sound_update(s->sound);
    switch (s->command) {
    case 0x0F: answer(s, 0); break; /* there is no signal processor */
    case 0x10: put_level(s, a[0]); break;
    case 0x14:
    case 0x15: begin(s, 0, 0, length); break;
    case 0x90:
    case 0x1C: begin(s, AUTOMATIC, 0, block); break;
    case 0x91: begin(s, 0, 0, block); break;
    case 0x16:
    case 0x17:
    case 0x74:
    case 0x75:
    case 0x76:
    case 0x77: begin_coded(s, s->command, 0, length); break;
    case 0x1F:
    case 0x7D:
    case 0x7F: begin_coded(s, s->command, AUTOMATIC, block); break;
    case 0x20: answer_level(s); break;
    case 0x24: begin(s, RECORD, 0, length); break;
    case 0x98:
    case 0x2C: begin(s, RECORD | AUTOMATIC, 0, block); break;
    case 0x99: begin(s, RECORD, 0, block); break;
    case MIDI_BYTE: send_midi(s, a[0]); break;
    case 0x40: set_rate(s, 1000000 / (256u - a[0])); break;
    case 0x41:
    case 0x42: set_rate(s, (uint32_t)a[0] << 8 | a[1]); break;
    case 0x45: set_automatic(s, false, true); break;
    case 0x47: set_automatic(s, true, true); break;
    case 0x48: s->next_block = length - 1; break;
    case 0x80: begin(s, QUIET, 0, length); break;
    case 0xD0:
    case 0xD4: set_paused(s, false, s->command == 0xD0); break;
    case 0xD5:
    case 0xD6: set_paused(s, true, s->command == 0xD5); break;
    case 0xD1:
    case 0xD3: s->speaker = s->command == 0xD1; break;
    case 0xD8: answer(s, s->speaker ? 0xFF : 0); break;
    case 0xD9: set_automatic(s, true, false); break;
    case 0xDA: set_automatic(s, false, false); break;
    case 0xE0: answer(s, (uint8_t)~a[0]); break;
    case 0xE1:
        answer(s, 4);
        answer(s, 13);
        break;
    case 0xE2: identify(s, a[0]); break;
    case 0xE3: answer_text(s, "COPYRIGHT (C) CREATIVE TECHNOLOGY LTD, 1992."); break;
    case 0xE4: s->test = a[0]; break;
    case 0xE8: answer(s, s->test); break;
    case 0xF2: interrupt(s, SB16_INTERRUPT_8, true); break;
    case 0xF3: interrupt(s, SB16_INTERRUPT_16, true); break;
    case 0xF8:
    case 0xFB:
    case 0xFC: answer(s, 0); break;
    case 0xF9: answer(s, a[0] == 0x0E ? 0xFF : a[0] == 0x0F ? 0x07 : a[0] == 0x37 ? 0x38 : 0); break;
    default:
        if (s->command >= 0xB0 && s->command <= 0xCF)
            begin_generic(s, s->command, a[0], (a[1] | (uint32_t)a[2] << 8) + 1);
    }
}

static void command_write(struct sb16 *s, uint8_t value)
{
    if (s->resetting)
        return;
    if (passes_midi(s)) {
        send_midi(s, value);
        return;
    }
    if (s->command && arguments_of(s->command) > s->argument_count) {
        s->arguments[s->argument_count++] = value;
    } else {
        s->command = value;
        s->argument_count = 0;
        memset(s->arguments, 0, sizeof s->arguments);
    }
    if (arguments_of(s->command) == s->argument_count && !passes_midi(s)) {
        execute(s);
        s->command = 0;
        s->argument_count = 0;
    }
}

/* The DSP, as its reset port leaves it. The mixer keeps its values. */
static void reset_dsp(struct sb16 *s)
{
    sound_update(s->sound);
    s->command = s->argument_count = s->last_answer = s->test = s->identity_count = 0;
    s->answers = s->fifo_count = s->codes_left = 0;
    memset(s->arguments, 0, sizeof s->arguments);
    s->identity = IDENTITY;
    s->speaker = s->reference_due = s->resetting = false;
    s->mode = s->code = s->held = s->level = s->step = s->codes = 0;
    s->block = s->left = 0;
    s->rate = 11111;
    s->next_block = 0x7FF;
    clock_schedule(s->clock, EVENT_SB16, NEVER);
    interrupt(s, SB16_INTERRUPT_8 | SB16_INTERRUPT_16, false);
}

static void reset_write(struct sb16 *s, uint8_t value)
{
    if (value & 1) {
        reset_dsp(s);
    } else if (s->reset & 1) {
        s->resetting = true;
        clock_schedule(s->clock, EVENT_SB16, now(s) + clock_ticks_us(s->clock, RESET_US));
    }
    s->reset = value & 1;
}

/* --- Ports --- */

enum {
    PORT_MIXER_INDEX = 4,
    PORT_MIXER = 5,
    PORT_RESET = 6,
    PORT_ANSWER = 0xA,
    PORT_COMMAND = 0xC,
    PORT_STATUS = 0xE,
    PORT_STATUS_16 = 0xF
};

static void port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct sb16 *s = device;

    (void)size;
    switch (port & 15) {
    case PORT_MIXER_INDEX: s->mixer.index = (uint8_t)value; break;
    case PORT_MIXER:
        sound_update(s->sound);
        sb16_mixer_write(&s->mixer, (uint8_t)value);
        set_gain(s);
        drive_lines(s);
        break;
    case PORT_RESET: reset_write(s, (uint8_t)value); break;
    case PORT_COMMAND: command_write(s, (uint8_t)value); break;
    }
}

static uint8_t read_answer(struct sb16 *s)
{
    if (s->answers) {
        s->last_answer = s->answer[0];
        memmove(s->answer, s->answer + 1, --s->answers);
    }
    return s->last_answer;
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    struct sb16 *s = device;

    (void)size;
    switch (port & 15) {
    case PORT_MIXER_INDEX: return s->mixer.index;
    case PORT_MIXER: return s->mixer.index == MIXER_PENDING ? DSP_4_12 | s->interrupts : sb16_mixer_read(&s->mixer);
    case PORT_ANSWER: return read_answer(s);
    case PORT_COMMAND: return is_ready(s) ? 0x7F : 0xFF;
    case PORT_STATUS: interrupt(s, SB16_INTERRUPT_8, false); return s->answers ? 0xFF : 0x7F;
    case PORT_STATUS_16: interrupt(s, SB16_INTERRUPT_16, false); return 0xFF;
    default: return 0xFF;
    }
}

const char *sb16_loaded(void *device)
{
    struct sb16 *s = device;

    if (s->stream_rate < RATE_LEAST)
        return "stream_rate";
    if (s->rate < RATE_LEAST)
        return "rate";
    if (s->origin > now(s))
        return "origin";
    if (s->code == 1 || (s->code && s->mode & RECORD))
        return "code";
    if ((s->mode & ACTIVE && !s->left) || s->left > s->block)
        return "left";
    if (s->codes_left && !s->code)
        return "codes_left";
    if (s->groups > now(s) - s->origin + 2)
        return "groups";
    sound_restart(s->sound, &s->stream, s->origin, s->stream_rate);
    set_gain(s);
    return NULL;
}

void sb16_reset(struct sb16 *s)
{
    reset_dsp(s);
    sb16_mixer_reset(&s->mixer);
    s->reset = 0;
    s->interrupts = 0;
    drive_lines(s);
    set_gain(s);
}

void sb16_init(struct sb16 *s, struct sound *sound, struct sound_source *synthesizer, struct clock *clock,
               struct bus *bus, const struct line irq[4], struct dma_line dma)
{
    memset(s, 0, sizeof *s);
    s->sound = sound;
    s->synthesizer = synthesizer;
    s->clock = clock;
    memcpy(s->irq, irq, sizeof s->irq);
    s->dma = dma;
    s->due_at = NEVER;
    clock_register(clock, EVENT_SB16, &s->due_at, due, s);
    s->stream_rate = RATE_DIRECT;
    s->voice = sound_add(sound, &(struct sound_source){&s->stream, {0, 0}, make, silent, s}, 0, s->stream_rate);
    sb16_reset(s);
    if (!bus)
        return;
    bus_map_ports(bus, SB16_PORTS + PORT_MIXER_INDEX, 4, 1, port_read, port_write, s);
    bus_map_ports(bus, SB16_PORTS + PORT_ANSWER, 6, 1, port_read, port_write, s);
}

void sb16_move(struct sb16 *s, struct bus *bus, uint16_t first)
{
    bus_move_ports(bus, WINDOW_SB16_LOW, (uint16_t)(first + PORT_MIXER_INDEX), first ? 4 : 0, 1, port_read, port_write,
                   s);
    bus_move_ports(bus, WINDOW_SB16_HIGH, (uint16_t)(first + PORT_ANSWER), first ? 6 : 0, 1, port_read, port_write, s);
}

void sb16_choose(struct sb16 *s, unsigned irq, unsigned narrow, unsigned wide)
{
    static const uint8_t irq_bits[16] = {[9] = 1, [2] = 1, [5] = 2, [7] = 4, [10] = 8};

    s->mixer.value[MIXER_INTERRUPT] = irq_bits[irq & 15];
    s->mixer.value[MIXER_DMA] = (uint8_t)((1u << (narrow & 7) & 0x0B) | (1u << (wide & 7) & 0xE0));
    drive_lines(s);
}
