/* option_rom.h - option ROMs: the display's, then the others. */
#ifndef BIOS_OPTION_ROM_H
#define BIOS_OPTION_ROM_H

void video_rom_run(void);
void option_roms_run(void);

#endif
