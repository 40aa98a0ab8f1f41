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

/* A handler of the pointing device: its four words to 0:610, Z first, and one more at 0:618. It ruins registers as it may. */
        .globl  mouse_handler
mouse_handler:
        movw    %sp, %si
        xorw    %di, %di
        movw    %di, %ds
        movl    %ss:4(%si), %eax
        movl    %eax, 0x610
        movl    %ss:8(%si), %eax
        movl    %eax, 0x614
        incb    0x618
        movw    %di, %es
        movw    %di, %fs
        std
        lretw

/* void call32(uint32_t base, uint32_t entry, struct call *call): the stack segment is 0 here, so it serves in both modes. */
        .globl  call32
call32:
        pushal
        movl    %ecx, %ebp
        movl    %edx, %edi              /* entry */
        movl    %eax, %edx              /* base: descriptor at 18h of a table on the stack */
        pushl   $0x008F9300
        pushl   $0x0000FFFF             /* 28: data of 16-bit code */
        pushl   $0x00009B01
        pushl   $0x0000FFFF             /* 20: 16-bit code, base 10000 */
        movl    %edx, %eax
        shrl    $16, %eax
        movb    %al, %cl
        andl    $0x0000FF00, %eax
        shll    $16, %eax
        orl     $0x00CF9B00, %eax
        movb    %cl, %al
        pushl   %eax
        movl    %edx, %eax
        shll    $16, %eax
        orl     $0x0000FFFF, %eax
        pushl   %eax                    /* 18: 32-bit code of that base */
        pushl   $0x00CF9300
        pushl   $0x0000FFFF             /* 10: all data */
        pushl   $0x00CF9B01
        pushl   $0x0000FFFF             /* 08: 32-bit code, base 10000 */
        pushl   $0
        pushl   $0
        movl    %esp, %eax
        pushl   %eax
        pushw   $0x2F
        cli
        lgdtl   (%esp)
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmpl   $0x08, $1f
        .code32
1:      movl    $0x10, %eax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        pushl   $0x18
        pushl   %edi
        pushl   %ebp
        movl    0(%ebp), %eax
        movl    4(%ebp), %ebx
        movl    8(%ebp), %ecx
        movl    12(%ebp), %edx
        movl    16(%ebp), %esi
        movl    20(%ebp), %edi
        lcall   *4(%esp)
        popl    %ebp
        movl    %eax, 0(%ebp)
        movl    %ebx, 4(%ebp)
        movl    %ecx, 8(%ebp)
        movl    %edx, 12(%ebp)
        movl    %esi, 16(%ebp)
        movl    %edi, 20(%ebp)
        pushfw
        popw    26(%ebp)
        addl    $8, %esp
        ljmp    $0x20, $2f
        .code16
2:      movw    $0x28, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    %cr0, %eax
        andb    $0xFE, %al
        movl    %eax, %cr0
        ljmpw   $0x1000, $3f
3:      xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    %ax, %gs
        movw    %cs, %ax
        movw    %ax, %fs
        sti
        addl    $6 + 48, %esp
        popal
        retl

/* void call32near(uint32_t address, struct call *call): a far routine takes the address from 0:61C. */
        .globl  call32near
call32near:
        movl    %eax, %gs:0x61C
        movl    %edx, %ecx
        movl    $near_trampoline + 0x10000, %edx
        xorl    %eax, %eax
        jmp     call32
        .code32
near_trampoline:
        call    *0x61C
        lret
        .code16
