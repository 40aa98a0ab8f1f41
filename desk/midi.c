/* midi.c - see midi.h. The file is a Standard MIDI File 1.0 of format 0, with 1,000 ticks to a quarter note of a
 * second.
 *
 * Channel messages are written with their status each; system exclusive ones in packets of at most 256 bytes; system
 * common ones as escapes. Real-time messages are left out: a file has none. */
#include "desk/midi.h"

#include <errno.h>
#include <string.h>

#include "formats/numbers.h"

enum { HEADER = 22, LENGTH_AT = 18, TRACK_END = 4 };
enum { EXCLUSIVE = 0xF0, EXCLUSIVE_END = 0xF7, ESCAPE = 0xF7, REAL_TIME = 0xF8 };

static void put(struct midi_file *midi, const void *bytes, size_t length)
{
    midi->failed = midi->failed || fwrite(bytes, 1, length, midi->file.file) != length;
    midi->length += (uint32_t)length;
}

/* Seven bits to a byte, the highest first. */
static void put_number(struct midi_file *midi, uint32_t value)
{
    uint8_t bytes[5];
    unsigned at = sizeof bytes;

    bytes[--at] = value & 0x7F;
    while (value >>= 7)
        bytes[--at] = (uint8_t)(value | 0x80);
    put(midi, bytes + at, sizeof bytes - at);
}

static void put_time(struct midi_file *midi)
{
    uint64_t passed = midi->begun - midi->milliseconds;

    put_number(midi, passed < 0x0FFFFFFF ? (uint32_t)passed : 0x0FFFFFFF);
    midi->milliseconds = midi->begun;
}

static void put_header(struct midi_file *midi)
{
    uint8_t header[HEADER] = "MThd\0\0\0\6\0\0\0\1\3\350MTrk";

    put_be(header + LENGTH_AT, midi->length, 4);
    midi->failed = midi->failed || fwrite(header, 1, HEADER, midi->file.file) != HEADER;
}

bool midi_open(struct midi_file *midi, const char *path, bool replace, struct error *error)
{
    static const uint8_t tempo[] = {0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40}; /* a quarter note is 1,000,000 us */

    if (!output_growing(&midi->file, path, replace, error))
        return false;
    put_header(midi);
    put(midi, tempo, sizeof tempo);
    return true;
}

/* How many bytes follow a status. */
static unsigned bytes_after(uint8_t status)
{
    static const uint8_t channel[8] = {2, 2, 2, 2, 1, 1, 2, 0}, common[8] = {0, 1, 2, 1, 0, 0, 0, 0};

    return status < EXCLUSIVE ? channel[status >> 4 & 7] : common[status & 7];
}

/* A packet of a system exclusive message, which may be its beginning or its continuation. */
static void put_packet(struct midi_file *midi)
{
    uint8_t first = midi->continued ? ESCAPE : EXCLUSIVE;

    put_time(midi);
    put(midi, &first, 1);
    put_number(midi, midi->count);
    put(midi, midi->message, midi->count);
    midi->continued = true;
    midi->count = 0;
}

static void put_message(struct midi_file *midi)
{
    static const uint8_t escape = ESCAPE;

    put_time(midi);
    if (midi->status >= EXCLUSIVE) {
        put(midi, &escape, 1);
        put_number(midi, midi->count + 1);
    }
    put(midi, &midi->status, 1);
    put(midi, midi->message, midi->count);
    midi->count = 0;
    if (midi->status >= EXCLUSIVE)
        midi->status = 0;
}

void midi_byte(struct midi_file *midi, uint64_t milliseconds, uint8_t byte)
{
    if (!midi->file.file || byte >= REAL_TIME)
        return;
    if (midi->count == 0)
        midi->begun = milliseconds;
    if (midi->status == EXCLUSIVE && (byte < 0x80 || byte == EXCLUSIVE_END)) {
        midi->message[midi->count++] = byte;
        if (byte == EXCLUSIVE_END || midi->count == sizeof midi->message)
            put_packet(midi);
        if (byte == EXCLUSIVE_END)
            midi->status = 0;
        return;
    }
    if (byte >= 0x80) { /* what was not complete is given up */
        midi->status = byte == EXCLUSIVE_END ? 0 : byte;
        midi->count = 0;
        midi->begun = milliseconds;
        midi->continued = false;
    } else if (midi->status) {
        midi->message[midi->count++] = byte;
    }
    if (midi->status && midi->status != EXCLUSIVE && midi->count == bytes_after(midi->status))
        put_message(midi);
}

bool midi_commit(struct midi_file *midi, struct error *error)
{
    static const uint8_t end[TRACK_END] = {0, 0xFF, 0x2F, 0};

    if (!midi->file.file)
        return true;
    put(midi, end, sizeof end);
    if (midi->file.folder >= 0 && !fseeko(midi->file.file, 0, SEEK_SET))
        put_header(midi);
    if (midi->failed) {
        error_host(error, midi->file.path, errno, "cannot write");
        output_abort(&midi->file);
        return false;
    }
    return output_commit(&midi->file, error);
}
