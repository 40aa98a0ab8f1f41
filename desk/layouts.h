/* layouts.h - keyboard layouts: which keys type a character. The guest has one of its own, and what is typed from
 * outside goes through the same. */
#ifndef MUNIMENT_DESK_LAYOUTS_H
#define MUNIMENT_DESK_LAYOUTS_H

#include <stdbool.h>
#include <stdint.h>

struct layout;

enum layout_level { LAYOUT_PLAIN, LAYOUT_SHIFT, LAYOUT_ALTGR, LAYOUT_LEVELS };

/* The key (a code of machine_key, emu/emu.h) that types a character, with what is held meanwhile. dead: it types an
 * accent only with the space bar after it. */
struct layout_key {
    uint8_t key;
    enum layout_level level;
    bool dead;
};

/* The layout of a name such as "de"; null: there is none. */
const struct layout *layout_find(const char *name);
/* By its place in LAYOUT_NAMES; null: there is none. */
const struct layout *layout_numbered(unsigned number);
/* That of the United States. */
const struct layout *layout_default(void);
/* The names, with spaces between. */
#define LAYOUT_NAMES "us uk de fr es it"

/* Finds the key of a code point that is not a control. False: no single key types it. */
bool layout_key_of(const struct layout *layout, uint32_t code, struct layout_key *key);
/* Parts a letter with an accent that the layout has as a dead key, such as U+00EA. False: it is none. */
bool layout_parts(const struct layout *layout, uint32_t code, uint32_t *accent, uint32_t *letter);

#endif
