/* keys.h - the keys of a keyboard, by name and by the characters they type. */
#ifndef MUNIMENT_DESK_KEYS_H
#define MUNIMENT_DESK_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "desk/layouts.h"

/* A key going down or up, in the codes of machine_key (emu/emu.h). */
struct key_event {
    uint8_t key;
    bool down;
};

enum { KEY_SHIFT = 0x2A, KEY_RIGHT_SHIFT = 0x36, KEY_RIGHT_ALT = 0xB8 };

#define KEYS_PER_CHARACTER 8 /* an accent and a letter, each with Shift down, key down, key up, Shift up */
#define KEYS_PER_CHORD 16    /* at most eight keys at once */

/* The events that type a character of Unicode on a keyboard of this layout, or Enter (\n), Tab, Backspace, Escape.
 * Returns how many, or 0 if no keys type it. */
size_t keys_for_character(const struct layout *layout, uint32_t code, struct key_event events[KEYS_PER_CHARACTER]);

/* The events of keys pressed together, named with "-" between them, such as ctrl-alt-del: down in order, up in reverse.
 * Returns how many, or 0 if a name is unknown or there are more than eight. */
size_t keys_for_chord(const char *name, size_t length, struct key_event events[KEYS_PER_CHORD]);

#endif
