/* video_rom.S - the header of the VGA BIOS, and its initialisation. */
        .code16
        .section .header, "ax"
        .type   header, @object
header: .byte   0x55, 0xAA, 64          /* option ROM of 64 * 512 bytes */
        jmp     rom_init
        .org    0x18
        .word   pci_data
        .org    0x1E
        .asciz  "IBM VGA compatible. Muniment VGA BIOS 0"

/* As the ROM of a PCI card (PCI Local Bus Specification 2.1, 6.3.1.2): that of the Bochs display, or of a GD5446, class VGA, 64 * 512 bytes,
 * code for PCs, the only image. */
        .balign 4
        .type   pci_data, @object
pci_data:
        .ascii  "PCIR"
#ifdef CIRRUS
        .word   0x1013, 0x00B8, 0, 24
#else
        .word   0x1234, 0x1111, 0, 24
#endif
        .byte   0, 0x00, 0x00, 0x03
        .word   64, 0
        .byte   0x00, 0x80
        .word   0

        .text
        .globl  rom_init
/* Called far by the system BIOS. An interrupt frame brings it through the same door as a service. */
rom_init:
        pushfw
        pushw   %cs
        pushw   $1f
        pushw   $video_init
        jmp     service
1:      lretw
