/* registers.c - the VGA's registers: indexed ones, the CRTC wherever the mode has it, and the attribute controller. */
#include "registers.h"

#include "bda.h"

enum { VIDEO_ON = 0x20 };

void register_write(uint16_t port, uint8_t index, uint8_t v)
{
    outw(port, v << 8 | index);
}

uint8_t register_read(uint16_t port, uint8_t index)
{
    outb(port, index);
    return inb(port + 1);
}

void crtc_write(uint8_t index, uint8_t v)
{
    register_write(bda_get(crtc_port), index, v);
}

uint8_t crtc_read(uint8_t index)
{
    return register_read(bda_get(crtc_port), index);
}

/* The attribute controller takes index and value at one port; reading input status 1 makes the next write an index. */
void attribute_reset(void)
{
    inb(bda_get(crtc_port) + 6);
}

/* Both leave the screen off, until attribute_screen_on(). */
uint8_t attribute_read(uint8_t index)
{
    attribute_reset();
    outb(ATTRIBUTE, index);
    uint8_t v = inb(ATTRIBUTE_READ);
    attribute_reset();
    return v;
}

void attribute_write(uint8_t index, uint8_t v)
{
    attribute_reset();
    outb(ATTRIBUTE, index);
    outb(ATTRIBUTE, v);
}

void attribute_screen_on(void)
{
    attribute_reset();
    outb(ATTRIBUTE, VIDEO_ON);
}
