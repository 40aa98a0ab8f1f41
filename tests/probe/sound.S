/* sound.S - what a machine plays: a boot sector and what it loads after itself. Each part says its name on COM1 when it
 * begins, and `end` comes when all is done; then the processor halts. Nothing here depends on how fast it is.
 *
 *   speaker          three notes of timer 2, 440, 660 and 880 Hz, a quarter of a second each
 *   opl [3]          if there is an FM synthesizer: a note of 440 Hz, half a second
 *   midi             if there is an MPU-401: middle C, a quarter of a second, by running status
 *   sb16 VERSION     if there is a DSP: half a second of a triangle of 1,000 Hz, left, and of 2,000 Hz, right, in
 *                    blocks of 960 words that follow each other at 48 kHz, and how many ended */
#define MORE 7 /* sectors after the first */
#include "begin.S"
#include "reset_dsp.S"
    sti
    movb $0x36, %al /* timer 0 counts by two; SeaBIOS leaves it counting by one */
    outb %al, $0x43
    xorb %al, %al
    outb %al, $0x40
    outb %al, $0x40

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

opl:
    movw $opl_reset, %si
    call opl_write
    movw $0x388, %dx
    inb %dx, %al
    testb $0xe0, %al
    jnz sb16
    movw $opl_timer, %si
    call opl_write
    movw $1, %cx
    call wait
    movw $0x388, %dx
    inb %dx, %al
    movb %al, %bl
    andb $0xe0, %al
    cmpb $0xc0, %al
    jne sb16
    movw $opl_name, %si
    testb $6, %bl
    jnz 1f
    movw $opl3_name, %si
1:  call say
    movw $opl_note, %si
    call opl_write
    movw $500, %cx
    call wait
    movw $opl_end, %si
    call opl_write
    movw $100, %cx
    call wait

sb16:
    reset_dsp
    movw $sb16_name, %si
    call say
    movb $0xe1, %al
    call dsp
    call digits
    call digits
    movw $0x1000, %ax /* 960 words from 10000h: triangles */
    movw %ax, %es
    xorw %di, %di
    movw $480, %cx
1:  movw %di, %ax
    shrw $2, %ax
    movw $48, %bx
    call triangle
    stosw
    movw %di, %ax
    shrw $2, %ax
    movw $24, %bx
    call triangle
    stosw
    loop 1b
    movw $sb16_dma, %si
    call ports
    movw $mixer, %si
    call ports
    movw $sb16_begin, %si
1:  lodsb
    cmpb $0xee, %al
    je 2f
    call dsp
    jmp 1b
2:  xorw %si, %si
    movw $500, %di
3:  movw $1, %cx
    call wait
    movw $0x224, %dx
    movb $0x82, %al
    outb %al, %dx
    incw %dx
    inb %dx, %al
    testb $2, %al
    jz 4f
    incw %si
    movw $0x22f, %dx
    inb %dx, %al
4:  decw %di
    jnz 3b
    movb $0xd9, %al
    call dsp
    movw $100, %cx
    call wait
    movw %si, %ax
    call digits_of
    movw $new_line, %si
    call say

midi:
    movw $0x331, %dx
    movb $0xff, %al
    outb %al, %dx
    call midi_answer
    jne end
    movb $0x3f, %al
    outb %al, %dx
    call midi_answer
    jne end
    movw $midi_name, %si
    call say
    movw $midi_on, %si
    call midi_send
    movw $250, %cx
    call wait
    movw $midi_off, %si
    call midi_send

end:
    movw $end_name, %si
    call say
    cli
    hlt

/* Pairs of register and value from SI on, until FFh. */
opl_write:
    lodsb
    cmpb $0xff, %al
    je 3f
    movw $0x388, %dx
    outb %al, %dx
    movw $6, %cx
1:  inb %dx, %al
    loop 1b
    incw %dx
    lodsb
    outb %al, %dx
    decw %dx
    movw $35, %cx
2:  inb %dx, %al
    loop 2b
    jmp opl_write
3:  ret

/* Whether the MPU-401 acknowledges. */
midi_answer:
    movw $0x331, %dx
    inb %dx, %al
    testb $0x80, %al
    jnz 1f
    decw %dx
    inb %dx, %al
    incw %dx
    cmpb $0xfe, %al
    ret
1:  orb $1, %al
    ret

/* Bytes from SI on, until EEh, to MIDI. */
midi_send:
    movw $0x331, %dx
1:  inb %dx, %al
    testb $0x40, %al
    jnz 1b
    lodsb
    cmpb $0xee, %al
    je 2f
    decw %dx
    outb %al, %dx
    incw %dx
    jmp 1b
2:  ret

/* The next answer of the DSP, as a number. */
digits:
    movw $0x22e, %dx
1:  inb %dx, %al
    testb $0x80, %al
    jz 1b
    movw $0x22a, %dx
    inb %dx, %al
    xorb %ah, %ah
digits_of: /* AX below 100, and a space */
    movb $10, %bl
    divb %bl
    addw $0x3030, %ax
    movw %ax, number
    movw $number, %bx
    pushw %si
    movw %bx, %si
    call say
    popw %si
    ret

/* Sample AX of a triangle with BX samples to a period, 256 to a step of 1/BX. */
triangle:
    xorw %dx, %dx
    divw %bx
    movw %bx, %ax
    shrw $1, %ax
    cmpw %ax, %dx
    jb 1f
    subw %bx, %dx
    negw %dx
1:  shlw $1, %dx
    subw %ax, %dx
    movw $400, %ax
    imulw %dx
    ret

#include "dsp.S"
#include "say.S"

notes: .word 2712, 1808, 1356, 0
speaker_name: .asciz "speaker\n"
end_name: .asciz "end\n"
midi_name: .asciz "midi\n"
midi_on: .byte 0xf0, 0x7e, 0x7f, 9, 1, 0xf7, 0xc0, 19, 0x90, 60, 100, 0xee
midi_off: .byte 60, 0, 0xee
opl_name: .asciz "opl\n"
opl3_name: .asciz "opl 3\n"
sb16_name: .asciz "sb16 "
number: .asciz "00 "
new_line: .asciz "\n"
opl_reset: .byte 4, 0x60, 4, 0x80, 0xff
opl_timer: .byte 2, 0xff, 4, 0x21, 0xff
opl_note:
    .byte 4, 0x60, 4, 0x80, 1, 0x20, 0x20, 0x21, 0x23, 0x21, 0x40, 0x3f, 0x43, 0, 0x60, 0xf0, 0x63, 0xf0, 0x80, 0x0f, 0x83, 0x0f
    .byte 0xc0, 0x31, 0xa0, 0x44, 0xb0, 0x32, 0xff
opl_end: .byte 0xb0, 0x12, 0xff
sb16_dma: /* channel 5, from memory, again and again: 960 words at 10000h */
    port 0xd4 5
    port 0xd8 0
    port 0xd6 0x59
    port 0xc4 0
    port 0xc4 0x80
    port 0x8b 1
    port 0xc6 0xbf
    port 0xc6 0x03
    port 0xd4 1
    .word 0xffff
mixer: /* all the way up */
    port 0x224 0x30
    port 0x225 0xf8
    port 0x224 0x31
    port 0x225 0xf8
    port 0x224 0x32
    port 0x225 0xf8
    port 0x224 0x33
    port 0x225 0xf8
    .word 0xffff
sb16_begin: .byte 0x41, 0xbb, 0x80, 0xb6, 0x30, 0xbf, 0x03, 0xee
    .org 512 * (MORE + 1)
