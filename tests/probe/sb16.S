/* sb16.S - what a Sound Blaster 16 does: a boot sector and what it loads after itself. A line on COM1 for each part, the
 * values in hexadecimal, and `end`; then the processor halts. Nothing here depends on how fast it is.
 *
 *   version, complement, test, speaker, copyright   what commands E1h, E0h, E4h with E8h, D8h and E3h answer
 *   mixer, pro                 registers of the mixer after its reset; those of the Sound Blaster Pro
 *   forced                     interrupts by F2h and F3h in register 82h, each before and after it is acknowledged
 *   NN COUNT INTERRUPTS        a transfer by command NN of 256 bytes, or 128 words: what the channel has left, FFFFh for
 *                              nothing, and register 82h; of one that records, the byte in memory after that
 *   paused, continued, ended   whether the channel stands still (=) or not (#) after D0h, D4h and DAh; D5h, D6h, D9h
 *   silent INTERRUPTS          register 82h at the start of a silence of 20 ms, and after 40 ms */
#define MORE 4 /* sectors after the first */
#include "begin.S"
#include "reset_dsp.S"

    .equ MEMORY, 0x2000 /* segment of what is played and recorded */
    cli
    reset_dsp
    movw $program, %si
next:
    lodsb
    movzbw %al, %bx
    addw %bx, %bx
    jmp *operations(%bx)
operations: .word do_say, do_send, do_answer, do_mixer, do_set, do_in, do_wait, do_dma, do_count, do_moves, do_byte, do_reset, end

do_say:
    call say
    jmp next
do_send: /* count, bytes */
    lodsb
    movzbw %al, %cx
1:  lodsb
    call dsp
    loop 1b
    jmp next
do_answer: /* how many */
    lodsb
    movzbw %al, %di
1:  movw $10, %bx
2:  movw $1, %cx
    movw $0x22e, %dx
    inb %dx, %al
    testb $0x80, %al
    jnz 3f
    call wait
    decw %bx
    jnz 2b
    movw $nothing, %bx
    xchgw %si, %bx
    call say
    xchgw %si, %bx
    jmp 4f
3:  movw $0x22a, %dx
    inb %dx, %al
    call digits
4:  decw %di
    jnz 1b
    jmp next
do_mixer: /* register, mask */
    lodsb
    movw $0x224, %dx
    outb %al, %dx
    incw %dx
    inb %dx, %al
    andb (%si), %al
    incw %si
    call digits
    jmp next
do_set: /* register, value */
    lodsb
    movw $0x224, %dx
    outb %al, %dx
    incw %dx
    lodsb
    outb %al, %dx
    jmp next
do_in: /* low byte of a port of the card */
    lodsb
    movb $2, %ah
    movw %ax, %dx
    inb %dx, %al
    jmp next
do_wait: /* milliseconds */
    lodsb
    movzbw %al, %cx
    call wait
    jmp next
do_dma: /* mode; its bit 1 is no mode's: channel 5. Memory is filled first */
    pushw %si
    movw $MEMORY, %ax
    movw %ax, %es
    xorw %di, %di
    movw $256, %cx
    movb $0x55, %al
    rep stosb
    popw %si
    lodsb
    movw $narrow, %di
    testb $2, %al
    jz 1f
    movw $wide, %di
    decw %ax
    decw %ax
1:  incw %ax
    movb %al, channel_mode - narrow(%di)
    movw %di, %bx
    xchgw %si, %bx
    call ports
    xchgw %si, %bx
    jmp next
do_count: /* 0: channel 1, 1: channel 5 */
    lodsb
    call count_of
    xchgb %al, %ah
    call half
    movb %ah, %al
    call digits
    jmp next
do_moves: /* channel */
    lodsb
    pushw %ax
    call count_of
    movw %ax, %di
    movw $5, %cx
    call wait
    popw %ax
    call count_of
    movw $moves, %bx
    cmpw %ax, %di
    jne 1f
    movw $stands, %bx
1:  xchgw %si, %bx
    call say
    xchgw %si, %bx
    jmp next
do_byte:
    movw $MEMORY, %ax
    movw %ax, %es
    movb %es:1, %al
    call digits
    jmp next
do_reset:
    reset_dsp
    jmp next
end:
    movw $end_name, %si
    call say
    cli
1:  hlt
    jmp 1b

/* The count of channel 1, or with AL 1 of channel 5, into AX. */
count_of:
    testb %al, %al
    movw $0x0c, %dx
    jz 1f
    movw $0xd8, %dx
1:  outb %al, %dx
    movw $3, %dx
    jz 2f
    movw $0xc6, %dx
2:  inb %dx, %al
    movb %al, %ah
    inb %dx, %al
    xchgb %al, %ah
    ret
    .macro hexadecimal register
    addb $'0', %\register
    cmpb $'9', %\register
    jbe 9f
    addb $'A' - '9' - 1, %\register
9:
    .endm
/* AL as two digits, and a space after them; half without one. */
digits:
    movb $' ', digit_end
    jmp 1f
half:
    movb $0, digit_end
1:  pushw %si
    pushw %ax
    movb %al, %ah
    shrb $4, %al
    andb $15, %ah
    hexadecimal al
    hexadecimal ah
    movw %ax, digit_text
    movw $digit_text, %si
    call say
    popw %ax
    popw %si
    ret
#include "dsp.S"
#include "say.S"

digit_text: .byte 0, 0
digit_end: .byte ' ', 0
nothing: .asciz "-- "
moves: .asciz "# "
stands: .asciz "= "
end_name: .asciz "end\n"
    .macro channel mask clear mode address page page_number count length
    port \mask 5
    port \clear 0
    .word \mode
    .byte 0
    port \address 0
    port \address 0
    port \page \page_number
    port \count \length
    port \count 0
    port \mask 1
    .word 0xffff
    .endm
narrow: channel 0x0a 0x0c 0x0b 0x02 0x83 2 0x03 0xff
wide: channel 0xd4 0xd8 0xd6 0xc4 0x8b 2 0xc6 0x7f
    .equ channel_mode, narrow + 8

    .macro text string:vararg
    .byte 0
    .asciz \string
    .endm
    .macro send bytes:vararg
    .byte 1, 9002f - 9001f
9001: .byte \bytes
9002:
    .endm
    .macro values registers:vararg
    .irp register, \registers
    .byte 3, \register, 0xff
    .endr
    .endm
    .equ ANSWER, 2
    .equ MIXER, 3
    .equ SET, 4
    .equ IN, 5
    .equ WAIT, 6
    .equ DMA, 7
    .equ COUNT, 8
    .equ MOVES, 9
    .equ BYTE, 10
    .equ RESET, 11
    .equ END, 12
    .macro interrupts
    .byte MIXER, 0x82, 3
    .endm
    /* A transfer of a name, in a mode of the controller, by commands; it has 150 ms. */
    .macro transfer string mode wide bytes:vararg
    text "\string "
    .byte DMA, \mode + 2 * \wide
    send 0x41, 0x56, 0x22, 0x48, 0xff, 0
    send \bytes
    .byte WAIT, 150, COUNT, \wide
    interrupts
    .endm
    .macro plays string wide bytes:vararg
    transfer \string 0x48 \wide \bytes
    text "\n"
    .byte RESET
    .endm
    .macro records string wide bytes:vararg
    transfer \string 0x44 \wide \bytes
    .byte BYTE
    text "\n"
    .byte RESET
    .endm
    /* Blocks without an end are paused, continued and brought to an end. */
    .macro pauses wide pause continue finish bytes:vararg
    .byte DMA, 0x58 + 2 * \wide
    send \bytes
    .byte WAIT, 20
    send \pause
    text "paused "
    .byte MOVES, \wide
    send \continue
    text "continued "
    .byte MOVES, \wide
    send \finish
    .byte WAIT, 50
    text "ended "
    .byte MOVES, \wide
    text "\n"
    .byte RESET
    .endm

program:
    text "version "
    send 0xe1
    .byte ANSWER, 2
    text "\ncomplement "
    send 0xe0, 0x35
    .byte ANSWER, 1
    text "\ntest "
    send 0xe4, 0x77, 0xe8
    .byte ANSWER, 1
    text "\nspeaker "
    send 0xd1, 0xd8
    .byte ANSWER, 1
    send 0xd3, 0xd8
    .byte ANSWER, 1
    text "\ncopyright "
    send 0xe3
    .byte ANSWER, 9, RESET
    text "\nmixer "
    .byte SET, 0, 0
    values 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x38, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x41, 0x43, 0x44, 0x46
    text "\npro "
    .byte SET, 0x22, 0xb7
    values 0x30, 0x31, 0x22
    .byte SET, 0x00, 0
    text "\nforced "
    send 0xf2
    interrupts
    .byte IN, 0x2e
    interrupts
    send 0xf3
    interrupts
    .byte IN, 0x2f
    interrupts
    .byte RESET
    text "\n"
    plays "14" 0 0x14, 0xff, 0
    plays "91" 0 0x91
    plays "1c" 0 0x1c
    plays "90" 0 0x90
    plays "16" 0 0x16, 0xff, 0
    plays "17" 0 0x17, 0xff, 0
    plays "1f" 0 0x1f
    plays "74" 0 0x74, 0xff, 0
    plays "75" 0 0x75, 0xff, 0
    plays "7d" 0 0x7d
    plays "76" 0 0x76, 0xff, 0
    plays "77" 0 0x77, 0xff, 0
    plays "7f" 0 0x7f
    plays "c0" 0 0xc0, 0x00, 0xff, 0
    plays "c6" 0 0xc6, 0x20, 0xff, 0
    plays "b0" 1 0xb0, 0x10, 0x7f, 0
    plays "b6" 1 0xb6, 0x30, 0x7f, 0
    records "24" 0 0x24, 0xff, 0
    records "99" 0 0x99
    records "2c" 0 0x2c
    records "98" 0 0x98
    records "c8" 0 0xc8, 0x00, 0xff, 0
    records "ce" 0 0xce, 0x20, 0xff, 0
    records "b8" 1 0xb8, 0x10, 0x7f, 0
    records "be" 1 0xbe, 0x00, 0x7f, 0
    pauses 0 0xd0 0xd4 0xda 0x48, 0xff, 0, 0x1c
    pauses 1 0xd5 0xd6 0xd9 0xb6, 0x10, 0x7f, 0
    text "silent "
    send 0x41, 0x56, 0x22, 0x80, 0xb9, 0x01
    interrupts
    .byte WAIT, 40
    interrupts
    text "\n"
    .byte END
