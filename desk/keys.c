/* keys.c - the keys of a keyboard. Codes are those of scan code set 1 (IBM PS/2 Hardware Interface Technical Reference,
 * "Keyboards"), bit 7 standing for the E0 prefix. */
#include "desk/keys.h"

#include <string.h>

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

/* What is held for each level. */
static const uint8_t level_keys[LAYOUT_LEVELS] = {[LAYOUT_SHIFT] = KEY_SHIFT, [LAYOUT_ALTGR] = KEY_RIGHT_ALT};

static size_t press(uint8_t key, uint8_t held, struct key_event *events)
{
    size_t count = 0;

    if (held)
        events[count++] = (struct key_event){held, true};
    events[count++] = (struct key_event){key, true};
    events[count++] = (struct key_event){key, false};
    if (held)
        events[count++] = (struct key_event){held, false};
    return count;
}

size_t keys_for_character(const struct layout *layout, uint32_t code, struct key_event events[KEYS_PER_CHARACTER])
{
    static const struct {
        char character;
        uint8_t key;
    } controls[] = {{'\n', 0x1C}, {'\t', 0x0F}, {'\b', 0x0E}, {'\033', 0x01}};
    struct layout_key key;
    uint32_t accent, letter;

    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (code == (uint32_t)controls[i].character)
            return press(controls[i].key, 0, events);
    if (code < 0x20)
        return 0;
    if (layout_key_of(layout, code, &key)) {
        size_t count = press(key.key, level_keys[key.level], events);
        return key.dead ? count + press(0x39, 0, events + count) : count;
    }
    if (!layout_parts(layout, code, &accent, &letter) || !layout_key_of(layout, accent, &key))
        return 0;
    size_t count = press(key.key, level_keys[key.level], events);
    return layout_key_of(layout, letter, &key) ? count + press(key.key, level_keys[key.level], events + count) : 0;
}

/* The key of a name, or of a single character that a key of a US keyboard types without Shift; 0 if
 * there is none. */
static uint8_t find_key(const char *name, size_t length)
{
    struct layout_key key;

    for (size_t i = 0; i < sizeof(named_keys) / sizeof(named_keys[0]); i++)
        if (strlen(named_keys[i].name) == length && !memcmp(named_keys[i].name, name, length))
            return named_keys[i].key;
    return length == 1 && *name > ' ' && layout_key_of(layout_default(), (uint8_t)*name, &key) &&
                   key.level == LAYOUT_PLAIN
               ? key.key
               : 0;
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
