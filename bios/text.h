/* text.h - characters, scrolling, cursor, pages and pixels. A place is row and column as DH and DL have them. */
#ifndef BIOS_TEXT_H
#define BIOS_TEXT_H

#include "rom.h"

void cursor_shape_set(uint16_t shape);
void cursor_place_set(uint8_t page, uint16_t place);
void page_set(uint8_t page);
void teletype(uint8_t page, uint8_t c, uint8_t attribute, bool with_attribute);
void scroll(struct regs *r, bool down);
void character_read(struct regs *r);
void character_write(struct regs *r, bool with_attribute);
void string_write(struct regs *r);
void pixel_write(struct regs *r);
void pixel_read(struct regs *r);

#endif
