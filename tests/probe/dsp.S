/* dsp.S - a probe speaks to the Sound Blaster, and waits. Included by those that do. */
    .macro port number value
    .word \number
    .byte \value
    .endm

/* AL to the DSP. */
dsp:
    movb %al, %ah
    movw $0x22c, %dx
1:  inb %dx, %al
    testb $0x80, %al
    jnz 1b
    movb %ah, %al
    outb %al, %dx
    ret

/* Triples of port and value from SI on, until FFFFh. */
ports:
    lodsw
    cmpw $0xffff, %ax
    je 1f
    movw %ax, %dx
    lodsb
    outb %al, %dx
    jmp ports
1:  ret

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
