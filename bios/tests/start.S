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

/* Stands before INT 70h: counts at 0:620 and jumps to the handler whose address is at 0:624. */
        .globl  clock_counter
clock_counter:
        pushw   %ds
        pushw   $0
        popw    %ds
        incw    0x620
        pushl   0x624
        popl    %cs:clock_next
        popw    %ds
        ljmpw   *%cs:clock_next
clock_next:
        .long   0

/* INT 01h while single-stepping: counts the port instructions at 0:690; a repeated one counts once, one of 32 bits 16 million
 * times, as not each monitor knows the prefix. 0:694 has the last one's CS:IP. */
        .globl  port_counter
port_counter:
        pushw   %bp
        movw    %sp, %bp
        pushw   %ds
        pushl   %eax
        pushw   %bx
        ldsw    2(%bp), %bx             /* what comes next */
        xorw    %ax, %ax
1:      movb    (%bx), %ah
        incw    %bx
        cmpb    $0x66, %ah
        je      5f
        cmpb    $0x67, %ah
        je      1b
        cmpb    $0xF3, %ah
        je      1b
        andb    $0xFC, %ah
        cmpb    $0x6C, %ah
        je      2f
        andb    $0xF4, %ah              /* E4 to E7, EC to EF */
        cmpb    $0xE4, %ah
2:      movw    %ax, %bx
        pushw   $0
        popw    %ds
        movl    2(%bp), %eax
        jne     3f
        cmpl    %eax, 0x694
        je      4f
        incl    0x690
        addb    %bl, 0x693
3:      xchgl   %eax, 0x694
4:      popw    %bx
        popl    %eax
        popw    %ds
        popw    %bp
        iretw
5:      movb    $1, %al
        jmp     1b

/* uint32_t ports_counted(uint16_t vector): INT `vector` with AX, BX, CX, DX, DI and ES from 0:6A0, stepping through it; AX and DX come back there. The
 * handler is jumped to, as INT would clear the trap flag; interrupts are off. */
        .globl  ports_counted
ports_counted:
        pushal
        pushw   %es
        xorl    %ecx, %ecx
        movl    %ecx, %gs:0x690
        movl    %ecx, %gs:0x694
        movzwl  %ax, %eax
        movl    %gs:(,%eax,4), %eax
        movl    %eax, %gs:0x698
        pushl   %gs:4
        movw    $port_counter, %gs:4
        movw    %cs, %gs:6
        movw    %gs:0x6A0, %ax
        movw    %gs:0x6A2, %bx
        movw    %gs:0x6A4, %cx
        movw    %gs:0x6A6, %dx
        movw    %gs:0x6A8, %di
        movw    %gs:0x6AA, %es
        cli
        pushfw                          /* what the service's IRET restores: no stepping */
        pushw   %cs
        pushw   $1f
        pushfw
        pushw   %bp
        movw    %sp, %bp
        orw     $0x100, 2(%bp)
        popw    %bp
        popfw
        ljmpw   *%gs:0x698
1:      popl    %gs:4
        movw    %ax, %gs:0x6A0
        movw    %dx, %gs:0x6A6
        popw    %es
        popal
        movl    %gs:0x690, %eax
        sti
        retl

/* Stands before INT 15h: 90h of device n sets bit n at 0:62C, 91h bit n + 8. Goes on at 0:630. */
        .globl  wait_hook
wait_hook:
        pushw   %ds
        pushw   $0
        popw    %ds
        pushl   0x630
        popl    %cs:clock_next
        pushw   %ax
        subb    $0x90, %ah
        cmpb    $1, %ah
        ja      1f
        shlb    $3, %ah
        addb    %ah, %al
        movb    $0, %ah
        btsw    %ax, 0x62C
1:      popw    %ax
        popw    %ds
        ljmpw   *%cs:clock_next

/* void call32(uint32_t base, uint32_t entry, struct call *call), call16: the stack segment is 0 here, so it serves in both modes.
 * call16_words is call16 with the seven words from 0:640 up on the stack.
 * Descriptors: 08 and 10 code and data of this program, 18 32-bit code and 20 16-bit code of that base, 28 data of segment call->es. */
        .globl  call32, call16, call16_words
call16_words:
        pushal
        movl    $3, %ebx
        jmp     1f
call16:
        pushal
        movl    $1, %ebx
        jmp     1f
call32:
        pushal
        xorl    %ebx, %ebx
1:      movl    %ecx, %ebp
        movl    %edx, %edi
        movl    %eax, %edx
        movzwl  24(%ebp), %eax
        shll    $4, %eax
        movl    $0x00009300, %ecx
        calll   push_descriptor         /* 28: data, byte limit */
        movl    %edx, %eax
        movl    $0x00009B00, %ecx
        calll   push_descriptor         /* 20: 16-bit code */
        movl    %edx, %eax
        movl    $0x00CF9B00, %ecx
        calll   push_descriptor         /* 18: 32-bit code */
        xorl    %eax, %eax
        movl    $0x00CF9300, %ecx
        calll   push_descriptor         /* 10: everything */
        movl    $0x10000, %eax
        movl    $0x00009B00, %ecx
        calll   push_descriptor         /* 08: this code */
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
        ljmpw   $0x08, $1f
1:      movw    $0x10, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        testb   %bl, %bl
        jnz     2f
        pushl   $0x18
        pushl   %edi
        jmp     3f
2:      pushw   $0x20
        pushw   %di
3:      pushl   %ebp
        pushl   %ebx
        movl    0(%ebp), %eax
        movl    4(%ebp), %ebx
        movl    8(%ebp), %ecx
        movl    12(%ebp), %edx
        movl    16(%ebp), %esi
        movl    20(%ebp), %edi
        testb   $1, (%esp)
        jnz     4f
        lcalll  *8(%esp)
        jmp     5f
4:      testb   $2, (%esp)
        jnz     8f
        lcallw  *8(%esp)
        jmp     5f
8:      .irp    at, 0x64C, 0x64A, 0x648, 0x646, 0x644, 0x642, 0x640
        pushw   \at
        .endr
        lcallw  *22(%esp)
        addl    $14, %esp
5:      movl    4(%esp), %ebp
        movl    %eax, 0(%ebp)
        movl    %ebx, 4(%ebp)
        movl    %ecx, 8(%ebp)
        movl    %edx, 12(%ebp)
        movl    %esi, 16(%ebp)
        movl    %edi, 20(%ebp)
        pushfw
        popw    26(%ebp)
        popl    %ebx
        addl    $8, %esp
        testb   %bl, %bl
        jnz     6f
        addl    $4, %esp
6:      movw    $0x28, %ax              /* 64 KiB and a 16-bit stack, as real mode has them */
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    %cr0, %eax
        andb    $0xFE, %al
        movl    %eax, %cr0
        ljmpw   $0x1000, $7f
7:      xorw    %ax, %ax
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

/* A descriptor on the stack: base EAX, limit FFFFh, access and flags as in ECX. */
push_descriptor:
        popl    %esi
        movb    $0, %cl
        pushl   %eax
        andl    $0xFF000000, %eax
        orl     %eax, %ecx              /* base 31-24 */
        popl    %eax
        pushl   %eax
        shrl    $16, %eax
        movb    %al, %cl                /* base 23-16 */
        popl    %eax
        pushl   %ecx
        shll    $16, %eax
        movw    $0xFFFF, %ax
        pushl   %eax
        jmpl    *%esi

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
