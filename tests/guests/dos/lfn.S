/* lfn.S - a program for DOS that uses long names through DOSLFN's INT 21h/71xxh: it finds the file that the host left, makes a folder and a file in it, renames the file, and reads
 * it back by its name in other letters. (Ralf Brown's Interrupt List, INT 21/AX=7139h to 716Ch.)
 *
 *   gcc -m32 -c -o lfn.o lfn.S && ld -m elf_i386 -Ttext=0x100 --oformat=binary -o lfn.com lfn.o */
    .code16
    .text
    .globl _start
_start:
    cld
    movw $all, %dx
    movw $0x714e, %ax /* find the first; dates as DOS has them */
    movw $1, %si
    movw $0x27, %cx
    movw $found, %di
    stc
    int $0x21
    movw $stage_find, %bp
    jc failed
    xchgw %ax, %bx
    movw $0x71a1, %ax /* and no other */
    int $0x21
    movw $found + 0x2c, %bx /* its long name */
    call print
    movw $arrow, %bx
    call print
    movw $found + 0x130, %bx /* and its short one */
    call print
    movw $end_of_line, %bx
    call print

    movw $folder, %dx
    movw $0x7139, %ax
    stc
    int $0x21
    movw $stage_folder, %bp
    jc failed
    movw $first, %si
    movw $0x12, %dx /* create, or empty it */
    call open
    movw $stage_create, %bp
    jc failed
    movw $text, %dx
    movw $text_end - text, %cx
    movb $0x40, %ah
    int $0x21
    call close
    movw $first, %si
    movw $path, %di
    movw $1, %cx /* the short names of a path */
    movw $0x7160, %ax
    stc
    int $0x21
    movw $stage_short, %bp
    jc failed
    movw $path, %bx
    call print
    movw $end_of_line, %bx
    call print
    movw $first, %dx
    movw $second, %di
    movw $0x7156, %ax /* rename */
    stc
    int $0x21
    movw $stage_rename, %bp
    jc failed
    movw $capitals, %si
    movw $1, %dx /* open what is there */
    call open
    movw $stage_open, %bp
    jc failed
    movw $path, %dx
    movw $0x100, %cx
    movb $0x3f, %ah
    int $0x21
    movw $stage_read, %bp
    cmpw $text_end - text, %ax
    jne failed
    movw $text, %si
    movw $path, %di
    movw %ax, %cx
    repe cmpsb
    jne failed
    call close
    movw $good, %bx
    call print
    movw $0x4c00, %ax
    int $0x21

failed:
    movw %bp, %bx
    call print
    movw $refused, %bx
    call print
    movw $0x4c01, %ax
    int $0x21

open: /* the file named at SI; DX says how; its handle in BX */
    movw $2, %bx
    xorw %cx, %cx
    xorw %di, %di
    movw $0x716c, %ax
    stc
    int $0x21
    xchgw %ax, %bx
    ret

close:
    movb $0x3e, %ah
    int $0x21
    ret

print: /* the text at BX */
    movb (%bx), %dl
    incw %bx
    testb %dl, %dl
    jz 1f
    movb $2, %ah
    int $0x21
    jmp print
1:  ret

all:      .asciz "c:\\*host*"
folder:   .asciz "c:\\Minutes of the council"
first:    .asciz "c:\\Minutes of the council\\Second of March 1998.text"
second:   .asciz "c:\\Minutes of the council\\Second of March 1998, accepted.text"
capitals: .asciz "C:\\MINUTES OF THE COUNCIL\\SECOND OF MARCH 1998, ACCEPTED.TEXT"
text:     .ascii "Parcel 1021 is sold.\r\n"
text_end:
arrow:        .asciz " is "
end_of_line:  .asciz "\r\n"
good:         .asciz "long names hold\r\n"
refused:      .asciz " is refused\r\n"
stage_find:   .asciz "find"
stage_folder: .asciz "folder"
stage_create: .asciz "create"
stage_short:  .asciz "short name"
stage_rename: .asciz "rename"
stage_open:   .asciz "open"
stage_read:   .asciz "read"
    .lcomm found, 318
    .lcomm path, 512
