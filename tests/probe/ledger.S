# ledger.S - a boot sector that asks for the number of a record, four digits, writes the answer into the first file of its own floppy (1.44M, cluster 2), and says so.
# A number that begins with 9 is not found.
.code16
.globl _start
_start: jmp     begin
        .org    0x3E                            # behind the BIOS parameter block, which mformat fills in
begin:  xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7C00, %sp
        cld
ask:    movw    $asks, %si
        call    print
        movw    $0x8000, %di
        movw    $4, %cx
digit:  xorw    %ax, %ax
        int     $0x16
        stosb
        call    put
        loop    digit
        movw    $missing, %si
        cmpb    $'9', 0x8000
        je      answer
        movw    $0x8000, %si                    # the number again and again
        movw    $508, %cx
        rep movsb
        movw    $0x0301, %ax                    # one sector, number 33: cylinder 0, head 1, sector 16
        movw    $0x0010, %cx
        movw    $0x0100, %dx
        movw    $0x8000, %bx
        int     $0x13
        movw    $failed, %si
        jc      answer
        movw    $done, %si
answer: call    print
        movw    $0x8000, %si
        movw    $4, %cx
again:  lodsb
        call    put
        loop    again
        jmp     ask
print:  lodsb
        testb   %al, %al
        jz      out
        call    put
        jmp     print
put:    movb    $0x0E, %ah
        movw    $7, %bx
        int     $0x10
out:    ret
asks:    .asciz "\r\nRecord? "
done:    .asciz " - done "
missing: .asciz " - no record "
failed:  .asciz " - cannot write "
        .org    510
        .word   0xAA55
