/* sound.S - what a machine plays: a boot sector and what it loads after itself. Each part says its name on COM1 when it
 * begins, and `end` comes when all is done; then the processor halts. Nothing here depends on how fast it is.
 *
 *   speaker          three notes of timer 2, 440, 660 and 880 Hz, a quarter of a second each */
    .code16
    .globl _start

#define COM1 0x3f8
#define TICKS 0x46c
#define MORE 7 /* sectors after the first */

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
    sti

    movw $speaker_name, %si
    call say
    movw $notes, %si
1:  lodsw
    testw %ax, %ax
    jz 2f
    movw %ax, %bx
    movb $0xb6, %al /* timer 2, a square wave */
    outb %al, $0x43
    movb %bl, %al
    outb %al, $0x42
    movb %bh, %al
    outb %al, $0x42
    inb $0x61, %al
    orb $3, %al
    outb %al, $0x61
    movw $250, %cx
    call wait
    jmp 1b
2:  inb $0x61, %al
    andb $0xfc, %al
    outb %al, $0x61

    movw $end_name, %si
    call say
    cli
    hlt

/* The text at SI, which ends with NUL, to COM1. */
say:
    lodsb
    testb %al, %al
    jz 2f
    movb %al, %ah
    movw $COM1 + 5, %dx
1:  inb %dx, %al
    testb $0x20, %al
    jz 1b
    movb %ah, %al
    movw $COM1, %dx
    outb %al, %dx
    jmp say
2:  ret

/* CX milliseconds, by timer 0, which counts 65,536 down by two. */
wait:
    call count
    movw %ax, %bp
1:  call count
    movw %bp, %dx
    subw %ax, %dx
    cmpw $2386, %dx
    jb 1b
    subw $2386, %bp
    loop 1b
    ret

/* The count of timer 0 into AX. */
count:
    movb $0, %al
    outb %al, $0x43
    inb $0x40, %al
    movb %al, %ah
    inb $0x40, %al
    xchgb %al, %ah
    ret

notes: .word 2712, 1808, 1356, 0
speaker_name: .asciz "speaker\n"
end_name: .asciz "end\n"
    .org 512 * (MORE + 1)
