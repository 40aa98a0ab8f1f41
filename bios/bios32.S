/* bios32.S - what protected-mode systems look for in F0000-FFFFF: the BIOS32 service directory and the 32-bit PCI BIOS.
 *
 * The directory (Standard BIOS 32-bit Service Directory 0.4) knows one service, "$PCI". Its code is position-independent:
 * the caller chooses the base of its segments. */
        .section .fixed.e060, "ax"
        .ascii  "_32_"
        .long   0xFE0A0                 /* the directory's entry, below */
        .byte   0, 1                    /* revision; length in 16 bytes */
        .byte   -(0x5F + 0x33 + 0x32 + 0x5F + 0xA0 + 0xE0 + 0x0F + 1) & 0xFF
        .byte   0, 0, 0, 0, 0

/* EAX asks for a service, BL = 0 for where it is: AL = 0, EBX base, ECX length, EDX entry. */
        .section .fixed.e0a0, "ax"
        .code32
        testb   %bl, %bl
        jz      bios32_find
        movb    $0x81, %al
        lretl

        .text
        .code32
bios32_find:
        cmpl    $0x49435024, %eax       /* "$PCI" */
        movb    $0x80, %al
        jne     1f
        pushl   %edx
        movl    $0x80000000, %eax
        movw    $0xCF8, %dx
        outl    %eax, %dx
        inl     %dx, %eax
        popl    %edx
        cmpl    $0x80000000, %eax
        movb    $0x80, %al
        jne     1f
        movb    $0, %al
        movl    $0xF0000, %ebx
        movl    $0x10000, %ecx
        movl    $pci_entry32, %edx
1:      lretl

/* PCI BIOS: a frame as struct regs of rom.h, on the caller's stack. */
pci_entry32:
        pushfw
        pushw   %cs
        pushl   $0
        pushal
        pushw   %ds
        pushw   %es
        pushl   $0                      /* FS and GS are not touched */
        cld
        movw    %ss, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movl    %esp, %eax
        call    flat_pci_bios_service
        popl    %ecx
        popw    %es
        popw    %ds
        popal
        addl    $6, %esp
        popfw
        lretl
