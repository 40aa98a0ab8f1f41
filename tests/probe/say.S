/* say.S - a probe speaks. Included by those that do. */
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
