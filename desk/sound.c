/* sound.c - see sound.h. The file is RIFF WAVE (Multimedia Programming Interface and Data Specifications 1.0): 48 kHz,
 * two channels, 16 bits. */
#include "desk/sound.h"

#include <errno.h>
#include <string.h>

#include "formats/numbers.h"

enum { HEADER = 44, FRAME = 4, RATE = 48000 };

/* Of a file that is longer than a WAV file can say, and of one on its way through a pipe, the length is FFFFFFFFh. */
static void make_header(uint8_t header[HEADER], uint64_t frames)
{
    uint64_t bytes = frames * FRAME;
    bool fits = bytes <= UINT32_MAX - HEADER;

    memcpy(header, "RIFF....WAVEfmt ", 16);
    put_le(header + 4, fits ? (uint32_t)bytes + HEADER - 8 : UINT32_MAX, 4);
    put_le(header + 16, 16, 4);
    put_le(header + 20, 1, 2);
    put_le(header + 22, 2, 2);
    put_le(header + 24, RATE, 4);
    put_le(header + 28, RATE * FRAME, 4);
    put_le(header + 32, FRAME, 2);
    put_le(header + 34, 16, 2);
    memcpy(header + 36, "data", 4);
    put_le(header + 40, fits ? (uint32_t)bytes : UINT32_MAX, 4);
}

static void write_bytes(struct sound_ear *ear, const uint8_t *bytes, size_t length)
{
    ear->failed = ear->failed || fwrite(bytes, 1, length, ear->file.file) != length;
}

bool sound_open(struct sound_ear *ear, const char *path, bool replace, struct error *error)
{
    uint8_t header[HEADER];

    if (!output_growing(&ear->file, path, replace, error))
        return false;
    make_header(header, UINT64_MAX / FRAME);
    write_bytes(ear, header, sizeof header);
    return true;
}

static bool audible(int16_t sample)
{
    return sample >= SOUND_AUDIBLE || sample <= -SOUND_AUDIBLE;
}

void sound_hear(struct sound_ear *ear, const int16_t *frames, size_t count)
{
    uint8_t bytes[FRAME * 256] = {0};

    for (size_t at = 0, part; at < count; at += part) {
        part = count - at < 256 ? count - at : 256;
        for (size_t i = 0; frames && i < 2 * part; i++) {
            int16_t sample = frames[2 * at + i];
            if (audible(sample))
                ear->audible = ear->frames + at + i / 2 + 1;
            put_le(bytes + 2 * i, (uint16_t)sample, 2);
        }
        if (!ear->file.file && !frames)
            break;
        if (ear->file.file)
            write_bytes(ear, bytes, FRAME * part);
    }
    ear->frames += count;
}

bool sound_commit(struct sound_ear *ear, struct error *error)
{
    uint8_t header[HEADER];

    if (!ear->file.file)
        return true;
    make_header(header, ear->frames);
    if (ear->file.folder >= 0 && !fseeko(ear->file.file, 0, SEEK_SET))
        write_bytes(ear, header, sizeof header);
    if (ear->failed) {
        error_host(error, ear->file.path, errno, "cannot write");
        output_abort(&ear->file);
        return false;
    }
    return output_commit(&ear->file, error);
}
