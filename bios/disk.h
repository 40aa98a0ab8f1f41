/* disk.h - disks: what POST finds. */
#ifndef BIOS_DISK_H
#define BIOS_DISK_H

void disks_init(void);

#endif
