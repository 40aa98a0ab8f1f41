/* keys.h - the keys of a US keyboard, by name and by the characters they type. */
#ifndef MUNIMENT_DESK_KEYS_H
#define MUNIMENT_DESK_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key going down or up, in the codes of machine_key (emu/emu.h). */
struct key_event {
    uint8_t key;
    bool down;
};

#define KEYS_PER_CHARACTER 4 /* Shift down, key down, key up, Shift up */
#define KEYS_PER_CHORD 16    /* at most eight keys at once */

/* The events that type a character: ASCII from 20h to 7Eh, Enter (\n), Tab, Backspace, Escape. Returns how many, or 0
 * if no key types it. */
size_t keys_for_character(char character, struct key_event events[KEYS_PER_CHARACTER]);

/* The events of keys pressed together, named with "-" between them, such as ctrl-alt-del: down in order, up in reverse.
 * Returns how many, or 0 if a name is unknown or there are more than eight. */
size_t keys_for_chord(const char *name, size_t length, struct key_event events[KEYS_PER_CHORD]);

#endif
