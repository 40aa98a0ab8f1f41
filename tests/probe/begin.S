/* begin.S - how a probe begins, which is a boot sector and MORE sectors after it: loads those, and goes on at `begin`
 * with COM1 at 115,200 bits a second. Included first, as it holds the boot sector itself. */
    .code16
    .globl _start

#define COM1 0x3f8
#define TICKS 0x46c

_start:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x7c00, %sp
    cld
    movw $0x0200 + MORE, %ax
    movw $0x7e00, %bx
    movw $2, %cx
    xorb %dh, %dh
    int $0x13
    jc _start
    jmp begin
    .org 510
    .word 0xaa55

begin:
    movw $COM1 + 3, %dx /* 115,200 bits a second, 8 bits, no parity */
    movb $0x83, %al
    outb %al, %dx
    movw $COM1, %dx
    movw $1, %ax
    outw %ax, %dx
    movw $COM1 + 3, %dx
    movb $3, %al
    outb %al, %dx
