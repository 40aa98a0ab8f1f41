/* voices.S - a load for the sound card: all 18 voices of an OPL3, each with two operators, other waveforms and vibrato, and the DSP with 44,100 frames a second, block after
 * block; then the processor waits. Without a card it only waits. */
#define MORE 1
#include "../probe/begin.S"
    cli
    movb $0xff, %al /* nothing interrupts */
    outb %al, $0x21
    outb %al, $0xa1
    movw $array_of_4, %si
    call write_second
    xorw %bp, %bp /* voice */
voice:
    movw %bp, %ax
    movb $9, %bl
    divb %bl /* AL the array, AH the channel in it */
    movw $0x388, %dx
    testb %al, %al
    jz 1f
    movw $0x38a, %dx
1:  movzbw %ah, %di
    movb operators(%di), %bl
    movw $settings, %si
2:  lodsb /* register of the first operator, value; to FFh */
    cmpb $0xff, %al
    je 3f
    movb %al, %bh
    lodsb
    movb %al, %cl
    movb %bh, %al
    addb %bl, %al
    call write
    addb $3, %al
    call write
    jmp 2b
3:  movw %bp, %ax
    andb $7, %al
    movb %al, %cl
    movb %bl, %al
    addb $0xe0, %al
    call write /* waveform */
    movw %di, %ax
    addb $0xc0, %al
    movb $0x31, %cl
    call write
    subb $0x20, %al
    movb $0x57, %cl
    call write
    addb $0x10, %al
    movw %bp, %cx
    andb $3, %cl
    shlb $2, %cl
    orb $0x22, %cl
    call write
    incw %bp
    cmpw $18, %bp
    jb voice

    movw $dma, %si /* channel 5, 64 KiB of words from 20000h on, again and again */
1:  lodsb
    xorb %ah, %ah
    testb %al, %al
    jz 2f
    movw %ax, %dx
    lodsb
    outb %al, %dx
    jmp 1b
2:  movw $dsp, %si
    movw $7, %cx
1:  movw $0x22c, %dx
2:  inb %dx, %al
    cmpb $0xff, %al
    je 3f /* nobody is there */
    testb $0x80, %al
    jnz 2b
3:  lodsb
    outb %al, %dx
    loop 1b
wait:
    hlt
    jmp wait

/* CL to register AL at the ports of DX. */
write:
    outb %al, %dx
    incw %dx
    xchgb %al, %cl
    outb %al, %dx
    xchgb %al, %cl
    decw %dx
    ret
/* Pairs at SI to the second array, to FFh. */
write_second:
    movw $0x38a, %dx
1:  lodsb
    cmpb $0xff, %al
    je 2f
    movb %al, %bl
    lodsb
    movb %al, %cl
    movb %bl, %al
    call write
    jmp 1b
2:  ret

array_of_4: .byte 5, 1, 4, 0, 0xff /* the new mode */
operators: .byte 0, 1, 2, 8, 9, 10, 16, 17, 18
settings: .byte 0x20, 0xe2, 0x40, 0x18, 0x60, 0xf4, 0x80, 0x22, 0xff
dma: .byte 0xd4, 5, 0xd8, 0, 0xd6, 0x59, 0xc4, 0, 0xc4, 0, 0x8b, 2, 0xc6, 0xff, 0xc6, 0x7f, 0xd4, 1, 0
dsp: .byte 0x41, 0xac, 0x44, 0xb6, 0x30, 0xff, 0x0f
