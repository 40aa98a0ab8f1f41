/* test_wave.c - facts about WAV files: what is read of them, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/error.h"
#include "formats/numbers.h"
#include "formats/wave.h"

static char path[] = "/tmp/muniment-wave-XXXXXX";

/* A file of 44.1 kHz: its head, 44 bytes, and so many bytes of samples, counted up. */
static size_t make(uint8_t *bytes, unsigned channels, unsigned bits, uint32_t data)
{
    memcpy(bytes, "RIFF....WAVEfmt ", 16);
    put_le(bytes + 4, 36 + data, 4);
    put_le(bytes + 16, 16, 4);
    put_le(bytes + 20, 1, 2);
    put_le(bytes + 22, channels, 2);
    put_le(bytes + 24, 44100, 4);
    put_le(bytes + 28, 44100 * channels * bits / 8, 4);
    put_le(bytes + 32, channels * bits / 8, 2);
    put_le(bytes + 34, bits, 2);
    memcpy(bytes + 36, "data", 4);
    put_le(bytes + 40, data, 4);
    for (uint32_t i = 0; i < data; i++)
        bytes[44 + i] = (uint8_t)(i + 1);
    return 44 + data;
}

static void put(const uint8_t *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

/* The upper 16 bits of each sample, left and right; mono is both. */
static void frames_are_read_as_16_bits(void **state)
{
    static const struct {
        unsigned channels, bits;
        int16_t second[2]; /* frame */
    } cases[] = {
        {1, 8, {(2 - 128) * 256, (2 - 128) * 256}},
        {2, 8, {(3 - 128) * 256, (4 - 128) * 256}},
        {1, 16, {0x0403, 0x0403}},
        {2, 16, {0x0605, 0x0807}},
        {1, 24, {0x0605, 0x0605}},
        {2, 24, {0x0908, 0x0C0B}},
    };
    uint8_t bytes[200];
    int16_t frames[4][2];
    struct error error;
    struct wave wave;

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(bytes, make(bytes, cases[i].channels, cases[i].bits, 24));
        assert_true(wave_is(path));
        assert_true(wave_open(path, NULL, &wave, &error));
        assert_int_equal(wave.rate, 44100);
        assert_int_equal(wave.frames, 24 / (cases[i].channels * cases[i].bits / 8));
        assert_true(wave.read(wave.context, 0, 4, frames));
        assert_memory_equal(frames[1], cases[i].second, sizeof frames[1]);
        wave.close(wave.context);
    }
}

static void unknown_chunks_and_an_unknown_length_are_passed(void **state)
{
    uint8_t bytes[200], longer[200];
    size_t length = make(bytes, 2, 16, 10);
    int16_t frames[2][2];
    struct error error;
    struct wave wave;

    (void)state;
    memcpy(longer, bytes, 12);
    memcpy(longer + 12, "LIST\3\0\0\0abc\0", 12); /* of odd length */
    memcpy(longer + 24, bytes + 12, length - 12);
    put_le(longer + 52, UINT32_MAX, 4);
    put(longer, length + 12);
    assert_true(wave_open(path, NULL, &wave, &error));
    assert_int_equal(wave.frames, 2); /* what is left of a frame is none */
    assert_true(wave.read(wave.context, 0, 2, frames));
    assert_int_equal(frames[1][1], 0x0807);
    assert_false(wave.read(wave.context, 1000, 1, frames)); /* a file that became shorter */
    assert_int_equal(wave.failure(wave.context)->status, STATUS_HOST);
    wave.close(wave.context);
}

/* Each is one change of a good file. */
static void what_is_no_recording_is_refused(void **state)
{
    static const struct {
        unsigned at, size, value;
        const char *what;
    } cases[] = {
        {0, 1, 'X', "is no WAV file"},
        {8, 1, 'X', "is no WAV file"},
        {12, 1, 'x', "samples before their"},
        {16, 4, 15, "cut short"},
        {16, 4, 5000, "ends within a chunk"},
        {20, 2, 3, "no PCM"},
        {20, 2, 0xFFFE, "no PCM"},
        {22, 2, 0, "neither one channel nor two"},
        {22, 2, 3, "neither one channel"},
        {24, 4, 3999, "not from 4000 to 192000 Hz"},
        {24, 4, 192001, "not from 4000"},
        {24, 4, UINT32_MAX, "not from 4000"},
        {32, 2, 3, "frames of a size"},
        {34, 2, 12, "no PCM"},
        {34, 2, 32, "no PCM"},
        {36, 1, 'D', "has no samples"},
        {40, 4, 0, "has no samples"},
        {40, 4, 3, "has no samples"},
        {40, 4, 25, "ends within its samples"},
        {40, 4, 0xFFFFFFFE, "ends within its samples"},
    };
    uint8_t bytes[200], chunks[44 + 8 * 1001];
    size_t length = make(bytes, 2, 16, 24);
    struct error error;
    struct wave wave;

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t changed[200];
        memcpy(changed, bytes, length);
        put_le(changed + cases[i].at, cases[i].value, cases[i].size);
        put(changed, length);
        assert_false(wave_open(path, NULL, &wave, &error));
        assert_int_equal(error.status, STATUS_INPUT);
        assert_string_equal(error.object, path);
        assert_non_null(strstr(error.what, cases[i].what));
    }
    for (size_t cut = 0; cut < length; cut++) {
        put(bytes, cut);
        assert_false(wave_open(path, NULL, &wave, &error));
    }
    /* Many chunks of nothing. */
    memset(chunks, 0, sizeof chunks);
    memcpy(chunks, bytes, 12);
    put(chunks, sizeof chunks);
    assert_false(wave_open(path, NULL, &wave, &error));
    assert_false(wave_open("/nowhere/x.wav", NULL, &wave, &error));
    assert_int_equal(error.status, STATUS_HOST);
    assert_false(wave_is("/nowhere/x.wav"));
    /* Nobody writes to this FIFO, and nobody waits for that. */
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(wave_is(path));
    assert_false(wave_open(path, NULL, &wave, &error));
    unlink(path);
}

static void an_extensible_format_may_be_pcm(void **state)
{
    static const uint8_t pcm[16] = {1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};
    uint8_t bytes[200], longer[200];
    size_t length = make(bytes, 2, 16, 8);
    struct error error;
    struct wave wave;

    (void)state;
    memset(longer, 0, sizeof longer);
    memcpy(longer, bytes, 36);
    put_le(longer + 16, 40, 4);
    put_le(longer + 20, 0xFFFE, 2);
    memcpy(longer + 44, pcm, sizeof pcm);
    memcpy(longer + 60, bytes + 36, length - 36);
    put(longer, length + 24);
    assert_true(wave_open(path, NULL, &wave, &error));
    assert_int_equal(wave.frames, 2);
    wave.close(wave.context);
    longer[44] = 3; /* of floating point */
    put(longer, length + 24);
    assert_false(wave_open(path, NULL, &wave, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_read_as_16_bits),
        cmocka_unit_test(unknown_chunks_and_an_unknown_length_are_passed),
        cmocka_unit_test(what_is_no_recording_is_refused),
        cmocka_unit_test(an_extensible_format_may_be_pcm),
    };
    int descriptor = mkstemp(path), result;

    close(descriptor);
    result = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return result;
}
