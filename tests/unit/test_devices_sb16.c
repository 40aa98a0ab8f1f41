/* test_devices_sb16.c - the Sound Blaster 16: commands of its DSP, what it moves by DMA and when, what is heard, its
 * mixer. */
#include "emu/devices/opl.h"
#include "emu/devices/sb16.h"
#include "emu/endian.h"
#include "tests/unit/board.h"

enum { IRQ9, IRQ5, IRQ7, IRQ10 };
enum {
    INDEX = 0x224,
    MIXER = 0x225,
    RESET = 0x226,
    ANSWER = 0x22A,
    COMMAND = 0x22C,
    STATUS = 0x22E,
    STATUS_16 = 0x22F
};
#define MEMORY 65536u
#define HEARD 100000u

struct fixture {
    struct board board;
    struct sound sound;
    struct opl opl;
    struct sb16 sb16;
    struct line_in line;
    bool broken;            /* the recording's file */
    uint8_t memory[MEMORY]; /* what the DMA controller gives or takes, over and over */
    uint32_t position;
    unsigned channel;
    bool masked;
    uint32_t until_end; /* bytes to the channel's terminal count, where it begins anew; 0: it does not come */
    int16_t heard[HEARD][2];
    uint64_t frames;
    uint8_t sent[16]; /* MIDI */
    unsigned sent_count;
};

static uint32_t transfer(void *controller, unsigned channel, uint8_t *buffer, uint32_t length, bool *terminal_count)
{
    struct fixture *f = controller;

    *terminal_count = false;
    f->channel = channel;
    if (f->masked)
        return 0;
    if (f->until_end && length > f->until_end)
        length = f->until_end;
    f->until_end -= f->until_end ? length : 0;
    for (uint32_t i = 0; i < length; i++) {
        uint8_t *byte = &f->memory[f->position++ % MEMORY];
        if (f->sb16.mode & 16 || f->sb16.command == 0xE2)
            *byte = buffer[i];
        else
            buffer[i] = *byte;
    }
    return length;
}

static void out_frames(void *context, const int16_t *frames, size_t count)
{
    struct fixture *f = context;

    for (size_t i = 0; i < count && f->frames + i < HEARD; i++)
        for (unsigned side = 0; side < 2; side++)
            f->heard[f->frames + i][side] = frames ? frames[2 * i + side] : 0;
    f->frames += count;
}

static int setup(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof f);
    board_init(&f.board);
    sound_init(&f.sound, &f.board.clock, out_frames, &f);
    const struct line irq[4] = {board_wire(&f.board, IRQ9), board_wire(&f.board, IRQ5), board_wire(&f.board, IRQ7),
                                board_wire(&f.board, IRQ10)};
    sb16_init(&f.sb16, &f.sound, opl_init(&f.opl, &f.sound, &f.board.bus, false), &f.board.clock, &f.board.bus, irq,
              (struct dma_line){transfer, &f, 1});
    *state = &f;
    return 0;
}

static void command(struct fixture *f, const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        out(&f->board, COMMAND, bytes[i]);
}
#define SEND(...) command(f, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void mixer(struct fixture *f, uint8_t index, uint8_t value)
{
    out(&f->board, INDEX, index);
    out(&f->board, MIXER, value);
}

static uint8_t mixer_in(struct fixture *f, uint8_t index)
{
    out(&f->board, INDEX, index);
    return in(&f->board, MIXER);
}

/* What is connected to the line input: frame n, the first being 1, is 100 n to the left, and the negative to the right;
 * and from frame 101 on, 8,000 to both sides. */
static bool recorded(void *context, uint64_t first, uint32_t count, int16_t (*frames)[2])
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t n = first + i + 1;
        frames[i][0] = (int16_t)(n > 100 ? 8000 : 100 * n);
        frames[i][1] = (int16_t)(n > 100 ? 8000 : -100 * (int)n);
    }
    return !((struct fixture *)context)->broken;
}

static void failed(void *listener, unsigned number, bool level)
{
    (void)number;
    *(bool *)listener = level;
}

/* Connects a recording of 5,000 frames, all of which gets to the ADC. */
static void record(struct fixture *f, struct wave *wave, uint32_t rate)
{
    *wave = (struct wave){.context = f, .rate = rate, .frames = 5000, .read = recorded};
    line_in_init(&f->line, &f->board.clock, (struct line){failed, &f->broken, 0});
    line_in_connect(&f->line, wave);
    f->sb16.line = &f->line;
    out(&f->board, INDEX, 0x38);
    out(&f->board, MIXER, 0xF8);
    out(&f->board, INDEX, 0x39);
    out(&f->board, MIXER, 0xF8);
}

/* Full volume: then a sample is heard as it is. */
static void loud(struct fixture *f)
{
    for (uint8_t index = 0x30; index <= 0x35; index++)
        mixer(f, index, 0xF8);
}

static void pass_samples(struct fixture *f, uint64_t count, uint32_t rate)
{
    uint64_t begun = board_now(&f->board);

    board_run_to(&f->board, begun + clock_ticks_for_cycles(&f->board.clock, count, rate));
}

/* W-15 */
static void a_reset_answers_aa_after_100_us(void **state)
{
    struct fixture *f = *state;

    out(&f->board, RESET, 1);
    board_run_us(&f->board, 4);
    out(&f->board, RESET, 0);
    board_run_us(&f->board, 99);
    assert_int_equal(in(&f->board, STATUS) & 0x80, 0);
    board_run_us(&f->board, 1);
    assert_int_equal(in(&f->board, STATUS) & 0x80, 0x80);
    assert_int_equal(in(&f->board, ANSWER), 0xAA);
    assert_int_equal(in(&f->board, STATUS) & 0x80, 0);
    assert_int_equal(in(&f->board, ANSWER), 0xAA); /* the last byte stays */
}

/* W-22 */
static void commands_answer(void **state)
{
    static const struct {
        uint8_t command[3];
        unsigned length;
        uint8_t answer[2];
        unsigned answers;
    } cases[] = {{{0xE1}, 1, {4, 13}, 2},      {{0xE0, 0x35}, 2, {0xCA}, 1}, {{0xE4, 0x77, 0xE8}, 3, {0x77}, 1},
                 {{0xD1, 0xD8}, 2, {0xFF}, 1}, {{0xD3, 0xD8}, 2, {0x00}, 1}, {{0x20}, 1, {0x80}, 1},
                 {{0x05, 1, 2}, 3, {0}, 0},    {{0xF8}, 1, {0}, 1}};
    static const char copyright[] = "COPYRIGHT (C) CREATIVE TECHNOLOGY LTD, 1992.";
    struct fixture *f = *state;

    for (unsigned n = 0; n < sizeof cases / sizeof *cases; n++) {
        command(f, cases[n].command, cases[n].length);
        assert_int_equal(f->sb16.answers, cases[n].answers);
        for (unsigned i = 0; i < cases[n].answers; i++)
            assert_int_equal(in(&f->board, ANSWER), cases[n].answer[i]);
    }
    SEND(0xE3);
    for (unsigned i = 0; i < sizeof copyright; i++)
        assert_int_equal(in(&f->board, ANSWER), copyright[i]);
    SEND(0xE2, 0x0F);
    assert_int_equal(f->memory[0], (uint8_t)(0xAA + 0x01 - 0x02 - 0x04 + 0x08 - 106));
}

static void midi_out(void *context, uint8_t byte)
{
    struct fixture *f = context;

    f->sent[f->sent_count++ % sizeof f->sent] = byte;
}

/* W-22: a byte after 38h, and all of them after 34h to 37h, until a reset. A byte takes 320 us. */
static void midi_commands_send(void **state)
{
    struct fixture *f = *state;
    struct mpu401 port;

    mpu401_init(&port, &f->board.clock, NULL, midi_out, f);
    f->sb16.midi = &port;
    SEND(0x38, 0x90);
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(in(&f->board, COMMAND), 0x7F); /* other commands are taken meanwhile */
    SEND(0xE0, 0x0F, 0x38);
    assert_int_equal(in(&f->board, ANSWER), 0xF0);
    assert_int_equal(in(&f->board, COMMAND), 0xFF);
    board_run_us(&f->board, 319);
    assert_int_equal(in(&f->board, COMMAND), 0xFF);
    board_run_us(&f->board, 1);
    assert_int_equal(in(&f->board, COMMAND), 0x7F);
    SEND(0x3C);
    for (uint8_t mode = 0x34; mode <= 0x37; mode++) {
        board_run_us(&f->board, 320);
        SEND(mode, 0xE1);
        assert_int_equal(f->sb16.answers, 0);
        SEND(0xF2); /* lost: the line is busy */
        board_run_us(&f->board, 320);
        SEND(mode);
        assert_int_equal(f->sb16.interrupts, 0);
        out(&f->board, RESET, 1);
        out(&f->board, RESET, 0);
        board_run_us(&f->board, 320);
        assert_int_equal(in(&f->board, ANSWER), 0xAA);
        SEND(0xE0, 0xFF);
        assert_int_equal(in(&f->board, ANSWER), 0x00);
    }
    assert_int_equal(f->sent_count, 10);
    assert_memory_equal(f->sent, ((const uint8_t[]){0x90, 0x3C, 0xE1, 0x34, 0xE1, 0x35, 0xE1, 0x36, 0xE1, 0x37}), 10);
}

/* W-23 */
static void interrupts_are_told_apart_and_acknowledged(void **state)
{
    struct fixture *f = *state;

    SEND(0xF2);
    assert_true(f->board.level[IRQ5]);
    assert_int_equal(mixer_in(f, 0x82), 0x81);
    SEND(0xF3);
    assert_int_equal(mixer_in(f, 0x82), 0x83);
    in(&f->board, STATUS);
    assert_true(f->board.level[IRQ5]);
    assert_int_equal(mixer_in(f, 0x82), 0x82);
    in(&f->board, STATUS_16);
    assert_false(f->board.level[IRQ5]);
    mixer(f, 0x80, 8);
    SEND(0xF2);
    assert_true(f->board.level[IRQ10]);
    assert_false(f->board.level[IRQ5]);
}

/* 8 bits, unsigned, mono, one block at 10 kHz: bytes in groups, an interrupt when the last has come, each sample heard.
 * (W-16) */
static void a_block_of_8_bits_is_played(void **state)
{
    struct fixture *f = *state;

    loud(f);
    for (unsigned i = 0; i < MEMORY; i++)
        f->memory[i] = i < 500 ? 0x80 : 0xC0;
    SEND(0x40, 256 - 100, 0x14, 999 & 0xFF, 999 >> 8);
    assert_int_equal(f->position, 64); /* the FIFO is filled */
    assert_int_equal(f->channel, 1);
    pass_samples(f, 31, 10000);
    assert_int_equal(f->position, 64);
    pass_samples(f, 1, 10000);
    assert_int_equal(f->position, 96);
    pass_samples(f, 1000 - 96, 10000);
    assert_int_equal(f->position, 992);
    assert_int_equal(f->board.rises[IRQ5], 0);
    pass_samples(f, 32, 10000);
    assert_int_equal(f->position, 1000); /* and no more */
    assert_int_equal(f->board.rises[IRQ5], 1);
    pass_samples(f, 10000 - 968, 10000);
    sound_update(&f->sound);
    assert_int_equal(f->position, 1000);
    assert_int_equal(f->board.rises[IRQ5], 1);
    /* silence, then 64 of 128 for 50 ms, then silence; the filter is 1.6 ms late */
    assert_int_equal(f->heard[2000][0], 0);
    for (unsigned n = 2800; n < 4600; n++)
        assert_in_range(f->heard[n][0], 16384 - 20, 16384 + 20);
    assert_int_equal(f->heard[3000][0], f->heard[3000][1]);
    assert_int_equal(f->heard[5100][0], 0);
}

/* 16 bits, signed, stereo, again and again at 48 kHz: heard as it is, less the filter's first zero crossings. (W-17,
 * W-20) */
static void blocks_of_16_bits_follow_each_other(void **state)
{
    struct fixture *f = *state;

    loud(f);
    for (unsigned i = 0; i < MEMORY; i += 4) {
        store16(f->memory + i, (uint16_t)(int16_t)(i / 4 % 200 < 100 ? 10000 : -10000));
        store16(f->memory + i + 2, (uint16_t)(int16_t)-20000);
    }
    SEND(0x41, 48000 >> 8, 48000 & 0xFF, 0xB6, 0x30, 0xFF, 0x03); /* blocks of 1,024 words, 512 samples */
    pass_samples(f, 9600, 48000);
    sound_update(&f->sound);
    assert_int_equal(f->channel, 5);
    assert_int_equal(f->position, 9600 * 4 + 64);
    assert_int_equal(f->board.rises[IRQ5], 1); /* nobody has acknowledged it */
    assert_int_equal(mixer_in(f, 0x82), 0x82);
    in(&f->board, STATUS_16);
    pass_samples(f, 512, 48000);
    assert_int_equal(f->board.rises[IRQ5], 2);
    for (unsigned n = 400; n < 9000; n++) {
        assert_in_range(f->heard[n][1] + 32768, 32768 - 20040, 32768 - 19960);
        if ((n + 200 - 16) % 100 > 30 && (n + 200 - 16) % 100 < 70)
            assert_in_range((n + 200 - 16) % 200 < 100 ? f->heard[n][0] : -f->heard[n][0], 9600, 10400);
    }
    SEND(0xD9); /* the block that runs is the last */
    in(&f->board, STATUS_16);
    pass_samples(f, 2000, 48000);
    assert_int_equal(f->position % 2048, 0);
    assert_int_equal(f->board.rises[IRQ5], 3);
    assert_true(f->sb16.due_at == NEVER);
}

static void a_pause_stops_and_resumes(void **state)
{
    struct fixture *f = *state;
    uint32_t position;

    loud(f);
    memset(f->memory, 0xC0, sizeof f->memory);
    SEND(0x41, 0x27, 0x10, 0x48, 0xFF, 0x0F, 0x1C); /* 10 kHz, blocks of 4,096 */
    pass_samples(f, 500, 10000);
    SEND(0xD5); /* of 16 bits: not this one */
    assert_int_not_equal(f->sb16.due_at, NEVER);
    SEND(0xD0);
    position = f->position;
    pass_samples(f, 5000, 10000);
    assert_int_equal(f->position, position);
    sound_update(&f->sound);
    assert_int_equal(f->heard[20000][0], 0);
    SEND(0xD4);
    pass_samples(f, 500, 10000);
    sound_update(&f->sound);
    assert_in_range(f->position - position, 448, 512);
    assert_in_range(f->heard[f->frames - 1][0], 16384 - 20, 16384 + 20);
    assert_int_equal(f->board.rises[IRQ5], 0);
}

/* W-18 */
static void a_masked_channel_is_waited_for(void **state)
{
    struct fixture *f = *state;

    memset(f->memory, 0xC0, sizeof f->memory);
    f->masked = true;
    SEND(0x41, 0x27, 0x10, 0x14, 0xFF, 0x00);
    pass_samples(f, 1000, 10000);
    assert_int_equal(f->board.rises[IRQ5], 0);
    f->masked = false;
    pass_samples(f, 300, 10000);
    assert_int_equal(f->position, 256);
    assert_int_equal(f->board.rises[IRQ5], 1);
}

static void recording_brings_silence(void **state)
{
    struct fixture *f = *state;

    memset(f->memory, 0x55, sizeof f->memory);
    SEND(0x42, 0x27, 0x10, 0x24, 63, 0);
    assert_int_equal(f->position, 0);
    pass_samples(f, 32, 10000);
    assert_int_equal(f->position, 32);
    pass_samples(f, 32, 10000);
    assert_int_equal(f->position, 64);
    assert_int_equal(f->board.rises[IRQ5], 1);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(f->memory[i], 0x80);
    assert_int_equal(f->memory[64], 0x55);
}

/* W-19 */
/* W-26, W-27: at the recording's own rate each sample is a frame, whatever command asks for it. */
static void what_is_connected_is_recorded(void **state)
{
    static const struct {
        uint8_t command[6];
        unsigned bytes, sides;
        bool wide, is_signed;
    } cases[] = {
        {{0x24, 63, 0}, 1, 1, false, false},       {{0x48, 31, 0, 0x2C}, 1, 1, false, false},
        {{0x48, 63, 0, 0x98}, 1, 1, false, false}, {{0x48, 63, 0, 0x99}, 1, 1, false, false},
        {{0xC8, 0x00, 63, 0}, 1, 1, false, false}, {{0xCC, 0x20, 31, 0}, 1, 2, false, false},
        {{0xCE, 0x30, 31, 0}, 1, 2, false, true},  {{0xB8, 0x10, 31, 0}, 2, 1, true, true},
        {{0xBE, 0x30, 31, 0}, 2, 2, true, true},   {{0xBC, 0x20, 31, 0}, 2, 2, true, false},
    };

    for (unsigned c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct fixture *f;
        struct wave wave;
        setup(state);
        f = *state;
        record(f, &wave, 10000);
        pass_samples(f, 3, 10000);
        SEND(0x42, 0x27, 0x10);
        for (unsigned i = 0; i < 3u + (cases[c].command[0] != 0x24); i++)
            SEND(cases[c].command[i]);
        pass_samples(f, 32, 10000);
        assert_true(f->position >= 32);
        for (unsigned i = 0, n = 4; i < f->position; n++)
            for (unsigned side = 0; side < cases[c].sides; side++, i += cases[c].bytes) {
                int expected = side ? -100 * (int)n : 100 * (int)n;
                unsigned value = (uint16_t)expected ^ (cases[c].is_signed ? 0 : 0x8000);
                assert_int_equal(f->memory[i + cases[c].bytes - 1], value >> 8);
                if (cases[c].wide)
                    assert_int_equal(f->memory[i], value & 0xFF);
            }
    }
}

/* W-25 */
static void a_recorded_group_goes_on_after_the_terminal_count(void **state)
{
    struct fixture *f = *state;
    struct wave wave;

    record(f, &wave, 10000);
    f->until_end = 38;
    SEND(0x42, 0x27, 0x10, 0xBC, 0x30, 0xFF, 0x7F);
    pass_samples(f, 16, 10000);
    assert_int_equal(f->position, 64);
    f->masked = true;
    pass_samples(f, 8, 10000);
    f->masked = false;
    pass_samples(f, 8, 10000);
    assert_int_equal(f->position, 96);
    for (unsigned i = 0; i < 24; i++)
        assert_int_equal((int16_t)load16(f->memory + 4 * i), 100 * (i + 1 + (i >= 16 ? 8 : 0)));
}

/* W-28: at another rate the filter joins them, and what lasts comes as it is; after the end there is silence. */
static void a_recording_of_another_rate_is_filtered(void **state)
{
    struct fixture *f = *state;
    struct wave wave;

    record(f, &wave, 44100);
    SEND(0x42, 0x27, 0x10, 0xBC, 0x30, 0xFF, 0x7F);
    pass_samples(f, 1200, 10000);
    for (unsigned i = 60; i < 1100; i++)
        for (unsigned side = 0; side < 2; side++)
            assert_in_range((int16_t)load16(f->memory + 4 * i + 2 * side), 7990, 8010);
    assert_int_equal((int16_t)load16(f->memory + 4 * 1180), 0);
    record(f, &wave, 8000);
    f->position = 0;
    SEND(0x42, 0xBB, 0x80, 0xBC, 0x30, 0xFF, 0x7F);
    pass_samples(f, 560, 48000);
    for (unsigned i = 180; i < 400; i++) /* a ramp of 100 to a frame, six samples long */
        assert_in_range((int16_t)load16(f->memory + 4 * i), (i + 1) * 100 / 6 - 12, (i + 1) * 100 / 6 + 12);
}

/* W-29: switches, volume and gain of the mixer; the ADC itself. */
static void the_mixer_says_what_is_recorded(void **state)
{
    struct fixture *f = *state;
    struct wave wave;
    static const struct {
        uint8_t index, value;
        int left, right;
    } steps[] = {
        {0x38, 0xF8, 500, -500}, {0x38, 0xF0, 397, -500}, {0x38, 0xF8, 500, -500},  {0x3D, 0x08, -500, -500},
        {0x3D, 0x18, 0, -500},   {0x3D, 0x07, 0, -500},   {0x3E, 0x10, 0, 500},     {0x40, 0x40, 0, 1000},
        {0x40, 0xC0, 0, 4000},   {0x3D, 0x10, 500, 4000}, {0x3F, 0x80, 2000, 4000},
    };

    record(f, &wave, 10000);
    pass_samples(f, 5, 10000);
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
        int16_t sample[2] = {500, -500};
        mixer(f, steps[i].index, steps[i].value);
        sb16_mixer_record(&f->sb16.mixer, sample);
        assert_int_equal(sample[0], steps[i].left);
        assert_int_equal(sample[1], steps[i].right);
    }
    SEND(0x20);
    assert_int_equal(in(&f->board, ANSWER), 0x80 + (2000 >> 8));
    int16_t loud_sample[2] = {30000, -30000};
    sb16_mixer_record(&f->sb16.mixer, loud_sample);
    assert_int_equal(loud_sample[0], 32767);
    f->broken = true; /* the host */
    line_in_connect(&f->line, &wave);
    f->broken = true;
    pass_samples(f, 5, 10000);
    SEND(0x20);
    assert_int_equal(in(&f->board, ANSWER), 0x80);
    assert_true(f->broken);
    assert_null(line_in_loaded(&f->line));
    f->line.rate++;
    assert_string_equal(line_in_loaded(&f->line), "rate");
    line_in_connect(&f->line, NULL);
    assert_null(line_in_loaded(&f->line));
    f->line.since = 0;
    assert_string_equal(line_in_loaded(&f->line), "since");
}

static void silence_takes_its_time(void **state)
{
    struct fixture *f = *state;

    SEND(0x41, 0x27, 0x10, 0x80, 99, 0);
    pass_samples(f, 99, 10000);
    assert_int_equal(f->board.rises[IRQ5], 0);
    pass_samples(f, 1, 10000);
    assert_int_equal(f->board.rises[IRQ5], 1);
    assert_int_equal(f->position, 0);
}

/* The levels after each code, from a reference of 128, by hand. (W-21) */
static void adpcm_steps_from_its_reference(void **state)
{
    static const struct {
        uint8_t command, bytes[2];
        unsigned codes;
        uint8_t levels[8], step;
    } cases[] = {
        /* 7: +7, larger; F: -15, larger; 1: +6; 0: +2, smaller */
        {0x75, {0x7F, 0x10}, 4, {135, 120, 126, 128}, 1},
        /* 3: +3, larger; 7: -7, larger; 0 (of two bits): +2, smaller; 1: +3; 1: +3; 2 (of two bits): 0 twice, +1 */
        {0x77, {0x7C, 0x24}, 6, {131, 124, 126, 129, 132, 133}, 0},
        /* 1: +1, larger; 1: +3, larger; 2: -2, smaller; 0: +1, smaller; 0 to the end: 0 */
        {0x17, {0x58, 0x00}, 8, {129, 132, 130, 131, 131, 131, 131, 131}, 0},
    };

    for (unsigned c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct fixture *f;
        setup(state);
        f = *state;
        f->memory[0] = 128;
        memcpy(f->memory + 1, cases[c].bytes, 2);
        SEND(0x41, 0x27, 0x10, cases[c].command, 2, 0);
        for (unsigned n = 0; n < cases[c].codes; n++) {
            pass_samples(f, 1, 10000);
            sound_update(&f->sound);
            assert_int_equal(f->sb16.level, cases[c].levels[n]);
        }
        assert_int_equal(f->sb16.step, cases[c].step);
        assert_int_equal(f->board.rises[IRQ5], 1);
    }
}

static void the_dac_can_be_written_to(void **state)
{
    struct fixture *f = *state;

    loud(f);
    board_run_us(&f->board, 1000);
    SEND(0x10, 0xC0);
    board_run_us(&f->board, 10000);
    sound_update(&f->sound);
    assert_in_range(f->heard[f->frames - 1][0], 16384 - 20, 16384 + 20);
    SEND(0x10, 0x80);
    board_run_us(&f->board, 100000);
    sound_update(&f->sound);
    assert_int_equal(f->heard[f->frames - 1][0], 0);
    assert_true(f->sb16.stream.zeros == SOUND_KEPT);
}

static void the_mixer_keeps_what_it_has(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(mixer_in(f, 0x30), 0xC0);
    assert_int_equal(mixer_in(f, 0x80), 2);
    assert_int_equal(mixer_in(f, 0x81), 0x22);
    mixer(f, 0x30, 0xFF);
    assert_int_equal(mixer_in(f, 0x30), 0xF8);
    mixer(f, 0x22, 0x5A); /* the Pro's master volume */
    assert_int_equal(mixer_in(f, 0x30), 0x58);
    assert_int_equal(mixer_in(f, 0x31), 0xA8);
    assert_int_equal(mixer_in(f, 0x22), 0x5A);
    mixer(f, 0x60, 0xFF);
    assert_int_equal(mixer_in(f, 0x60), 0);
    mixer(f, 0x81, 0x41);
    mixer(f, 0, 0);
    assert_int_equal(mixer_in(f, 0x30), 0xC0);
    assert_int_equal(mixer_in(f, 0x81), 0x41); /* its configuration stays */
    loud(f);
    mixer(f, 0x33, 0);
    assert_int_equal(f->sb16.voice->gain[0], 65536);
    assert_int_equal(f->sb16.voice->gain[1], 52);
    mixer(f, 0x41, 0xC0);
    assert_int_equal(f->sb16.voice->gain[0], 8 * 65536);
    assert_int_equal(f->sb16.synthesizer->gain[0], 16 * 65536);
}

static void what_contradicts_is_refused(void **state)
{
    struct fixture *f = *state;

    SEND(0x41, 0x27, 0x10, 0x14, 0xFF, 0x00);
    pass_samples(f, 40, 10000);
    sound_update(&f->sound);
    assert_null(sb16_loaded(&f->sb16));
    f->sb16.left = 0;
    assert_string_equal(sb16_loaded(&f->sb16), "left");
    f->sb16.left = 1;
    f->sb16.stream_rate = 0;
    assert_string_equal(sb16_loaded(&f->sb16), "stream_rate");
    f->sb16.stream_rate = 10000;
    f->sb16.groups = UINT64_C(1) << 60;
    assert_string_equal(sb16_loaded(&f->sb16), "groups");
}

#define TEST(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reset_answers_aa_after_100_us),
        TEST(commands_answer),
        TEST(midi_commands_send),
        TEST(interrupts_are_told_apart_and_acknowledged),
        TEST(a_block_of_8_bits_is_played),
        TEST(blocks_of_16_bits_follow_each_other),
        TEST(a_pause_stops_and_resumes),
        TEST(a_masked_channel_is_waited_for),
        TEST(recording_brings_silence),
        TEST(what_is_connected_is_recorded),
        TEST(a_recorded_group_goes_on_after_the_terminal_count),
        TEST(a_recording_of_another_rate_is_filtered),
        TEST(the_mixer_says_what_is_recorded),
        TEST(silence_takes_its_time),
        TEST(adpcm_steps_from_its_reference),
        TEST(the_dac_can_be_written_to),
        TEST(the_mixer_keeps_what_it_has),
        TEST(what_contradicts_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
