/* video_tables.h - fonts, and tables that guests read (video_tables.S). Each is an offset in the ROM. */
#ifndef BIOS_VIDEO_TABLES_H
#define BIOS_VIDEO_TABLES_H

extern const char font8x8[], font8x14[], font8x16[], save_pointers[], static_functions[];

#endif
