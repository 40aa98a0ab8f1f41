/* modes.h - the modes of the VGA, and the register values of each. */
#ifndef BIOS_MODES_H
#define BIOS_MODES_H

#include "bda.h"

/* One entry of the parameter table that the save pointer leads to (IBM PS/2 BIOS reference, INT 10h). */
struct video_parameters {
    uint8_t columns, last_row, char_height;
    uint16_t page_size;
    uint8_t sequencer[4], misc, crtc[25], attribute[20], graphics[9];
} __attribute__((packed));

_Static_assert(sizeof(struct video_parameters) == 64, "laid out by IBM");

enum video_kind { TEXT, CGA4, CGA2, PLANAR, LINEAR };
enum video_palette { PALETTE_EGA, PALETTE_CGA, PALETTE_MONO, PALETTE_256 };

/* A mode: how its memory is organised, and where its register values are for 400, 350 and 200 scan lines. */
struct video_mode {
    uint8_t number, kind, palette;
    uint16_t segment;
    uint8_t parameters[3];
    uint16_t colours;
    uint8_t pages, scan_lines; /* as INT 10h/1Bh codes them: 0-3 are 200, 350, 400, 480 */
};

/* A copy of the table's entry; false if there is no such mode. video_mode_now() is the mode that the data area
 * names. */
#define PARAMETER_ENTRIES 29
extern const ROM struct video_parameters video_parameters[PARAMETER_ENTRIES];
bool video_mode_find(uint8_t number, struct video_mode *mode);
void video_mode_now(struct video_mode *mode);

#endif
