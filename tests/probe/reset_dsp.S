/* reset_dsp.S - the Sound Blaster's DSP is reset (dsp.S has `wait`); to `end` if there is none. */
    .macro reset_dsp
    movw $0x226, %dx
    movb $1, %al
    outb %al, %dx
    movw $1, %cx
    call wait
    movw $0x226, %dx
    xorb %al, %al
    outb %al, %dx
    movw $1, %cx
    call wait
    movw $0x22a, %dx
    inb %dx, %al
    cmpb $0xaa, %al
    jne end
    .endm
