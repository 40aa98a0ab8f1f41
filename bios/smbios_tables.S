/* smbios_tables.S - what the machine says of itself (System Management BIOS Reference Specification 2.4): structures as they lie
 * in the ROM. smbios.c puts in the memory and the processor, and writes the entry point that leads to them. */
        .code16
        .text
        .balign 16
        .globl  smbios_structures, smbios_end
        .globl  smbios_processor_id, smbios_capacity, smbios_memory_size, smbios_mapped_end, smbios_acpi

smbios_structures:
        .byte   0, 0x18                 /* BIOS */
        .word   0x0000
        .byte   1, 2                    /* vendor, version */
        .word   0xF000
        .byte   3, 0                    /* date, 64 KiB */
        .quad   0x7FC99690              /* ISA, PCI, PnP, APM, shadow, CD, boot order, EDD, floppies, INT 5, 9, 14, 17, 10 */
smbios_acpi:
        .byte   0, 1                    /* bit 0: ACPI; boot specification */
        .byte   0, 0, 0xFF, 0xFF
        .asciz  "Muniment"
        .asciz  "0"
        .asciz  "06/23/1999"
        .byte   0

        .byte   1, 0x1B                 /* system */
        .word   0x0100
        .byte   1, 2, 3, 0
        .fill   16, 1, 0                /* no UUID */
        .byte   6, 0, 0                 /* power switch */
        .asciz  "Muniment"
        .asciz  "pc-i440fx"
        .asciz  "0"
        .byte   0

        .byte   3, 0x15                 /* enclosure: a desktop, all well */
        .word   0x0300
        .byte   1, 3, 0, 0, 0, 3, 3, 3, 3
        .long   0
        .byte   0, 0, 0, 0
        .asciz  "Muniment"
        .byte   0

        .byte   4, 0x23                 /* processor */
        .word   0x0400
        .byte   1, 3, 2, 0              /* central, family unknown */
smbios_processor_id:
        .long   0, 0
        .byte   0, 0
        .word   0, 0, 0
        .byte   0x41, 1                 /* populated and enabled */
        .word   0xFFFF, 0xFFFF, 0xFFFF  /* no caches described */
        .byte   0, 0, 0
        .asciz  "CPU 0"
        .byte   0

        .byte   16, 0x0F                /* memory of the system board, no error correction */
        .word   0x1000
        .byte   3, 3, 3
smbios_capacity:
        .long   0                       /* KiB */
        .word   0xFFFE, 1

        .byte   0, 0
        .byte   17, 0x1B                /* one module */
        .word   0x1100, 0x1000, 0xFFFE, 64, 64
smbios_memory_size:
        .word   0                       /* MiB */
        .byte   9, 0, 1, 0, 0x0F        /* DIMM, SDRAM */
        .word   0x0080, 0
        .byte   0, 0, 0, 0
        .asciz  "DIMM 0"
        .byte   0

        .byte   19, 0x0F                /* where it is mapped */
        .word   0x1300
        .long   0
smbios_mapped_end:
        .long   0                       /* KiB, the last */
        .word   0x1000
        .byte   1
        .byte   0, 0

        .byte   32, 0x0B                /* the boot status: no errors */
        .word   0x2000
        .fill   7, 1, 0
        .byte   0, 0

        .byte   127, 4
        .word   0x7F00
        .byte   0, 0
smbios_end:
