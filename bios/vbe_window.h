/* vbe_window.h - VBE's window, by INT 10h/4F05h and by the far function of a mode. */
#ifndef BIOS_VBE_WINDOW_H
#define BIOS_VBE_WINDOW_H

#include "rom.h"

enum { VBE_OK = 0x004F, VBE_FAILED = 0x014F, VBE_NOT_SUPPORTED = 0x024F, VBE_NOT_IN_THIS_MODE = 0x034F };
enum { VBE_MODE = 0x7F }; /* 40:49 while a mode of VBE's is set: text functions are not for it */

uint16_t vbe_window(struct regs *r);

/* vbe_protected.S: the far function, code for protected mode, data. */
extern const char vbe_protected[], vbe_protected_end[], vbe_window_entry[], vbe_oem_name[], vbe_revision[];
extern const ROM uint32_t vbe_frame_buffer;

#endif
