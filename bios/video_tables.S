/* video_tables.S - fonts, and tables that guests read. */
        .code16
        .text
/* 40:A8 leads to these: parameter table, and a second table with the display combinations. */
        .globl  save_pointers, static_functions
        .type   save_pointers, @object
        .type   second_pointers, @object
save_pointers:
        .word   video_parameters, 0xC000
        .word   0, 0, 0, 0, 0, 0
        .word   second_pointers, 0xC000
        .word   0, 0, 0, 0
second_pointers:
        .word   26
        .word   display_codes, 0xC000
        .word   0, 0, 0, 0, 0, 0, 0, 0, 0, 0
display_codes:
        .byte   2, 1, 8, 0              /* entries, version, highest code */
        .byte   0, 0, 0, 8              /* nothing; VGA with a colour display */

/* INT 10h/1Bh: modes 0-7, 0Dh-13h; 200, 350 and 400 lines; 8 font blocks, 2 at once; what 12h, 10h and 1Ch can do. */
static_functions:
        .byte   0xFF, 0xE0, 0x0F, 0, 0, 0, 0, 0x07, 8, 2, 0xFF, 0x0E, 0, 0, 0, 0

        .globl  font8x8, font8x14, font8x16
font8x8:
        .include "font8x8.inc"
font8x8_upper:
        .include "font8x8_upper.inc"
font8x14:
        .include "font8x14.inc"
font8x16:
        .include "font8x16.inc"
