/* first.S - the thinnest guest: one boot sector that says "First light" and stops.
 *
 * It writes the line to the screen through INT 10h and, byte by byte, to the 16550A at 3F8h (National Semiconductor
 * data sheet, LSR bit 5: transmitter holding register empty), then halts with interrupts off. */

    .code16
    .globl _start
_start:
    ljmp  $0, $1f
1:  xorw  %ax, %ax
    movw  %ax, %ds
    movw  %ax, %ss
    movw  $0x7c00, %sp
    cld
    movw  $0x0003, %ax          /* text, 80 x 25 */
    int   $0x10
    movw  $0x3fb, %dx           /* 9600 baud, 8 data bits, no parity */
    movb  $0x80, %al
    outb  %al, %dx
    movw  $0x3f8, %dx
    movw  $12, %ax
    outw  %ax, %dx
    movw  $0x3fb, %dx
    movb  $0x03, %al
    outb  %al, %dx

    movw  $text, %si
next:
    lodsb
    testb %al, %al
    jz    done
    movw  $0x0007, %bx
    movb  $0x0e, %ah
    pushw %ax
    int   $0x10
    movw  $0x3fd, %dx
1:  inb   %dx, %al
    testb $0x20, %al
    jz    1b
    popw  %ax
    movw  $0x3f8, %dx
    outb  %al, %dx
    jmp   next
done:
    cli
    hlt
    jmp   done

text:
    .asciz "First light\r\n"

    .org 510
    .word 0xaa55
