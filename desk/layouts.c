/* layouts.c - see layouts.h. A row of a layout is what its keys type from left to right; a space stands for nothing.
 * They are the layouts of the IBM Enhanced Keyboard as DOS and Windows have them. */
#include "desk/layouts.h"

#include <stddef.h>
#include <string.h>

#include "formats/plain.h"

enum { ROWS = 4 };

static const struct {
    uint8_t first, last; /* codes of its keys, */
    uint8_t also;        /* and one more: at its beginning if it is the first row or the last, else at its end */
} rows[ROWS] = {{0x02, 0x0D, 0x29}, {0x10, 0x1B, 0}, {0x1E, 0x28, 0x2B}, {0x2C, 0x35, 0x56}};

struct layout {
    const char *name;
    const char *dead; /* characters whose keys are dead */
    const char *types[LAYOUT_LEVELS][ROWS];
};

/* clang-format off */
static const struct layout layouts[] = {
    { "us", "",
      { { "`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", " zxcvbnm,./" },
        { "~!@#$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:\"|", " ZXCVBNM<>?" },
        { "", "", "", "" } } },
    { "uk", "",
      { { "`1234567890-=", "qwertyuiop[]", "asdfghjkl;'#", "\\zxcvbnm,./" },
        { "¬!\"£$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:@~", "|ZXCVBNM<>?" },
        { "¦   €", "  é   úíó", "á", "" } } },
    { "de", "^´`",
      { { "^1234567890ß´", "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-" },
        { "°!\"§$%&/()=?`", "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_" },
        { "  ²³   {[]}\\", "@ €        ~", "", "|      µ" } } },
    { "fr", "^¨",
      { { "²&é\"'(-è_çà)=", "azertyuiop^$", "qsdfghjklmù*", "<wxcvbn,;:!" },
        { " 1234567890°+", "AZERTYUIOP¨£", "QSDFGHJKLM%µ", ">WXCVBN?./§" },
        { "  ~#{[|`\\^@]}", "  €        ¤", "", "" } } },
    { "es", "`^´¨",
      { { "º1234567890'¡", "qwertyuiop`+", "asdfghjklñ´ç", "<zxcvbnm,.-" },
        { "ª!\"·$%&/()=?¿", "QWERTYUIOP^*", "ASDFGHJKLÑ¨Ç", ">ZXCVBNM;:_" },
        { "\\|@#~€¬", "  €       []", "          {}", "" } } },
    { "it", "",
      { { "\\1234567890'ì", "qwertyuiopè+", "asdfghjklòàù", "<zxcvbnm,.-" },
        { "|!\"£$%&/()=?^", "QWERTYUIOPé*", "ASDFGHJKLç°§", ">ZXCVBNM;:_" },
        { "", "  €       []", "         @#", "" } } },
};
/* clang-format on */

/* Letters with the accent before them. */
static const struct {
    const char *accent, *letters, *whole;
} compositions[] = {
    {"^", "aeiouAEIOU", "âêîôûÂÊÎÔÛ"},
    {"´", "aeiouyAEIOUY", "áéíóúýÁÉÍÓÚÝ"},
    {"`", "aeiouAEIOU", "àèìòùÀÈÌÒÙ"},
    {"¨", "aeiouyAEIOU", "äëïöüÿÄËÏÖÜ"},
};

const struct layout *layout_find(const char *name)
{
    if (!strcmp(name, "gb")) /* as XKB has it */
        name = "uk";
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (!strcmp(layouts[i].name, name))
            return &layouts[i];
    return NULL;
}

const struct layout *layout_numbered(unsigned number)
{
    return number < sizeof layouts / sizeof *layouts ? &layouts[number] : NULL;
}

const struct layout *layout_default(void)
{
    return layouts;
}

/* The place of a character in a text, or -1. */
static int place_of(const char *text, uint32_t code)
{
    uint32_t found;

    for (int place = 0; *text && utf8_next(&text, &found); place++)
        if (found == code)
            return place;
    return -1;
}

static uint8_t key_at(unsigned row, unsigned place)
{
    if (rows[row].also && rows[row].also != 0x2B)
        return place == 0 ? rows[row].also : (uint8_t)(rows[row].first + place - 1);
    return rows[row].first + place <= rows[row].last ? (uint8_t)(rows[row].first + place) : rows[row].also;
}

bool layout_key_of(const struct layout *layout, uint32_t code, struct layout_key *key)
{
    if (code == ' ') {
        *key = (struct layout_key){0x39, LAYOUT_PLAIN, false};
        return true;
    }
    for (unsigned level = 0; level < LAYOUT_LEVELS; level++) {
        for (unsigned row = 0; row < ROWS; row++) {
            int place = place_of(layout->types[level][row], code);
            if (place < 0)
                continue;
            *key = (struct layout_key){key_at(row, (unsigned)place), (enum layout_level)level,
                                       level != LAYOUT_ALTGR && place_of(layout->dead, code) >= 0};
            return true;
        }
    }
    return false;
}

bool layout_parts(const struct layout *layout, uint32_t code, uint32_t *accent, uint32_t *letter)
{
    for (size_t i = 0; i < sizeof compositions / sizeof *compositions; i++) {
        int place = place_of(compositions[i].whole, code);
        const char *at = compositions[i].accent;
        if (place < 0 || !utf8_next(&at, accent) || place_of(layout->dead, *accent) < 0)
            continue;
        *letter = (uint8_t)compositions[i].letters[place];
        return true;
    }
    return false;
}
