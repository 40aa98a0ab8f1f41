/* bda.h - the BIOS data area at 0040:0000 and the extended one at the top of base memory (IBM PS/2 and PC BIOS
 * Interface Technical Reference, section 3). Both are read by guests; the comment on each field is its offset. */
#ifndef BIOS_BDA_H
#define BIOS_BDA_H

#include "rom.h"

struct bda {
    uint16_t com[4];             /* 00  serial ports */
    uint16_t lpt[3];             /* 08  printer ports */
    uint16_t ebda;               /* 0E  segment of the EBDA */
    uint16_t equipment;          /* 10 */
    uint8_t post_status;         /* 12 */
    uint16_t memory_kib;         /* 13 */
    uint16_t reserved15;         /* 15 */
    uint8_t kbd_flags;           /* 17 */
    uint8_t kbd_flags2;          /* 18 */
    uint8_t alt_number;          /* 19  Alt-numpad accumulator */
    uint16_t kbd_head;           /* 1A */
    uint16_t kbd_tail;           /* 1C */
    uint16_t kbd_buffer[16];     /* 1E */
    uint8_t fd_calibrated;       /* 3E  bit 7: the controller interrupted */
    uint8_t fd_motors;           /* 3F */
    uint8_t fd_motor_ticks;      /* 40 */
    uint8_t fd_status;           /* 41 */
    uint8_t fd_result[7];        /* 42 */
    uint8_t video_mode;          /* 49 */
    uint16_t video_columns;      /* 4A */
    uint16_t video_page_size;    /* 4C */
    uint16_t video_page_start;   /* 4E */
    uint16_t cursor[8];          /* 50  row, column of each page */
    uint16_t cursor_shape;       /* 60 */
    uint8_t video_page;          /* 62 */
    uint16_t crtc_port;          /* 63 */
    uint8_t cga_mode;            /* 65  what a CGA's mode register would hold */
    uint8_t cga_palette;         /* 66 */
    uint16_t resume_offset;      /* 67  where to continue after a processor reset */
    uint16_t resume_segment;     /* 69 */
    uint8_t last_irq;            /* 6B  unexpected interrupt */
    uint32_t ticks;              /* 6C */
    uint8_t midnight;            /* 70 */
    uint8_t ctrl_break;          /* 71 */
    uint16_t reset_flag;         /* 72  1234h: warm start */
    uint8_t hd_status;           /* 74 */
    uint8_t hd_count;            /* 75 */
    uint16_t hd_reserved;        /* 76 */
    uint8_t lpt_timeout[4];      /* 78 */
    uint8_t com_timeout[4];      /* 7C */
    uint16_t kbd_start;          /* 80 */
    uint16_t kbd_end;            /* 82 */
    uint8_t video_rows;          /* 84  rows - 1 */
    uint16_t char_height;        /* 85 */
    uint8_t video_control;       /* 87 */
    uint8_t video_switches;      /* 88 */
    uint8_t vga_flags;           /* 89 */
    uint8_t display_code;        /* 8A */
    uint8_t fd_last_rate;        /* 8B */
    uint8_t hd_ata_status;       /* 8C */
    uint8_t hd_ata_error;        /* 8D */
    uint8_t hd_interrupt;        /* 8E  FFh: the drive interrupted */
    uint8_t fd_present;          /* 8F */
    uint8_t fd_media[4];         /* 90  rate, double step, established */
    uint8_t fd_cylinder[2];      /* 94 */
    uint8_t kbd_flags3;          /* 96 */
    uint8_t kbd_leds;            /* 97 */
    uint16_t wait_offset;        /* 98  flag to set when a wait ends */
    uint16_t wait_segment;       /* 9A */
    uint32_t wait_us;            /* 9C */
    uint8_t wait_active;         /* A0 */
    uint8_t reserved_a1[7];      /* A1 */
    uint16_t video_save_offset;  /* A8  video save pointer table */
    uint16_t video_save_segment; /* AA */
} __attribute__((packed));

_Static_assert(offsetof(struct bda, cursor_shape) == 0x60 && offsetof(struct bda, ticks) == 0x6C &&
                   offsetof(struct bda, char_height) == 0x85 && offsetof(struct bda, wait_us) == 0x9C &&
                   sizeof(struct bda) == 0xAC,
               "the BIOS data area is laid out by IBM");

/* One field, or one element of a field: bda_get(cursor[page]), bda_put(ticks, 0). */
#define BDA_SIZE(field) sizeof(((struct bda *)0)->field)
#define BDA_ADDRESS(field) (0x400 + offsetof(struct bda, field))
#define bda_get(field) BY_SIZE(low_get, BDA_SIZE(field))(BDA_ADDRESS(field))
#define bda_put(field, v) BY_SIZE(low_put, BDA_SIZE(field))(BDA_ADDRESS(field), v)

/* What the firmware knows of an ATA disk. */
struct disk {
    uint16_t base, control; /* command block; device control register */
    uint8_t select;         /* A0h or B0h */
    uint8_t flags;          /* DISK_ */
    uint16_t cylinders;     /* the drive's own default geometry */
    uint8_t heads, sectors;
    uint16_t logical_cylinders; /* what INT 13h shows */
    uint8_t logical_heads, logical_sectors;
    uint32_t total; /* sectors in all */
} __attribute__((packed));

enum { DISK_LBA = 1, DISK_LBA48 = 2, DISK_TRANSLATED = 4, DISK_PACKET = 8 };

#define MAX_DISKS 4

/* The boot image of a CD, in the form of the specification packet of INT 13h/4Bh (El Torito 1.0, figure 7). */
struct cd_image {
    uint8_t size, media, drive, controller;
    uint32_t block; /* where it begins, in blocks of 2,048 bytes */
    uint16_t device, buffer, segment, count;
    uint8_t last_cylinder, sectors, last_head; /* as INT 13h/08h returns them in CH, CL, DH */
} __attribute__((packed));

_Static_assert(sizeof(struct cd_image) == 0x13, "laid out by El Torito");

struct ebda {
    uint8_t kib; /* 00  size */
    uint8_t reserved01[0x21];
    uint16_t mouse_handler[2]; /* 22  what INT 15h/C207h set, and the rest of the pointing device, as on a PS/2 */
    uint8_t mouse_count;       /* 26  bytes of a report that have come */
    uint8_t mouse_flags;       /* 27  bit 7: there is a handler; 0-2: bytes of a report, less one */
    uint8_t mouse_data[8];     /* 28 */
    uint8_t reserved30[0x0D];
    uint8_t fdpt[2][16]; /* 3D  fixed disk parameter tables of INT 41h and 46h */
    uint8_t dpte[16];    /* 5D  device parameter table extension of the last INT 13h/48h */
    uint8_t boot_next;   /* 6D  place in the boot order where INT 18h continues */
    uint8_t fd_type[2];  /* 6E  drive types from CMOS */
    struct disk disks[MAX_DISKS];
    uint16_t boot_entry[2]; /* offset and segment of the option ROM that boots from the network */
    uint16_t boot_function; /* and its PCI function */
    struct disk cdroms[MAX_DISKS];
    uint8_t cd_count, cd_changed, cd_locked; /* drives; one bit for each: a new medium, a locked one */
    uint16_t cd_equipment;                   /* 40:10 without the floppy that an image stands for */
    struct cd_image cd_image;                /* size 0: not booted from CD */
    uint8_t apm_connection;                  /* 0: none, 1 to 3: as the function of INT 15h/53h that made it */
    uint8_t acpi_kib;                        /* memory that ACPI takes, at its end */
    uint8_t reserved[0x200 - 0x76 - 2 * MAX_DISKS * sizeof(struct disk) - 7 - sizeof(struct cd_image)];
    uint8_t sector[512]; /* 200 scratch */
} __attribute__((packed));

_Static_assert(offsetof(struct ebda, mouse_handler) == 0x22 && offsetof(struct ebda, fdpt) == 0x3D &&
                   sizeof(struct ebda) == 1024,
               "the EBDA is 1 KiB");

#define EBDA_OFFSET(field) ((uint16_t)offsetof(struct ebda, field))

#endif
