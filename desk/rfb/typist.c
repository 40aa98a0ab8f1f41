/* typist.c - see typist.h. A symbol names a character, and the guest makes it of a key and of what is held meanwhile:
 * if the viewer's user holds other keys than the guest's layout asks for, they are let go or pressed for that moment.
 */
#include "desk/rfb/typist.h"

#include <stddef.h>
#include <string.h>

#include "desk/keys.h"

/* Keys that have a symbol whatever the layout (X11, keysymdef.h). */
static const struct {
    uint16_t first, last; /* symbols */
    uint8_t keys[12];     /* of each */
} fixed[] = {
    {0xFE03, 0xFE03, {KEY_RIGHT_ALT}},                                  /* ISO level 3 shift */
    {0xFE20, 0xFE20, {0x0F}},                                           /* ISO left tab */
    {0xFF08, 0xFF09, {0x0E, 0x0F}},                                     /* Backspace, Tab */
    {0xFF0D, 0xFF0D, {0x1C}},                                           /* Return */
    {0xFF13, 0xFF15, {0xE1, 0x46, 0xB7}},                               /* Pause, Scroll Lock, Sys Req */
    {0xFF1B, 0xFF1B, {0x01}},                                           /* Escape */
    {0xFF50, 0xFF57, {0xC7, 0xCB, 0xC8, 0xCD, 0xD0, 0xC9, 0xD1, 0xCF}}, /* Home, arrows, pages, End */
    {0xFF61, 0xFF63, {0xB7, 0, 0xD2}},                                  /* Print, -, Insert */
    {0xFF67, 0xFF67, {0xDD}},                                           /* Menu */
    {0xFF6B, 0xFF6B, {0xE1}},                                           /* Break */
    {0xFF7E, 0xFF7F, {KEY_RIGHT_ALT, 0x45}},                            /* mode switch, Num Lock */
    {0xFF8D, 0xFF8D, {0x9C}},                                           /* keypad: Enter */
    {0xFF95, 0xFF9F, {0x47, 0x4B, 0x48, 0x4D, 0x50, 0x49, 0x51, 0x4F, 0x4C, 0x52, 0x53}},       /* Home to Delete */
    {0xFFAA, 0xFFAF, {0x37, 0x4E, 0x53, 0x4A, 0x53, 0xB5}},                                     /* * + , - . / */
    {0xFFB0, 0xFFB9, {0x52, 0x4F, 0x50, 0x51, 0x4B, 0x4C, 0x4D, 0x47, 0x48, 0x49}},             /* 0 to 9 */
    {0xFFBE, 0xFFC9, {0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x40, 0x41, 0x42, 0x43, 0x44, 0x57, 0x58}}, /* F1 to F12 */
    {0xFFE1, 0xFFE5, {KEY_SHIFT, KEY_RIGHT_SHIFT, 0x1D, 0x9D, 0x3A}},                           /* Shift to Caps Lock */
    {0xFFE7, 0xFFEC, {0xDB, 0xDC, 0x38, KEY_RIGHT_ALT, 0xDB, 0xDC}},                            /* Meta, Alt, Super */
    {0xFFFF, 0xFFFF, {0xD3}},                                                                   /* Delete */
};

static uint8_t fixed_key(uint32_t symbol)
{
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (symbol >= fixed[i].first && symbol <= fixed[i].last)
            return fixed[i].keys[symbol - fixed[i].first];
    return 0;
}

/* The character that a symbol stands for; 0: none that we know. */
static uint32_t character_of(uint32_t symbol)
{
    static const struct {
        uint16_t symbol, code;
    } others[] = {{0xFE50, '`'},  {0xFE51, 0xB4},   {0xFE52, '^'},  {0xFE53, '~'},
                  {0xFE57, 0xA8}, {0x20AC, 0x20AC}, {0x13BE, 0x178}};

    if ((symbol >= 0x20 && symbol < 0x7F) || (symbol >= 0xA0 && symbol <= 0xFF))
        return symbol;
    if (symbol >= 0x01000100 && symbol <= 0x0110FFFF)
        return symbol - 0x01000000;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].symbol == symbol)
            return others[i].code;
    return 0;
}

void typist_key(struct typist *t, uint8_t key, bool down)
{
    if (!key || (!down && !t->down[key]))
        return;
    t->down[key] = down;
    t->key(t->context, key, down);
}

void typist_rest(struct typist *t)
{
    memset(t->symbols, 0, sizeof t->symbols);
    for (unsigned key = 0; key < 256; key++)
        typist_key(t, (uint8_t)key, false);
}

static bool is_letter(uint32_t code)
{
    return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
           (code >= 0xC0 && code <= 0xFE && code != 0xD7 && code != 0xDF && code != 0xF7);
}

/* Presses a key with what it takes, and leaves all but the key as it was. */
static void press(struct typist *t, const struct layout_key *key, bool flip)
{
    static const uint8_t shifts[2] = {KEY_SHIFT, KEY_RIGHT_SHIFT};
    const bool was[2] = {t->down[KEY_SHIFT], t->down[KEY_RIGHT_SHIFT]}, altgr = t->down[KEY_RIGHT_ALT];
    const bool shift = (key->level == LAYOUT_SHIFT) != flip, wants_altgr = key->level == LAYOUT_ALTGR && !altgr;
    const bool free = key->key == 0x39; /* the space bar is one in every level */

    if (!free && shift && !was[0] && !was[1])
        typist_key(t, KEY_SHIFT, true);
    for (unsigned i = 0; i < 2 && !free && !shift; i++)
        typist_key(t, shifts[i], false);
    if (wants_altgr)
        typist_key(t, KEY_RIGHT_ALT, true);
    typist_key(t, key->key, true);
    if (wants_altgr)
        typist_key(t, KEY_RIGHT_ALT, false);
    for (unsigned i = 0; i < 2; i++)
        if (t->down[shifts[i]] != was[i])
            typist_key(t, shifts[i], was[i]);
}

/* Presses what types a character; returns the key that stays down, or 0. */
static uint8_t press_character(struct typist *t, uint32_t code, bool caps_lock)
{
    struct layout_key key;
    uint32_t accent, letter;

    if (layout_key_of(t->layout, code, &key)) {
        press(t, &key, caps_lock && is_letter(code));
        return key.key;
    }
    if (!layout_parts(t->layout, code, &accent, &letter) || !layout_key_of(t->layout, accent, &key))
        return 0;
    press(t, &key, false);
    typist_key(t, key.key, false);
    if (!layout_key_of(t->layout, letter, &key))
        return 0;
    press(t, &key, caps_lock);
    return key.key;
}

/* The symbol among those that are down, or a free place, or null. */
static struct typist_symbol *find(struct typist *t, uint32_t symbol)
{
    for (size_t i = 0; i < TYPIST_SYMBOLS; i++)
        if (t->symbols[i].symbol == symbol)
            return &t->symbols[i];
    return NULL;
}

void typist_symbol(struct typist *t, uint32_t symbol, bool down, bool caps_lock)
{
    struct typist_symbol *place = symbol ? find(t, symbol) : NULL;
    uint8_t key = fixed_key(symbol);
    uint32_t code = character_of(symbol);

    if (!down) {
        if (place)
            typist_key(t, place->key, false);
        if (place)
            *place = (struct typist_symbol){0};
        return;
    }
    if (!place)
        place = find(t, 0);
    if (!place)
        return;
    if (key)
        typist_key(t, key, true);
    else if (code)
        key = press_character(t, code, caps_lock);
    if (key)
        *place = (struct typist_symbol){symbol, key};
    else
        t->lost++;
}
