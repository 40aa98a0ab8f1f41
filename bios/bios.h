/* bios.h - the firmware of the machine, as bytes.
 *
 * bios/ holds Muniment's own PC firmware, written from specifications: a system BIOS (64 KiB at F0000h) and a VGA BIOS
 * (32 KiB at C0000h). It is built from source by bios.mk for a 386 in real mode, on its own. The rest of the program knows only
 * the bytes kept in versions/; a manifest may name other firmware by its digest instead. What it offers to
 * a guest is written down in spec/firmware.md. Inside, one file holds one service:
 *
 *   entry.S    reset, fixed entry points, timer, small services          video_entry.S  option ROM header, mode of entry
 *   bios32.S   BIOS32 directory, $PnP     disk.c     INT 13h              video.c        INT 10h dispatch, mode setting
 *   post.c     power-on, IVT, sign-on     edd.c      INT 13h/41h-48h      text.c         text services, scrolling, pixels
 *   shadow.c   RAM in place of ROM        ata.c      the ATA drive        palette.c      attribute controller and DAC
 *   pci.c      addresses, interrupts      atapi.c    the CD-ROM drive     font.c         character generators
 *   pci_bios.c INT 1Ah/B1h                cdrom.c    INT 13h for CDs      modes.c        register tables
 *   option_rom.c ROMs of cards            eltorito.c starting from a CD   vbe.c          INT 10h/4Fh, vbe_protected.S
 *   boot.c     INT 18h, 19h, menu         floppy.c   INT 40h (13h), 0Eh   caches.c       memory types, caches
 *   keyboard.c INT 09h, 16h               serial.c   INT 14h
 *   mouse.c    INT 15h/C2h, 74h           printer.c  INT 17h, 05h
 *   clock.c    INT 1Ah, 70h               system.c   INT 15h              apm.c          INT 15h/53h, apm_entry.S
 *   acpi.c, smbios.c with acpi_tables.S, smbios_tables.S   tables that POST leaves in memory
 *   frame.S, rom.h, bda.h, util.c         shared by both images; pci.h configuration space */
#ifndef MUNIMENT_BIOS_H
#define MUNIMENT_BIOS_H

/* The bytes of version 0 in the program, by the names that desk/embedded.h knows them by. The system BIOS is mapped at F0000h and, with its
 * reset vector, at the top of the address space; the VGA BIOS is an option ROM, mapped at C0000h. */
#define FIRMWARE_SYSTEM "firmware/system-0.bin"
#define FIRMWARE_VIDEO "firmware/video-0.bin"

#endif
