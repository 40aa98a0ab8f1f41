/* midi.h - what a machine sends to its MIDI port, as a standard MIDI file. */
#ifndef MUNIMENT_DESK_MIDI_H
#define MUNIMENT_DESK_MIDI_H

#include <stdint.h>

#include "formats/output.h"

struct midi_file {
    struct output file;    /* not open: nothing is written */
    uint64_t milliseconds; /* of the last event */
    uint64_t begun;        /* milliseconds: the first byte of what comes in */
    uint32_t length;       /* of the track so far */
    uint8_t status;        /* of the message that comes in; 0: none */
    uint8_t message[256];  /* its bytes after that, as many as have come */
    unsigned count;
    bool continued; /* the beginning of a system exclusive message was written */
    bool failed;
};

bool midi_open(struct midi_file *midi, const char *path, bool replace, struct error *error);
/* Takes a byte, sent at this time. */
void midi_byte(struct midi_file *midi, uint64_t milliseconds, uint8_t byte);
bool midi_commit(struct midi_file *midi, struct error *error);

#endif
