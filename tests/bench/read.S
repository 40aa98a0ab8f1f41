/* read.S - boot sector of a disk: reads 100 MiB after itself in order, 32 KiB at a time, by INT 13h, and sends "read" to COM1. */
    .code16
    .globl _start
_start:
    ljmp $0, $1f
1:  xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7C00, %sp
    movw $3200, %cx
2:  movb $0x42, %ah
    movb $0x80, %dl
    movw $packet, %si
    pushw %cx
    int $0x13
    popw %cx
    jc 4f
    addl $64, first
    loop 2b
    xorw %dx, %dx
    movw $0x00E3, %ax           /* 9,600 bits a second, 8 bits */
    int $0x14
    movw $text, %si
3:  lodsb
    testb %al, %al
    jz 4f
    movb $1, %ah
    int $0x14
    jmp 3b
4:  cli
    hlt
    jmp 4b
text:
    .asciz "read\n"
    .balign 4
packet:
    .byte 16, 0
    .word 64, 0, 0x1000
first:
    .quad 64
    .org 510
    .word 0xAA55
