/* hello16.S - a Windows 3.1 program in the segmented format (NE): it writes HELLO16.TXT, 20,000 bytes that it computes in its stack's and its data segment, and shows a
 * message. Laid out by hand after the "Executable-File Header Format" of Microsoft (KB Q65122).
 *
 *   gcc -m32 -c -o hello16.o hello16.S && ld -m elf_i386 -Ttext=0 --oformat=binary -o hello16.exe hello16.o */
    .code16
    .text
    .globl _start
_start:
    .ascii "MZ"
    .word 0x100, 1, 0, 4, 0, 0xffff, 0, 0x100, 0, 0, 0, 0x40, 0 /* one page, a stack after it */
    .org 0x3c
    .long ne
    movw $0x4c01, %ax /* DOS: nothing to do here */
    int $0x21

    .org 0x80
ne: .ascii "NE"
    .byte 5, 1
    .word entries - ne, 2
    .long 0
    .word 0x0302       /* a data segment for each instance; uses the windows' interface */
    .word 2            /* which is the second */
    .word 1024, 8192   /* heap, stack */
    .word start - code, 1
    .word 0, 2         /* stack: at the end of the data segment */
    .word 2            /* segments */
    .word 2            /* modules */
    .word 0
    .word segments - ne, names - ne, names - ne, modules - ne, imported - ne
    .long 0
    .word 0, 4, 0      /* movable entries; sectors of 16 bytes; resources */
    .byte 2, 0         /* for Windows */
    .word 0, 0, 0, 0x030a

segments:
    .word 0x20, code_end - code, 0x0140, code_end - code /* code, loaded at once, with relocations */
    .word 0x40, data_end - data, 0x0041, data_end - data
names:
    .byte 7
    .ascii "HELLO16"
    .word 0
    .byte 0
modules:
    .word kernel - imported, user - imported
imported:
    .byte 0
kernel: .byte 6
    .ascii "KERNEL"
user: .byte 4
    .ascii "USER"
entries:
    .word 0

/* A call to another module; the loader fills in its address. */
.macro api name
    .byte 0x9a
\name: .word 0xffff, 0
.endm

    .org 0x200
code:
start:
    api init_task
    testw %ax, %ax
    jz leave
    movw %di, data.instance - data
    pushw $0
    api wait_event
    pushw data.instance - data
    api init_app
    testw %ax, %ax
    jz leave

    /* 20 blocks of 1,000 bytes: x becomes 4,005 x + 1, and its upper byte is next. */
    pushw %ds
    pushw $data.file - data
    pushw $0
    api create
    movw %ax, %si
    incw %ax
    jz leave
    movw $1, %ax
    movw $20, %cx
block:
    pushw %cx
    movw $1000, %cx
    movw $data.block - data, %bx
1:  imulw $4005, %ax, %ax
    incw %ax
    movb %ah, (%bx)
    incw %bx
    loop 1b
    pushw %ax
    pushw %si
    pushw %ds
    pushw $data.block - data
    pushw $1000
    api write
    popw %ax
    popw %cx
    loop block
    pushw %ax
    pushw %si
    api close
    popw %ax

    pushw %ax /* wsprintf takes its arguments as C does */
    pushw %ds
    pushw $data.format - data
    pushw %ds
    pushw $data.block - data
    api format
    addw $10, %sp
    pushw $0
    pushw %ds
    pushw $data.block - data
    pushw %ds
    pushw $data.caption - data
    pushw $0x40 /* MB_OK, MB_ICONINFORMATION */
    api message
leave:
    movw $0x4c00, %ax
    int $0x21
code_end:
    /* Relocations: a far address, by ordinal; where, module, ordinal */
    .word (relocations_end - relocations) / 8
relocations:
.macro from module ordinal where
    .byte 3, 1
    .word \where - code, \module, \ordinal
.endm
    from 1 91 init_task
    from 1 30 wait_event
    from 2 5 init_app
    from 1 83 create
    from 1 86 write
    from 1 81 close
    from 2 420 format
    from 2 1 message
relocations_end:

    .org 0x400
data:
    .zero 16           /* kept by the kernel: stack limits, heap */
data.instance: .word 0
data.file:    .asciz "C:\\HELLO16.TXT"
data.format:  .asciz "20,000 bytes written by 16-bit code; the last number is %u."
data.caption: .asciz "Windows 3.1 program"
data.block:   .zero 1000
data_end:
