/* start.S - boot sector of the test image: loads the sectors after it to 1000:0000 by INT 13h and enters them as the
 * firmware's C code is entered. It works from a floppy and from a disk. */
        .code16
        .section .boot, "ax"
        ljmpw   $0x07C0, $1f
1:      movw    %cs, %ax
        movw    %ax, %ds
        cli
        xorw    %ax, %ax
        movw    %ax, %ss
        movl    $0x7C00, %esp
        sti
        movb    %dl, drive
        movb    $0x08, %ah
        int     $0x13
        jc      failed
        andb    $63, %cl
        movb    %cl, sectors
        incb    %dh
        movb    %dh, heads
        movw    $0x1000, %bx
        movw    %bx, %es
        movw    $1, %si                 /* sector of the image */
2:      xorw    %dx, %dx
        movw    %si, %ax
        movzbw  sectors, %cx
        divw    %cx
        movw    %dx, %cx                /* sector of the track from 0 */
        incw    %cx
        xorw    %dx, %dx
        movzbw  heads, %bx
        divw    %bx
        movb    %al, %ch
        movb    %dl, %dh
        movb    drive, %dl
        xorw    %bx, %bx
        movw    $0x0201, %ax
        int     $0x13
        jc      failed
        movw    %es, %ax
        addw    $32, %ax
        movw    %ax, %es
        incw    %si
        cmpw    $test_sectors, %si
        jbe     2b
        movzbl  drive, %eax
        xorw    %bx, %bx
        movw    %bx, %ds
        movw    %bx, %es
        movw    %bx, %gs
        ljmpw   $0x1000, $enter
failed: movw    $0x0E00 + 'X', %ax
        int     $0x10
        hlt
        jmp     failed
drive:   .byte  0
sectors: .byte  0
heads:   .byte  0
        .org    510
        .word   0xAA55

        .section .first, "ax"
enter:  movw    %cs, %bx
        movw    %bx, %fs
        calll   tests_run              /* EAX: the drive started from */

/* uint32_t registers_changed(uint8_t vector, uint16_t ax): executes the interrupt with a pattern in every register, in the
 * upper half of ESP too, and returns the bits that did not come back; AX and flags may change. */
        .text
        .globl  registers_changed
registers_changed:
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushl   %ebp
        movzbl  %al, %eax
        movl    %gs:(,%eax,4), %eax
        movl    %eax, %gs:0x600
        movzwl  %dx, %eax
        orl     $0x11220000, %eax
        movl    $0x55667788, %ebx
        movl    $0x99AABBCC, %ecx
        movl    $0xDDEE0000, %edx
        movl    $0x12345678, %esi
        movl    $0x9ABCDEF0, %edi
        movl    $0x0F1E2D3C, %ebp
        orl     $0xA5A50000, %esp
        pushfw
        lcallw  *%gs:0x600
        xorl    $0x12345678, %esi
        xorl    $0x9ABCDEF0, %edi
        xorl    $0x0F1E2D3C, %ebp
        xorl    $0x55667788, %ebx
        xorl    $0x99AABBCC, %ecx
        xorl    $0xDDEE0000, %edx
        orl     %edi, %esi
        orl     %ebp, %esi
        orl     %ebx, %esi
        orl     %ecx, %esi
        orl     %edx, %esi
        shrl    $16, %eax
        xorw    $0x1122, %ax
        orw     %ax, %si
        movl    %esp, %eax
        shrl    $16, %eax
        xorw    $0xA5A5, %ax
        orw     %si, %ax
        movzwl  %sp, %esp
        popl    %ebp
        popl    %edi
        popl    %esi
        popl    %ebx
        retl
