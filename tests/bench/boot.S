/* boot.S - boot sector of the benchmark guest: loads the program behind it to 10000h by INT 13h, goes over to flat 32-bit protected mode and calls it.
 *
 * The program's size in sectors comes from the linker as PROGRAM_SECTORS. One sector per call: slow, but before the clock runs. */
    .code16
    .globl _start
_start:
    ljmp $0, $1f
1:  xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7C00, %sp
    movw $0x1000, %bx           /* segment to load to */
    movw $1, %si                /* sector on the disk */
2:  movw %si, %ax               /* 1.44M: 18 sectors, 2 heads */
    movb $18, %cl
    divb %cl
    movb %ah, %cl
    incb %cl                    /* sector */
    movb %al, %ch
    movb %al, %dh
    andb $1, %dh                /* head */
    shrb $1, %ch                /* cylinder */
    xorb %dl, %dl
    movw %bx, %es
    pushw %bx
    xorw %bx, %bx
    movw $0x0201, %ax
    int $0x13
    popw %bx
    jc 2b
    addw $0x20, %bx
    incw %si
    cmpw $PROGRAM_SECTORS, %si
    jbe 2b
    cli
    inb $0x92, %al
    orb $2, %al
    outb %al, $0x92
    lgdt gdtr
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $8, $3f
    .code32
3:  movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movl $0x90000, %esp
    call 0x10000
4:  hlt
    jmp 4b

    .balign 8
gdt:
    .quad 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
gdtr:
    .word gdtr - gdt - 1
    .long gdt
    .org 510
    .word 0xAA55
