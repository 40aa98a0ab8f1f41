/* bios.h - the firmware of the machine, as bytes.
 *
 * bios/ holds Muniment's own PC firmware, written from specifications: a system BIOS (64 KiB at F0000h) and a VGA BIOS
 * (32 KiB at C0000h). It is built from source by bios.mk for a 386 in real mode, on its own. The rest of the program
 * knows only the bytes kept in versions/; a manifest may name other firmware by its digest instead. What it offers to
 * a guest is written down in spec/firmware.md. Inside, one file holds one service:
 *
 *   hardware   rom.h (util.c, frame.S), bda.h, pci.h, processor.S, cmos.h, controller.c, memory.c, shadow.c, caches.c,
 * print.c POST       entry.S  post.c  pci_setup.c  option_rom.c  acpi.c  smbios.c and their tables starting   boot.c
 * INT 18h, 19h, the menu; eltorito.c a CD services   handlers.S  clock.c INT 1Ah, 70h  keyboard.c INT 09h, 16h  mouse.c
 * INT 15h/C2h, 74h  floppy.c INT 40h (13h), 0Eh  disk.c INT 13h edd.c INT 13h/41h-48h  ata.c  cdrom.c, cd_image.c,
 * atapi.c INT 13h for CDs  serial.c INT 14h  printer.c INT 17h, 05h system.c INT 15h  apm.c INT 15h/53h  pci_bios.c INT
 * 1Ah/B1h  bios32.S VGA BIOS   video_rom.S, video_init.c, video_entry.S, then video.c INT 10h; video_mode.c,
 * video_state.c 1Ch, text.c, palette.c 10h, font.c 11h, vbe.c 4Fh, vbe_window.c, vbe_protected.S, edid.c; below them
 * modes.c, video_tables.S, registers.c, dispi.c; for Cirrus chips ddc.c and cirrus.c in place of edid.c and dispi.c
 *
 * Calls go down: starting and POST call services, services call what is hardware, and nothing calls up
 * (tests/circles.py) */
#ifndef MUNIMENT_BIOS_H
#define MUNIMENT_BIOS_H

/* The bytes of version 0 in the program, by the names that desk/embedded.h knows them by. The system BIOS is mapped
 * at F0000h and, with its reset vector, at the top of the address space; the VGA BIOS is an option ROM, mapped at
 * C0000h. */
#define FIRMWARE_SYSTEM "firmware/system-0.bin"
#define FIRMWARE_VIDEO "firmware/video-0.bin"
#define FIRMWARE_VIDEO_CIRRUS "firmware/video-cirrus-0.bin"

#endif
