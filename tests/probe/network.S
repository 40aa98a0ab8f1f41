/* network.S - an NE2000 at 300h, and whoever else is on its cable: a boot sector and what it loads after itself. What it
 * finds goes to COM1, a line each:
 *
 *   reset ISR CR     after a read of the reset port
 *   prom BYTES       16 words of the PROM, the low byte of each
 *   memory SUM       256 words written at the end of the ring and read back, where PSTOP leads to PSTART
 *   empty ISR        a transfer of no bytes
 *   sent TSR ISR     a broadcast, "ping"
 *   heard WHAT FROM  "ping", which is answered by "pong", or "pong"; FROM is the last byte of the sender's address
 *   end              a second has passed
 *
 * Then the machine is switched off. Nothing here depends on how fast it is. */
#define MORE 3 /* sectors after the first */
#include "begin.S"
#define CARD 0x300
#define DATA 0x310
#define FIRST 0x46
#define LAST 0x80 /* after the ring */
    sti

    movw $reset_name, %si
    call say
    movw $CARD + 0x1f, %dx
    inb %dx, %al
    movw $2, %cx
    call wait
    movw $CARD + 7, %dx
    inb %dx, %al
    call hex
    movw $CARD, %dx
    inb %dx, %al
    call hex
    call line

    movw $prom_name, %si
    call say
    movw $setup, %si
    call registers
    movw $at_prom, %si
    call registers
    movw $32, %cx
    movw $received, %di
    movw $DATA, %dx
    rep insw
    movw $16, %cx
    movw $received, %si
1:  lodsw
    call hex
    loop 1b
    call line
    /* its own address, from the PROM */
    movw $received, %si
    movw $CARD, %dx
    movb $0x61, %al
    outb %al, %dx
    movw $packet + 6, %di
    movw $6, %cx
    incw %dx
1:  lodsw
    outb %al, %dx
    stosb
    incw %dx
    loop 1b
    movw $CARD, %dx
    movb $0x21, %al
    outb %al, %dx

    movw $memory_name, %si
    call say
    movw $at_end, %si
    call registers
    movw $256, %cx
    movw $DATA, %dx
    movw $0x1234, %ax
1:  outw %ax, %dx
    imulw $0x6255, %ax, %ax
    addw $0x3619, %ax
    loop 1b
    movw $from_end, %si
    call registers
    movw $256, %cx
    movw $DATA, %dx
    xorw %bx, %bx
1:  inw %dx, %ax
    rolw $1, %bx
    xorw %ax, %bx
    loop 1b
    movb %bh, %al
    call hex
    movb %bl, %al
    call hex
    call line

    movw $empty_name, %si
    call say
    movw $nothing, %si
    call registers
    movw $CARD + 7, %dx
    inb %dx, %al
    call hex
    call line

    movw $start, %si
    call registers
    movw $ping, %si
    call send
    movw $sent_name, %si
    call say
    movw $CARD + 4, %dx
    inb %dx, %al
    call hex
    movw $CARD + 7, %dx
    inb %dx, %al
    andb $2, %al
    call hex
    call line

    movw TICKS, %bp
listen:
    movw TICKS, %ax
    subw %bp, %ax
    cmpw $18, %ax
    jae over
    /* the page after BNRY is CURR: nothing has come */
    movw $CARD, %dx
    movb $0x62, %al
    outb %al, %dx
    movw $CARD + 7, %dx
    inb %dx, %al
    movb %al, %bl
    movw $CARD, %dx
    movb $0x22, %al
    outb %al, %dx
    movb next, %bh
    cmpb %bl, %bh
    je listen
    /* 24 bytes from there: header, addresses, type, what it says */
    movw $CARD + 8, %dx
    xorb %al, %al
    outb %al, %dx
    incw %dx
    movb %bh, %al
    outb %al, %dx
    incw %dx
    movb $24, %al
    outb %al, %dx
    incw %dx
    xorb %al, %al
    outb %al, %dx
    movw $CARD, %dx
    movb $0x0a, %al
    outb %al, %dx
    movw $12, %cx
    movw $received, %di
    movw $DATA, %dx
    rep insw
    movb received + 1, %al /* the next packet; BNRY is one page before it */
    movb %al, next
    decb %al
    cmpb $FIRST, %al
    jae 1f
    movb $LAST - 1, %al
1:  movw $CARD + 3, %dx
    outb %al, %dx
    movw $heard_name, %si
    call say
    movw $received + 18, %si
    movw $4, %cx
1:  lodsb
    call put
    loop 1b
    movb $' ', %al
    call put
    movb received + 15, %al
    call hex
    call line
    cmpw $0x6970, received + 18 /* "pi" */
    jne listen
    movw $received + 10, %si
    movw $packet, %di
    movw $3, %cx
    rep movsw
    movw $pong, %si
    call send
    jmp listen

over:
    movw $end_name, %si
    call say
    call line
    movw $COM1 + 5, %dx /* until all of it has left */
1:  inb %dx, %al
    testb $0x40, %al
    jz 1b
    movw $power, %si
    movw $0x8900, %dx
    movw $8, %cx
    rep outsb
    cli
1:  hlt
    jmp 1b

/* Sends the packet with the four bytes at SI, and waits until it has left. */
send:
    movw $packet + 14, %di
    movw $2, %cx
    rep movsw
    movw $at_packet, %si
    call registers
    movw $packet, %si
    movw $DATA, %dx
    movw $30, %cx
    rep outsw
    movw $transmit, %si
    call registers
1:  movw $CARD, %dx
    inb %dx, %al
    testb $4, %al
    jnz 1b
    ret

/* Writes registers of the card: pairs of index and value at SI, up to FFh. */
registers:
    xorw %ax, %ax
    lodsb
    cmpb $0xff, %al
    je 1f
    movw $CARD, %dx
    addw %ax, %dx
    lodsb
    outb %al, %dx
    jmp registers
1:  ret

/* AL as two digits and a space. */
hex:
    pushw %ax
    shrb $4, %al
    call digit
    popw %ax
    andb $15, %al
    call digit
    movb $' ', %al
    jmp put
digit:
    cmpb $10, %al
    sbbb $0x69, %al
    das
put:
    pushw %dx
    pushw %ax
    movw $COM1 + 5, %dx
1:  inb %dx, %al
    testb $0x20, %al
    jz 1b
    popw %ax
    movw $COM1, %dx
    outb %al, %dx
    popw %dx
    ret
line:
    movb $'\n', %al
    jmp put
say:
    lodsb
    testb %al, %al
    jz 1f
    call put
    jmp say
1:  ret

/* CX milliseconds, by the refresh bit of port 61h, which changes each 15 us. */
wait:
    pushw %ax
    pushw %bx
1:  movw $66, %bx
2:  inb $0x61, %al
    andb $0x10, %al
    cmpb %al, %ah
    movb %al, %ah
    je 2b
    decw %bx
    jnz 2b
    loop 1b
    popw %bx
    popw %ax
    ret

setup: /* words, nothing from the cable */
    .byte 0, 0x21, 14, 0x49, 10, 0, 11, 0, 12, 0x20, 13, 2, 1, FIRST, 2, LAST, 3, FIRST, 7, 0xff, 15, 0, 0xff
at_prom:
    .byte 0, 0x22, 8, 0, 9, 0, 10, 64, 11, 0, 0, 0x0a, 0xff
at_end: /* 256 words from 100h before the end of the ring */
    .byte 0, 0x22, 8, 0, 9, LAST - 1, 10, 0, 11, 2, 0, 0x12, 0xff
from_end:
    .byte 8, 0, 9, LAST - 1, 10, 0, 11, 2, 0, 0x0a, 0xff
nothing:
    .byte 7, 0xff, 8, 0, 9, 0x40, 10, 0, 11, 0, 0, 0x12, 0xff
start: /* broadcasts and its own */
    .byte 0, 0x61, 7, FIRST + 1, 0, 0x21, 3, FIRST, 7, 0xff, 12, 4, 13, 0, 0, 0x22, 0xff
at_packet:
    .byte 7, 0xff, 8, 0, 9, 0x40, 10, 60, 11, 0, 0, 0x12, 0xff
transmit:
    .byte 4, 0x40, 5, 60, 6, 0, 0, 0x26, 0xff
next:
    .byte FIRST + 1
packet:
    .byte 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0x90, 0x00
    .space 46
ping: .ascii "ping"
pong: .ascii "pong"
reset_name: .asciz "reset "
prom_name: .asciz "prom "
memory_name: .asciz "memory "
empty_name: .asciz "empty "
sent_name: .asciz "sent "
heard_name: .asciz "heard "
end_name: .asciz "end"
power: .ascii "Shutdown"
    .org 512 * (1 + MORE)
received:
