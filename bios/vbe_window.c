/* vbe_window.c - VBE's window (VBE 3.0, function 05h): the 64 KiB bank DX. */
#include "vbe_window.h"

#include "dispi.h"

uint16_t vbe_window(struct regs *r)
{
    if (r->bl != 0 || r->bh > 1 || !(dispi_read(ENABLE_MODE) & DISPI_ENABLED))
        return VBE_FAILED;
    if (r->bh == 1) {
        r->dx = dispi_read(BANK);
        return VBE_OK;
    }
    if (r->dx >= dispi_memory())
        return VBE_FAILED;
    dispi_write(BANK, r->dx);
    return VBE_OK;
}
