/* vbe_protected.S - what VBE offers to 32-bit protected mode (VBE 3.0, function 0Ah): code that the caller may copy, for setting
 * the window, the start of the display and the palette. And data of vbe.c: strings, frame buffer address, EDID. */
        .text
        .code32
        .globl  vbe_protected, vbe_protected_end
vbe_protected:
        .word   pm_window - vbe_protected, pm_start - vbe_protected, pm_palette - vbe_protected, pm_ports - vbe_protected
pm_ports:
        .word   0x1CE, 0x1CF, 0x3C8, 0x3C9, 0xFFFF      /* ports */
        .word   0xFFFF                                  /* no memory */

/* Writes CX to register AX of the interface. */
pm_write:
        pushl   %edx
        movw    $0x1CE, %dx
        outw    %ax, %dx
        incl    %edx
        movl    %ecx, %eax
        outw    %ax, %dx
        popl    %edx
        ret
pm_read:
        pushl   %edx
        movw    $0x1CE, %dx
        outw    %ax, %dx
        incl    %edx
        xorl    %eax, %eax
        inw     %dx, %ax
        popl    %edx
        ret

/* 05h: BL window, BH = 0 set, 1 get bank DX. */
pm_window:
        testb   %bl, %bl
        jnz     pm_failed
        cmpb    $1, %bh
        ja      pm_failed
        je      1f
        pushl   %ecx
        movl    %edx, %ecx
        movw    $5, %ax
        call    pm_write
        popl    %ecx
        jmp     pm_done
1:      movw    $5, %ax
        call    pm_read
        movl    %eax, %edx
pm_done:
        movw    $0x004F, %ax
        ret
pm_failed:
        movw    $0x014F, %ax
        ret

/* 07h: BL = 00h or 80h, DX:CX the first displayed byte, divided by four. */
pm_start:
        testb   $0x7F, %bl
        jnz     pm_failed
        pushal
        movzwl  %cx, %ecx
        shll    $16, %edx
        orl     %edx, %ecx
        shll    $2, %ecx                /* the address */
        movw    $3, %ax                 /* bytes of a pixel */
        call    pm_read
        leal    7(%eax), %ebx
        shrl    $3, %ebx
        movw    $6, %ax                 /* pixels of a line */
        call    pm_read
        mull    %ebx
        movl    %eax, %esi              /* bytes of a line */
        movl    %ecx, %eax
        xorl    %edx, %edx
        divl    %esi
        movl    %eax, %ecx              /* line */
        movl    %edx, %eax
        xorl    %edx, %edx
        divl    %ebx
        movl    %eax, %edi              /* pixel */
        movw    $9, %ax
        call    pm_write
        movl    %edi, %ecx
        movw    $8, %ax
        call    pm_write
        popal
        jmp     pm_done

/* 09h: BL = 00h or 80h, CX entries from DX at ES:EDI, each blue, green, red and a byte for alignment. */
pm_palette:
        testb   $0x7F, %bl
        jnz     pm_failed
        pushal
        movzwl  %cx, %ecx
        movl    %edx, %eax
        movw    $0x3C8, %dx
        outb    %al, %dx
        incl    %edx
        jecxz   2f
1:      movb    %es:2(%edi), %al
        outb    %al, %dx
        movb    %es:1(%edi), %al
        outb    %al, %dx
        movb    %es:(%edi), %al
        outb    %al, %dx
        addl    $4, %edi
        loop    1b
2:      popal
        jmp     pm_done
vbe_protected_end:

        .code16
        .globl  vbe_window_entry, vbe_oem_name, vbe_revision, vbe_frame_buffer, vbe_edid
/* The function of the window, called far with the registers of 05h. */
vbe_window_entry:
        pushfw
        pushw   %cs
        pushw   $1f
        pushw   $vbe_window
        jmp     service
1:      lretw

vbe_oem_name:
        .asciz  "Muniment VBE"
vbe_revision:
        .asciz  "0"
        .balign 4
vbe_frame_buffer:
        .long   0xE0000000              /* where it is on ISA; overwritten for a PCI card */

/* EDID 1.3: maker MUN, a monitor of 1280x1024 at 60 Hz that also takes the standard modes below that. */
vbe_edid:
        .byte   0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0
        .byte   0x36, 0xAE, 0x00, 0x00, 0, 0, 0, 0, 1, 8        /* product, serial number, week 1 of 1998 */
        .byte   1, 3                                            /* EDID 1.3 */
        .byte   0x0E, 34, 27, 120, 0x0A                         /* analogue, 34 x 27 cm, gamma 2.2, RGB, first timing preferred */
        .byte   0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54      /* the primaries of sRGB */
        .byte   0x21, 0x08, 0x00                                /* 640x480, 800x600, 1024x768 at 60 Hz */
        .byte   0x81, 0x80, 0x61, 0x40, 0x45, 0x40, 0x31, 0x40  /* 1280x1024, 1024x768, 800x600, 640x480 at 60 Hz */
        .byte   1, 1, 1, 1, 1, 1, 1, 1
        .byte   0x30, 0x2A, 0x00, 0x98, 0x51, 0x00, 0x2A, 0x40, 0x30, 0x70, 0x13, 0x00, 0x54, 0x0E, 0x11, 0x00, 0x00, 0x1E
        .byte   0, 0, 0, 0xFD, 0, 50, 75, 30, 80, 14, 0, 10, 32, 32, 32, 32, 32, 32     /* 50-75 Hz, 30-80 kHz, 140 MHz */
        .byte   0, 0, 0, 0xFC, 0, 'M', 'u', 'n', 'i', 'm', 'e', 'n', 't', 10, 32, 32, 32, 32
        .byte   0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        .byte   0                                               /* no extension */
        .byte   0xB7                                            /* sum zero */
