/* dispi.c - the display interface of Bochs. */
#include "dispi.h"

enum { DISPI_INDEX = 0x1CE, DISPI_DATA = 0x1CF, DEFAULT_64K = 64 };

uint16_t dispi_read(uint8_t index)
{
    outw(DISPI_INDEX, index);
    return inw(DISPI_DATA);
}

void dispi_write(uint8_t index, uint16_t v)
{
    outw(DISPI_INDEX, index);
    outw(DISPI_DATA, v);
}

bool dispi_write_checked(uint8_t index, uint16_t v)
{
    dispi_write(index, v);
    return inw(DISPI_DATA) == v;
}

/* The latest interface is asked for; what can be had is read back. */
bool dispi_present(void)
{
    dispi_write(ID, DISPI_LATEST);
    uint16_t id = dispi_read(ID);
    return id >= DISPI_LFB && id <= 0xB0CF;
}

/* An interface that cannot say has 4 MiB. */
uint16_t dispi_memory(void)
{
    uint16_t v = dispi_read(MEMORY_64K);
    return v && v != 0xFFFF ? v : DEFAULT_64K;
}

void dispi_leave(void)
{
    dispi_write(ENABLE_MODE, 0);
}
