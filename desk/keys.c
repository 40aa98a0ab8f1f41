/* keys.c - a US keyboard. Codes are those of scan code set 1 (IBM PS/2 Hardware Interface Technical Reference,
 * "Keyboards"), bit 7 standing for the E0 prefix. */
#include "desk/keys.h"

#include <string.h>

enum { KEY_SHIFT = 0x2A };

/* Characters by code, without and with Shift; a space stands for a code that types none. */
static const char plain_characters[] = " \0331234567890-=\b\tqwertyuiop[]\n asdfghjkl;'` \\zxcvbnm,./";
static const char shifted_characters[] = "  !@#$%^&*()_+  QWERTYUIOP{}  ASDFGHJKL:\"~ |ZXCVBNM<>?";

static const struct {
    const char *name;
    uint8_t key;
} named_keys[] = {
    {"esc", 0x01},      {"backspace", 0x0E},   {"tab", 0x0F},     {"enter", 0x1C},      {"ctrl", 0x1D},
    {"shift", 0x2A},    {"rshift", 0x36},      {"alt", 0x38},     {"space", 0x39},      {"capslock", 0x3A},
    {"f1", 0x3B},       {"f2", 0x3C},          {"f3", 0x3D},      {"f4", 0x3E},         {"f5", 0x3F},
    {"f6", 0x40},       {"f7", 0x41},          {"f8", 0x42},      {"f9", 0x43},         {"f10", 0x44},
    {"f11", 0x57},      {"f12", 0x58},         {"numlock", 0x45}, {"scrolllock", 0x46}, {"kp7", 0x47},
    {"kp8", 0x48},      {"kp9", 0x49},         {"kpminus", 0x4A}, {"kp4", 0x4B},        {"kp5", 0x4C},
    {"kp6", 0x4D},      {"kpplus", 0x4E},      {"kp1", 0x4F},     {"kp2", 0x50},        {"kp3", 0x51},
    {"kp0", 0x52},      {"kpdot", 0x53},       {"kptimes", 0x37}, {"kpenter", 0x9C},    {"rctrl", 0x9D},
    {"kpslash", 0xB5},  {"printscreen", 0xB7}, {"ralt", 0xB8},    {"home", 0xC7},       {"up", 0xC8},
    {"pageup", 0xC9},   {"left", 0xCB},        {"right", 0xCD},   {"end", 0xCF},        {"down", 0xD0},
    {"pagedown", 0xD1}, {"ins", 0xD2},         {"del", 0xD3},     {"win", 0xDB},        {"rwin", 0xDC},
    {"menu", 0xDD},     {"pause", 0xE1},       {"minus", 0x0C},
};

/* The key that types a character in one of the two tables; 0 if none does. */
static uint8_t find_character(const char *table, char character)
{
    const char *at = character && character != ' ' ? strchr(table, character) : NULL;

    return at ? (uint8_t)(at - table) : 0;
}

size_t keys_for_character(char character, struct key_event events[KEYS_PER_CHARACTER])
{
    uint8_t key = character == ' ' ? 0x39 : find_character(plain_characters, character);
    bool shift = key == 0;
    size_t count = 0;

    if (shift)
        key = find_character(shifted_characters, character);
    if (key == 0)
        return 0;
    if (shift)
        events[count++] = (struct key_event){KEY_SHIFT, true};
    events[count++] = (struct key_event){key, true};
    events[count++] = (struct key_event){key, false};
    if (shift)
        events[count++] = (struct key_event){KEY_SHIFT, false};
    return count;
}

/* The key of a name, or of a single character that a key types without Shift; 0 if there is none. */
static uint8_t find_key(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(named_keys) / sizeof(named_keys[0]); i++)
        if (strlen(named_keys[i].name) == length && !memcmp(named_keys[i].name, name, length))
            return named_keys[i].key;
    return length == 1 && *name > ' ' ? find_character(plain_characters, *name) : 0;
}

size_t keys_for_chord(const char *name, size_t length, struct key_event events[KEYS_PER_CHORD])
{
    const char *end = name + length;
    size_t count = 0;

    for (;;) {
        const char *dash = memchr(name, '-', (size_t)(end - name));
        const char *stop = dash ? dash : end;
        uint8_t key = find_key(name, (size_t)(stop - name));
        if (key == 0 || count == KEYS_PER_CHORD / 2)
            return 0;
        events[count++] = (struct key_event){key, true};
        if (!dash)
            break;
        name = dash + 1;
    }
    for (size_t i = 0; i < count; i++)
        events[count + i] = (struct key_event){events[count - 1 - i].key, false};
    return 2 * count;
}
