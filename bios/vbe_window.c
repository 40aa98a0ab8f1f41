/* vbe_window.c - VBE's window (VBE 3.0, function 05h): the 64 KiB bank DX. Programs in virtual-8086 mode call this for
 * each 64 KiB that they draw, and each port that it touches is trapped: so it asks the data area, and the interface
 * only whether it took the bank. */
#include "vbe_window.h"

#include "bda.h"
#include "dispi.h"

uint16_t vbe_window(struct regs *r)
{
    if (r->bl != 0 || r->bh > 1 || (bda_get(video_mode) != VBE_MODE && !(dispi_read(ENABLE_MODE) & DISPI_ENABLED)))
        return VBE_FAILED;
    if (r->bh == 1) {
        r->dx = dispi_read(BANK);
        return VBE_OK;
    }
    return dispi_write_checked(BANK, r->dx) ? VBE_OK : VBE_FAILED;
}
