/* record.S - what a Sound Blaster records from its line input, as bytes on COM1: a boot sector and what it loads after
 * itself.
 *
 *   wide             and 1,920 bytes: 480 samples, stereo, signed, of 16 bits, at 48 kHz, by channel 5 in one block
 *   narrow           and 2,000 bytes: mono, unsigned, at 22,222 Hz, by channel 1 in blocks of 500 that follow each
 *                    other, with the commands of a Sound Blaster 2
 *   direct           and 16 bytes that the ADC answered, one each millisecond
 *   end              then the processor halts */
#define MORE 3 /* sectors after the first */
#include "begin.S"
#include "reset_dsp.S"
    sti
    reset_dsp
    movw $mixer, %si
    call ports

    movw $wide_dma, %si
    call ports
    movw $wide_begin, %si
    movw $1, %cx
    call record
    movw $wide_name, %si
    movw $1920, %cx
    call tell

    movw $narrow_dma, %si
    call ports
    movw $narrow_begin, %si
    movw $4, %cx
    call record
    movw $narrow_name, %si
    movw $2000, %cx
    call tell

    movw $0x1000, %ax
    movw %ax, %es
    xorw %di, %di
1:  movb $0x20, %al
    call dsp
    movw $0x22a, %dx
    inb %dx, %al
    stosb
    movw $1, %cx
    call wait
    cmpw $16, %di
    jne 1b
    movw $direct_name, %si
    movw $16, %cx
    call tell

end:
    movw $end_name, %si
    call say
    cli
    hlt

/* Commands from SI on, until EEh, and CX interrupts; then the running block is the last. */
record:
    movw %cx, %di
1:  lodsb
    cmpb $0xee, %al
    je 2f
    call dsp
    jmp 1b
2:  movw $0x224, %dx
    movb $0x82, %al
    outb %al, %dx
    incw %dx
3:  inb %dx, %al
    testb $3, %al
    jz 3b
    movw $0x22e, %dx
    inb %dx, %al
    movw $0x22f, %dx
    inb %dx, %al
    movw $0x225, %dx
    decw %di
    jnz 3b
    movb $0xd0, %al
    call dsp
    ret

/* The name at SI, and CX bytes from 10000h on. */
tell:
    call say
    movw $0x1000, %ax
    movw %ax, %es
    xorw %di, %di
1:  movw $COM1 + 5, %dx
2:  inb %dx, %al
    testb $0x20, %al
    jz 2b
    movb %es:(%di), %al
    incw %di
    movw $COM1, %dx
    outb %al, %dx
    loop 1b
    ret

#include "dsp.S"
#include "say.S"

wide_name: .asciz "wide\n"
narrow_name: .asciz "narrow\n"
direct_name: .asciz "direct\n"
end_name: .asciz "end\n"
mixer: /* the line input, all of it, and nothing else */
    port 0x224 0x38
    port 0x225 0xf8
    port 0x224 0x39
    port 0x225 0xf8
    port 0x224 0x3d
    port 0x225 0x10
    port 0x224 0x3e
    port 0x225 0x08
    .word 0xffff
wide_dma: /* channel 5, to memory, once: 960 words at 10000h */
    port 0xd4 5
    port 0xd8 0
    port 0xd6 0x45
    port 0xc4 0
    port 0xc4 0x80
    port 0x8b 1
    port 0xc6 0xbf
    port 0xc6 0x03
    port 0xd4 1
    .word 0xffff
narrow_dma: /* channel 1, likewise: 2,000 bytes */
    port 0x0a 5
    port 0x0c 0
    port 0x0b 0x45
    port 0x02 0
    port 0x02 0
    port 0x83 1
    port 0x03 0xcf
    port 0x03 0x07
    port 0x0a 1
    .word 0xffff
wide_begin: .byte 0x42, 0xbb, 0x80, 0xb8, 0x30, 0xbf, 0x03, 0xee
narrow_begin: .byte 0x40, 211, 0x48, 0xf3, 0x01, 0x2c, 0xee
    .org 512 * (MORE + 1)
