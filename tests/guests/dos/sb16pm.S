/* sb16pm.S - a program for DOS that plays by a Sound Blaster 16 in protected mode: SB16PM.COM, a client of 32 bits of a
 * DPMI host (DOS Protected Mode Interface Specification 0.9). It hooks IRQ 5 there, plays 48 periods of 1,000 Hz by
 * automatic DMA of 16 bits from DOS memory, counts 48 interrupts, one each 10 ms, and says on COM1 in which ring. */
    .code16
    .globl _start
#define COM1 0x3f8
#define BLOCK 480 /* words: ten periods */

_start:
    movw $0x4a00, %ax /* 64 KiB are ours */
    movw $0x1000, %bx
    int $0x21
    movw $0x1687, %ax
    int $0x2f
    testw %ax, %ax
    jnz no_host
    movw %di, entry
    movw %es, entry + 2
    movw %si, %bx
    movb $0x48, %ah
    int $0x21
    jc no_host
    movw %ax, %es
    movzwl %sp, %esp
    movw $1, %ax
    lcall *entry
    jc no_host

    movw %ds, cs_data /* for the handler, which finds only CS */
    movw $0x0100, %ax /* memory below 1 MiB, where the DMA controller reaches it */
    movw $(BLOCK * 2 / 16), %bx
    int $0x31
    jc no_host
    movw %ax, segment
    movw %dx, %es
    xorw %di, %di
1:  movw %di, %ax
    xorw %dx, %dx
    movw $96, %bx
    divw %bx
    movw $8000, %ax
    cmpw $48, %dx
    jb 2f
    negw %ax
2:  stosw
    cmpw $(BLOCK * 2), %di
    jne 1b

    movw $0x0205, %ax /* IRQ 5 in protected mode */
    movb $0x0d, %bl
    movw %cs, %cx
    movl $handler, %edx
    int $0x31
    jc no_host
    inb $0x21, %al
    andb $0xdf, %al
    outb %al, $0x21

    movw $0x226, %dx
    movb $1, %al
    outb %al, %dx
    movw $100, %cx
1:  inb $0x80, %al
    loop 1b
    xorb %al, %al
    outb %al, %dx
    movw $0x22e, %dx
1:  inb %dx, %al
    testb $0x80, %al
    jz 1b

    movb $5, %al /* channel 5, automatic, from memory */
    outb %al, $0xd4
    outb %al, $0xd8
    movb $0x59, %al
    outb %al, $0xd6
    movzwl segment, %eax
    shll $3, %eax /* a word's address */
    outb %al, $0xc4
    movb %ah, %al
    outb %al, $0xc4
    shrl $15, %eax
    outb %al, $0x8b
    movw $(BLOCK - 1), %ax
    outb %al, $0xc6
    movb %ah, %al
    outb %al, $0xc6
    movb $1, %al
    outb %al, $0xd4
    movw $commands, %si
1:  lodsb
    cmpb $0xee, %al
    je 2f
    call dsp
    jmp 1b
2:  movw $0x0901, %ax /* interrupts */
    int $0x31
3:  cmpw $48, interrupts
    jb 3b
    movb $0xd9, %al
    call dsp
    movw %cs, %ax
    andb $3, %al
    addb $'0', %al
    movb %al, ring
    movw $played, %si
    jmp end
no_host:
    movw $missing, %si
end:
    call say
    movw $0x4c00, %ax
    int $0x21

handler:
    pushl %eax
    pushl %edx
    pushw %ds
    movw %cs:cs_data, %ds
    movw $0x22f, %dx
    inb %dx, %al
    incw interrupts
    movb $0x20, %al
    outb %al, $0x20
    popw %ds
    popl %edx
    popl %eax
    iretl

#include "dsp.S"
#include "say.S"

entry: .word 0, 0
segment: .word 0
cs_data: .word 0
interrupts: .word 0
commands: .byte 0x41, 0xbb, 0x80, 0xb6, 0x10, (BLOCK - 1) & 0xff, (BLOCK - 1) >> 8, 0xee
missing: .asciz "no DPMI host\n"
played: .ascii "played in ring "
ring: .asciz "?\n"
