/* entry.S - where the processor and old software enter the system BIOS: reset, INT 18h and 19h, and the entry points and tables at
 * the addresses that the IBM PC AT BIOS gave them, as many programs jump there. A section named .fixed.XXXX is placed at offset
 * XXXX by system.ld. */
        .code16

        .macro fixed address
        .section .fixed.\address, "ax"
        .endm

        .text
        .globl  post_entry
/* Power on and processor reset. CMOS 0Fh says whether a program only wanted to come back from protected mode. */
post_entry:
        cli
        cld
        movb    $0x8F, %al
        outb    %al, $0x70
        inb     $0x71, %al
        movb    %al, %bl
        movb    $0x8F, %al
        outb    %al, $0x70
        xorb    %al, %al
        outb    %al, $0x71
        movb    $0x0D, %al
        outb    %al, $0x70
        inb     $0x71, %al
        xorw    %ax, %ax
        movw    %ax, %ds
        cmpb    $0x05, %bl
        je      1f
        cmpb    $0x0A, %bl
        je      2f
        calll   set_firmware_segments
        jmp     post
1:      movb    $0x20, %al
        outb    %al, $0x20
2:      ljmpw   *0x467

/* INT 19h boots from the first device, INT 18h from the next one. */
        .globl  int18_entry, int19_entry
int18_entry:
        calll   set_firmware_segments
        jmp     boot_next
int19_entry:
        calll   set_firmware_segments
        jmp     boot_first

/* Real mode as C wants it, on a stack below the boot sector. Called with a 32-bit return address, keeps nothing. */
set_firmware_segments:
        cli
        cld
        popl    %edx
        xorl    %eax, %eax
        movw    %ax, %ss
        movl    $0x7C00, %esp
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %gs
        movw    %cs, %ax
        movw    %ax, %fs
        jmpl    *%edx

        fixed e05b
        jmp     post_entry
        fixed e2c3                      /* INT 02h */
        iretw
        fixed e3fe
        jmp     int13_entry

/* Fixed disk types of CMOS 12h, as in the IBM PC AT Technical Reference: 47 of 16 bytes. From 15 on they are empty: 47, which ours are, is
 * what the vectors 41h and 46h lead to. */
        .macro drive_type cylinders, heads, precompensation, control, landing
        .word   \cylinders
        .byte   \heads
        .word   0, \precompensation
        .byte   0, \control, 0, 0, 0
        .word   \landing
        .byte   17, 0
        .endm
        fixed e401
        drive_type 306, 4, 128, 0, 305
        drive_type 615, 4, 300, 0, 615
        drive_type 615, 6, 300, 0, 615
        drive_type 940, 8, 512, 0, 940
        drive_type 940, 6, 512, 0, 940
        drive_type 615, 4, 0xFFFF, 0, 615
        drive_type 462, 8, 256, 0, 511
        drive_type 733, 5, 0xFFFF, 0, 733
        drive_type 900, 15, 0xFFFF, 8, 901
        drive_type 820, 3, 0xFFFF, 0, 820
        drive_type 855, 5, 0xFFFF, 0, 855
        drive_type 855, 7, 0xFFFF, 0, 855
        drive_type 306, 8, 128, 0, 319
        drive_type 733, 7, 0xFFFF, 0, 733
        .fill   33 * 16, 1, 0

        fixed e6f2
        jmp     int19_entry

        fixed e6f5                      /* system configuration, INT 15h/C0h */
        .word   8
        .byte   0xFC, 0x01, 0x00        /* model AT, submodel, revision */
        .byte   0x74                    /* two 8259, RTC, INT 15h/4Fh, EBDA */
        .byte   0x40                    /* INT 16h/09h */
        .byte   0, 0, 0

        fixed e729                      /* divisors of 110 to 9,600 baud, INT 14h */
        .word   1047, 768, 384, 192, 96, 48, 24, 12
        fixed e739
        jmp     int14_entry
        fixed e82e
        jmp     int16_entry
        fixed e987
        jmp     int09_entry
        fixed ec59
        jmp     int40_entry
        fixed ef57
        jmp     int0e_entry

        fixed efc7                      /* diskette parameters, INT 1Eh */
        .byte   0xAF, 0x02, 37, 2, 18, 0x1B, 0xFF, 0x6C, 0xF6, 15, 8

        fixed efd2
        jmp     int17_entry
        fixed f045                      /* offsets of the video functions */
        .rept   16
        .word   0xF065
        .endr
        fixed f065                      /* INT 10h without a video BIOS */
        iretw

        fixed f0a4                      /* 6845 values for 40x25, 80x25, graphics and monochrome, INT 1Dh */
        .byte   0x38, 0x28, 0x2D, 0x0A, 0x1F, 6, 0x19, 0x1C, 2, 7, 6, 7, 0, 0, 0, 0
        .byte   0x71, 0x50, 0x5A, 0x0A, 0x1F, 6, 0x19, 0x1C, 2, 7, 6, 7, 0, 0, 0, 0
        .byte   0x38, 0x28, 0x2D, 0x0A, 0x7F, 6, 0x64, 0x70, 2, 1, 6, 7, 0, 0, 0, 0
        .byte   0x61, 0x50, 0x52, 0x0F, 0x19, 6, 0x19, 0x19, 2, 13, 11, 12, 0, 0, 0, 0
        .word   0x0800, 0x1000, 0x4000, 0x4000          /* page lengths */
        .byte   40, 40, 80, 80, 40, 40, 80, 80          /* columns of modes 0 to 7 */
        .byte   0x2C, 0x28, 0x2D, 0x29, 0x2A, 0x2E, 0x1E, 0x29

        fixed f841                      /* INT 12h: base memory in KiB */
        pushw   %ds
        pushw   $0x40
        popw    %ds
        movw    0x13, %ax
        popw    %ds
        iretw
        fixed f84d                      /* INT 11h: equipment */
        pushw   %ds
        pushw   $0x40
        popw    %ds
        movw    0x10, %ax
        popw    %ds
        iretw

        fixed f859
        jmp     int15_entry
        fixed fa6e                      /* 8x8 font, codes 0 to 127 */
        .include "font8x8.inc"
        fixed fe6e
        jmp     int1a_entry
        fixed fea5
        jmp     int08_entry
        fixed fef3                      /* vectors 08h to 1Fh */
        .type   vector_offsets, @object
vector_offsets:
        .word   0xFEA5, 0xE987, 0xFF23, 0xFF23, 0xFF23, 0xFF23, 0xEF57, 0xFF23, 0xF065, 0xF84D, 0xF841, 0xE3FE
        .word   0xE739, 0xF859, 0xE82E, 0xEFD2, int18_entry, 0xE6F2, 0xFE6E, 0xFF53, 0xFF53, 0xF0A4, 0xEFC7, 0
        fixed ff23                      /* an interrupt without a handler */
        jmp     irq_entry
        fixed ff53                      /* the interrupt that does nothing */
        iretw
        fixed ff54
        jmp     int05_entry
        fixed fff0
        ljmpw   $0xF000, $0xE05B
        .ascii  "06/23/99"
        .byte   0
        .byte   0xFC
