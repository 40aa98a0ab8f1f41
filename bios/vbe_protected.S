/* vbe_protected.S - what VBE offers to 32-bit protected mode (VBE 3.0, function 0Ah): code that the caller may copy, for setting
 * the window, the start of the display and the palette. And data of vbe.c: strings, frame buffer address. */
        .text
        .code32
        .globl  vbe_protected, vbe_protected_end
vbe_protected:
        .word   pm_window - vbe_protected, pm_start - vbe_protected, pm_palette - vbe_protected, pm_ports - vbe_protected
pm_ports:
#ifdef CIRRUS
        .word   0x3CE, 0x3CF, 0x3D4, 0x3D5, 0x3C8, 0x3C9, 0xFFFF /* ports */
#else
        .word   0x1CE, 0x1CF, 0x3C8, 0x3C9, 0xFFFF      /* ports */
#endif
        .word   0xFFFF                                  /* no memory */

#ifdef CIRRUS

/* 05h: BL window, BH = 0 set, 1 get bank DX: register 9 in units of 16 KiB. */
pm_window:
        testb   %bl, %bl
        jnz     pm_failed
        cmpb    $1, %bh
        ja      pm_failed
        pushl   %ecx
        movl    %edx, %ecx
        movw    $0x3CE, %dx
        movb    $9, %al
        je      1f
        movb    %cl, %ah
        shlb    $2, %ah
        outw    %ax, %dx
        movl    %ecx, %edx
        popl    %ecx
        jmp     pm_done
1:      outb    %al, %dx
        incl    %edx
        inb     %dx, %al
        movzbl  %al, %edx
        shrl    $2, %edx
        popl    %ecx
pm_done:
        movw    $0x004F, %ax
        ret
pm_failed:
        movw    $0x014F, %ax
        ret

/* Register AL of the CRT controller: what is in AH replaces its bits in CH. */
pm_crtc:
        movw    $0x3D4, %dx
        outb    %al, %dx
        incl    %edx
        inb     %dx, %al
        andb    %ch, %ah
        notb    %ch
        andb    %ch, %al
        orb     %ah, %al
        outb    %al, %dx
        ret

/* 07h: BL = 00h or 80h, DX:CX the first displayed byte, divided by four, as the chip counts. */
pm_start:
        testb   $0x7F, %bl
        jnz     pm_failed
        pushal
        movl    %edx, %ebx              /* bits 16 to 19 */
        movl    %ecx, %esi
        movw    $0x3D4, %dx
        movl    %esi, %eax
        movb    $0x0C, %al              /* bits 8 to 15 */
        outw    %ax, %dx
        movl    %esi, %eax
        movb    %al, %ah
        movb    $0x0D, %al
        outw    %ax, %dx
        movb    %bl, %ah
        shlb    $4, %ah                 /* bit 19 */
        movw    $0x801D, %cx
        movb    %cl, %al
        call    pm_crtc
        movb    %bl, %ah
        andb    $6, %ah                 /* bits 17 and 18 */
        shlb    $1, %ah
        andb    $1, %bl
        orb     %bl, %ah
        movw    $0x0D1B, %cx
        movb    %cl, %al
        call    pm_crtc
        popal
        jmp     pm_done

#else

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

#endif

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
        .globl  vbe_window_entry, vbe_oem_name, vbe_revision, vbe_frame_buffer
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
#ifdef CIRRUS
        .long   0                       /* none on ISA; overwritten for a PCI card */
#else
        .long   0xE0000000              /* where it is on ISA; overwritten for a PCI card */
#endif
