/* video_mode.h - setting a VGA mode. */
#ifndef BIOS_VIDEO_MODE_H
#define BIOS_VIDEO_MODE_H

#include "rom.h"

/* As INT 10h/00h does; bit 7 keeps the memory. */
void video_mode_set(uint8_t number);

/* For the number of scan lines that function 12h/30h chose: the place in a mode's `parameters`, 0 to 2 for 400, 350,
 * 200. */
uint8_t video_lines_choice(void);

enum { LINES_200 = 0x80, LINES_400 = 0x10, NO_PALETTE = 0x08, GREY = 0x02, ACTIVE = 0x01 }; /* 40:89 */
enum { KEEP_MEMORY = 0x80, MEMORY_256K = 0x60, NO_CURSOR_EMULATION = 0x01 };                /* 40:87 */
enum { SCREEN_OFF = 0x20 };                                                                 /* sequencer 1 */

#endif
