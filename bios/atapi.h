/* atapi.h - a CD-ROM drive, blocks of 2,048 bytes; statuses are those of INT 13h. */
#ifndef BIOS_ATAPI_H
#define BIOS_ATAPI_H

#include "bda.h"

/* atapi_read() ignores the first `skip` bytes of the blocks and stores the next `bytes`, both even. */
uint8_t atapi_ready(const struct disk *d);
uint8_t atapi_capacity(struct disk *d); /* blocks become its total */
uint8_t atapi_read(const struct disk *d, uint32_t block, uint16_t blocks, uint32_t skip, uint32_t bytes,
                   uint32_t address);
uint8_t atapi_lock(const struct disk *d, bool lock);
uint8_t atapi_eject(const struct disk *d);

#endif
