/* ata_state.c - what an ATA channel and its devices save. */
#include "emu/devices/ata_state.h"

/* clang-format off */
static const struct state_field ata_unit_state[] = {
    STATE(struct ata_unit, geometry.cylinders, U32, "IDENTIFY word 1"),
    STATE(struct ata_unit, geometry.heads, U32, "IDENTIFY word 3"),
    STATE(struct ata_unit, geometry.sectors, U32, "IDENTIFY word 6"),
    STATE(struct ata_unit, cylinders, U16, "cylinders of the current translation"),
    STATE(struct ata_unit, heads, U8, "heads of the current translation"),
    STATE(struct ata_unit, sectors, U8, "sectors per track of the current translation"),
    STATE_UP_TO(struct ata_unit, multiple, U8, ATA_MULTIPLE, "sectors per block of READ and WRITE MULTIPLE; 0: not set"),
    STATE(struct ata_unit, dma_mode, U8, "DMA transfer mode as SET FEATURES gave it; 0: none"),
    STATE(struct ata_unit, sense_key, U8, "ATAPI sense key"),
    STATE(struct ata_unit, sense_code, U8, "ATAPI additional sense code"),
    STATE(struct ata_unit, attention, U8, "ATAPI: additional sense code of the unit attention that waits; 0: none"),
    STATE(struct ata_unit, fresh, BOOL, "ATAPI: no command since the last reset; DRDY is clear"),
    STATE_BYTE_ARRAY(struct ata_unit, mode, "ATAPI: mode pages 01h, 0Dh and 0Eh"),
    STATE(struct ata_unit, locked, BOOL, "ATAPI: removal is prevented"),
    STATE(struct ata_unit, tray_open, BOOL, "ATAPI: the guest has opened the tray"),
    STATE(struct ata_unit, seen_media, U32, "ATAPI: media that the guest knows of"),
    STATE(struct ata_unit, media_event, U8, "ATAPI: media event to report: 2 new, 3 gone; 0: none"),
    STATE(struct ata_unit, power, U8, "CHECK POWER MODE: FFh active, 80h idle, 0 standby"),
    STATE(struct ata_unit, enabled, U8, "IDENTIFY word 85: bit 0 SMART, 5 write cache, 6 look-ahead"),
    STATE(struct ata_unit, keeps_settings, BOOL, "a software reset leaves these settings alone"),
    STATE_END
};

static const struct state_field ata_registers_state[] = {
    STATE(struct ata_registers, feature, U8, "Features register"),
    STATE(struct ata_registers, count, U8, "Sector Count register"),
    STATE(struct ata_registers, low, U8, "LBA Low (Sector Number) register"),
    STATE(struct ata_registers, mid, U8, "LBA Mid (Cylinder Low) register"),
    STATE(struct ata_registers, high, U8, "LBA High (Cylinder High) register"),
    STATE_END
};

const struct state_field ata_state[] = {
    STATE_TABLE(struct ata, unit, struct ata_unit, ata_unit_state, "device 0 and device 1"),
    STATE_TABLE(struct ata, now, struct ata_registers, ata_registers_state, "task file"),
    STATE_TABLE(struct ata, previous, struct ata_registers, ata_registers_state, "previous content of the task file (LBA48)"),
    STATE(struct ata, device, U8, "Device/Head register"),
    STATE(struct ata, control, U8, "Device Control register"),
    STATE(struct ata, status, U8, "Status register of the selected device, if there is one"),
    STATE(struct ata, error, U8, "Error register"),
    STATE(struct ata, command, U8, "command that runs or ran last"),
    STATE(struct ata, interrupt, BOOL, "interrupt pending"),
    STATE(struct ata, resetting, BOOL, "reset in progress"),
    STATE(struct ata, signature, BOOL, "the task file shows the kind of device"),
    STATE(struct ata, waits_for_dma, BOOL, "a DMA command waits for the bus master"),
    STATE_BYTE_ARRAY(struct ata, packet, "ATAPI command packet"),
    STATE(struct ata, chunk_limit, U16, "ATAPI: byte count that the host gave"),
    STATE_UP_TO(struct ata, chunk, U32, ATA_MULTIPLE * SECTOR_SIZE, "where in the buffer the data phase ends"),
    STATE(struct ata, sector, U64, "next sector of the running command"),
    STATE(struct ata, remaining, U32, "sectors of the running command not yet transferred"),
    STATE(struct ata, block, U32, "sectors of the block in the buffer"),
    STATE(struct ata, position, U32, "bytes of the buffer that the host has moved"),
    STATE_BUFFER(struct ata, buffer, length, "data phase, or what waits to be written"),
    STATE(struct ata, due_at, TICK, "the device is ready"),
    STATE_END
};
/* clang-format on */
