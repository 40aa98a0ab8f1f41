/* video_state.h - INT 10h/1Ch: states are saved and restored, as AL, BX, CX and ES say. */
#ifndef BIOS_VIDEO_STATE_H
#define BIOS_VIDEO_STATE_H

#include "rom.h"

void video_state(struct regs *r);

#endif
