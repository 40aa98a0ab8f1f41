/* modex.S - a DPMI client of 32 bits for DOS: it draws in mode X, 320x240 in four planes, reads the planes back, and says after a key whether they hold what was drawn.
 * DPMI specification 0.9 (INT 2Fh/1687h, INT 31h); IBM VGA technical reference for the registers.
 *
 *   gcc -m32 -c -o modex.o modex.S && ld -m elf_i386 -Ttext=0x100 --oformat=binary -o modex.com modex.o */
    .code16
    .text
    .globl _start
_start:
    movw $0x1000, %sp
    movw $0x100, %bx
    movb $0x4a, %ah /* what is beyond 4 KiB is free for the host */
    int $0x21
    movw $0x1687, %ax
    int $0x2f
    testw %ax, %ax
    movw $no_host, %bx
    jnz stop
    movw %di, entry
    movw %es, entry + 2
    movw %si, %bx
    testw %bx, %bx
    jz 1f
    movb $0x48, %ah
    int $0x21
    movw $no_memory, %bx
    jc stop
    movw %ax, %es
1:  movw $1, %ax /* of 32 bits */
    lcall *entry
    movw $no_entry, %bx
    jc stop

    /* Protected mode, with a code segment of 16 bits. One of 32 bits over the same memory: */
    xorw %ax, %ax
    movw $1, %cx
    int $0x31
    movw $no_entry, %bx
    jc stop
    movw %ax, target + 4
    movw %ax, %bx
    movw %cs, %ax
    lar %ax, %cx
    movb %ch, %cl
    movb $0x40, %ch /* D; granularity of a byte */
    pushw %bx
    pushw %cx
    movw %cs, %bx
    movw $6, %ax /* base, in CX:DX */
    int $0x31
    popw %si
    popw %bx
    movw $7, %ax
    int $0x31
    movw $8, %ax
    xorw %cx, %cx
    movw $0xffff, %dx
    int $0x31
    movw $9, %ax
    movw %si, %cx
    int $0x31
    movw $no_entry, %bx
    jc stop
    ljmpl *target

    .code32
wide:
    movl $0xa000, %ebx
    movl $2, %eax /* a selector for the window */
    int $0x31
    movl $no_entry, %ebx
    jc stop32
    movw %ax, %es
    movl $0x13, %eax
    int $0x10
    /* Chain 4 off, 240 lines: sequencer, miscellaneous output, CRT controller. */
    movl $0x3c4, %edx
    movl $0x0604, %eax
    outw %ax, %dx
    movl $0x0100, %eax
    outw %ax, %dx
    movl $0x3c2, %edx
    movb $0xe3, %al
    outb %al, %dx
    movl $0x3c4, %edx
    movl $0x0300, %eax
    outw %ax, %dx
    movl $0x3d4, %edx
    movb $0x11, %al /* unlocks registers 0 to 7 */
    outb %al, %dx
    incl %edx
    inb %dx, %al
    andb $0x7f, %al
    outb %al, %dx
    decl %edx
    movl $registers, %esi
    movl $(registers_end - registers) / 2, %ecx
1:  lodsw
    outw %ax, %dx
    loop 1b

    xorl %ebp, %ebp /* plane; dot 4 i + plane of line y is (x + y) xor (x y / 64) */
draw:
    movl $0x3c4, %edx
    movl $0x100, %eax
    movl %ebp, %ecx
    shll %cl, %eax
    movb $2, %al
    outw %ax, %dx
    xorl %edi, %edi
    xorl %ebx, %ebx
line:
    movl %ebp, %ecx
1:  call colour
    stosb
    addl $4, %ecx
    cmpl $320, %ecx
    jb 1b
    incl %ebx
    cmpl $240, %ebx
    jb line
    incl %ebp
    cmpl $4, %ebp
    jb draw

    xorl %ebp, %ebp
read:
    movl $0x3ce, %edx
    movl %ebp, %eax
    shll $8, %eax
    movb $4, %al
    outw %ax, %dx
    xorl %edi, %edi
    xorl %ebx, %ebx
2:  movl %ebp, %ecx
1:  call colour
    scasb
    setnz %al
    movzbl %al, %eax
    addl %eax, wrong
    addl $4, %ecx
    cmpl $320, %ecx
    jb 1b
    incl %ebx
    cmpl $240, %ebx
    jb 2b
    incl %ebp
    cmpl $4, %ebp
    jb read

    xorl %eax, %eax
    int $0x16
    movl $3, %eax
    int $0x10
    movl $right, %ebx
    cmpl $0, wrong
    je stop32
    movl $not_right, %ebx
stop32:
    movb (%ebx), %dl
    movb $2, %ah
    incl %ebx
    testb %dl, %dl
    jz 1f
    int $0x21
    jmp stop32
1:  movl $0x4c00, %eax
    int $0x21

colour: /* of dot ECX of line EBX, in AL */
    movl %ecx, %eax
    imull %ebx, %eax
    shrl $6, %eax
    movl %ecx, %edx
    addl %ebx, %edx
    xorl %edx, %eax
    ret

    .code16
stop:
    movb (%bx), %dl
    movb $2, %ah
    incw %bx
    testb %dl, %dl
    jz 1f
    int $0x21
    jmp stop
1:  movw $0x4c01, %ax
    int $0x21

registers:
    .word 0x0d06, 0x3e07, 0x4109, 0xea10, 0xac11, 0xdf12, 0x0014, 0xe715, 0x0616, 0xe317
registers_end:
entry:  .word 0, 0
target: .long wide
    .word 0
wrong:  .long 0
no_host:   .asciz "no DPMI host\r\n"
no_memory: .asciz "no memory for the DPMI host\r\n"
no_entry:  .asciz "the DPMI host refuses\r\n"
right:     .asciz "76,800 dots are right\r\n"
not_right: .asciz "dots are wrong\r\n"
