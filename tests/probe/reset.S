/* reset.S - how systems for the 80286 came back from protected mode: the processor is reset, and the BIOS, which finds 5 or 0Ah in CMOS 0Fh, jumps to the address at 40:67; with 5 it ends an
 * interrupt first (IBM PC AT Technical Reference, BIOS listing; Windows 3.x in standard mode, OS/2 1.x). Each line on COM1 is the code and how the reset was asked for: FEh to the keyboard controller,
 * port 92h, or an exception that cannot be delivered. `lost` follows where memory or the mask of the interrupt controller is not as before, or the code stays. */
#define MORE 2 /* sectors after the first */
#include "begin.S"
    cli
    movb $0x5a, %al /* a mask that no BIOS sets */
    outb %al, $0x21
    xorw %bx, %bx
next: /* reset number BX */
    movb codes(%bx), %al
    movb %al, code
    movb $0x8f, %al
    outb %al, $0x70
    movb code, %al
    outb %al, $0x71
    movw $back, 0x467
    movw %cs, 0x469
    movw %sp, stack
    movl $0x600df00d, marker
    cmpb $1, ways(%bx)
    jb keyboard
    ja fault
    inb $0x92, %al
    andb $0xfe, %al /* bit 0 resets as it rises */
    outb %al, $0x92
    orb $1, %al
    outb %al, $0x92
    jmp stop
keyboard:
    inb $0x64, %al
    testb $2, %al
    jnz keyboard
    movb $0xfe, %al
    outb %al, $0x64
    jmp stop
fault:
    lidt nothing
    int3
stop:
    hlt
    jmp stop

back:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw stack, %sp
    movw $codes_text, %si
    cmpb $5, code
    je 1f
    movw $codes_text + 3, %si
1:  call say
    movzbw count, %bx
    movb ways(%bx), %al
    movb $12, %ah
    mulb %ah
    addw $ways_text, %ax
    movw %ax, %si
    call say
    inb $0x21, %al
    cmpb $0x5a, %al
    jne 2f
    cmpl $0x600df00d, marker
    jne 2f
    movb $0x8f, %al /* the code is used up */
    outb %al, $0x70
    inb $0x71, %al
    testb %al, %al
    jz 3f
2:  movw $lost_text, %si
    call say
3:  movw $line_text, %si
    call say
    incb count
    movzbw count, %bx
    cmpb $6, %bl
    jb next
    movw $end_text, %si
    call say
    cli
4:  hlt
    jmp 4b

#include "say.S"

codes:   .byte 5, 10, 5, 10, 5, 10
ways:    .byte 0, 0, 1, 1, 2, 2
code:    .byte 0
count:   .byte 0
stack:   .word 0
marker:  .long 0
nothing: .word 0, 0, 0
codes_text: .asciz "5 "
    .asciz "a "
ways_text:
    .asciz "keyboard\0\0\0"
    .asciz "port 92h\0\0\0"
    .asciz "exception\0\0"
lost_text: .asciz " lost"
line_text: .asciz "\r\n"
end_text:  .asciz "end\r\n"
