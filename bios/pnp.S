/* pnp.S - the run-time functions of the Plug and Play BIOS (Plug and Play BIOS Specification 1.0A): the devices of the board, for systems
 * that do without ACPI. In real mode and in 16-bit protected mode, by one entry; the arguments lie on the stack as C puts them there.
 *
 * The nodes are constant. Whether one exists is asked each time: of the data area, which is the caller's BIOS selector, and of the PCI bus. */
        .code16

        .equ    SUCCESS, 0x00
        .equ    FUNCTION_NOT_SUPPORTED, 0x82
        .equ    INVALID_HANDLE, 0x83
        .equ    BAD_PARAMETER, 0x84
        .equ    SET_FAILED, 0x85
        .equ    MESSAGE_NOT_SUPPORTED, 0x8E

        .equ    NO_MORE, 0xFF           /* after the last node */
        .equ    LARGEST, 64             /* bytes of a node, at most */
        .equ    PNP_NODES, 16

/* When a node exists, with a parameter. */
        .equ    ALWAYS, 0
        .equ    IF_EQUIPMENT, 1         /* a bit of 40:10 is set */
        .equ    IF_PORT, 2              /* POST found a serial or printer port there: 40:00 to 40:0D */
        .equ    IF_PCI, 3

/* What the structure points to: the data area in real mode and in protected mode. */
        .section .fixed.e070, "ax"
        .type   pnp_structure, @object
pnp_structure:
        .ascii  "$PnP"
        .byte   0x10, 33                /* version 1.0, length */
        .word   0                       /* no events */
        .byte   -(0x24 + 0x50 + 0x6E + 0x50 + 0x10 + 33 + 0xC0 + 0xE0 + 0xF0 + 0xC0 + 0xE0 + 0x0F + 0x40 + 0x04) & 0xFF
        .long   0
        .word   0xE0C0, 0xF000          /* entry in real mode */
        .word   0xE0C0                  /* and in 16-bit protected mode, */
        .long   0xF0000                 /* with this base */
        .long   0                       /* no identification */
        .word   0x0040, 0x0400, 0       /* data segment, and its base */

        .section .fixed.e0c0, "ax"
        jmp     pnp_entry

        .text
/* EBP becomes the address of the arguments, DS the data area. A 16-bit stack leaves the upper half of ESP undefined, and in protected mode
 * the stack may be a 32-bit one. In virtual-8086 mode, as in real mode, CS is F000. */
pnp_entry:
        pushl   %ebp
        pushl   %ebx
        pushl   %ecx
        pushl   %edx
        pushl   %esi
        pushl   %edi
        pushw   %ds
        pushw   %es
        cld
        movl    %esp, %ebp
        movw    %cs, %ax
        cmpw    $0xF000, %ax
        je      1f
        movw    %ss, %ax
        movzwl  %ax, %eax
        larl    %eax, %eax
        btl     $22, %eax
        jc      2f
1:      movzwl  %bp, %ebp
2:      addl    $32, %ebp
        movw    %ss:(%ebp), %ax         /* the function's number */
        cmpw    $0x40, %ax
        je      pnp_isa
        movw    $10, %bx                /* where the BIOS selector is */
        cmpw    $0, %ax
        je      pnp_count
        cmpw    $4, %ax
        je      pnp_message
        cmpw    $2, %ax
        je      pnp_set
        movb    $12, %bl
        cmpw    $1, %ax
        je      pnp_get
        movw    $FUNCTION_NOT_SUPPORTED, %ax    /* 03h: there are no events; 05h: nor docking stations */
pnp_return:
        popw    %es
        popw    %ds
        popl    %edi
        popl    %esi
        popl    %edx
        popl    %ecx
        popl    %ebx
        popl    %ebp
        lretw

/* DS = the data area, for functions whose BIOS selector is BX bytes after the function's number. */
pnp_data_segment:
        movw    %cs, %ax
        cmpw    $0xF000, %ax
        movw    $0x0040, %ax
        je      1f
        movzwl  %bx, %ebx
        movw    %ss:(%ebp, %ebx), %ax
1:      movw    %ax, %ds
        retw

/* 00h: how many nodes there are, and the size of the largest. */
pnp_count:
        callw   pnp_data_segment
        xorw    %cx, %cx                /* handle, count */
1:      callw   pnp_exists
        jnc     2f
        incb    %ch
2:      incb    %cl
        cmpb    $PNP_NODES, %cl
        jb      1b
        lesw    %ss:2(%ebp), %di
        movb    %ch, %es:(%di)
        lesw    %ss:6(%ebp), %di
        movw    $LARGEST, %es:(%di)
        jmp     pnp_success

/* 01h: node *handle, which becomes that of the next one. Now and after the next start they are the same. */
pnp_get:
        callw   pnp_data_segment
        movw    %ss:10(%ebp), %bx
        callw   pnp_control
        jne     pnp_return
        lesw    %ss:2(%ebp), %di
        movb    %es:(%di), %cl
        callw   pnp_find
        jc      pnp_return
        movw    %cs:(%si), %si          /* the node */
1:      incb    %cl
        cmpb    $PNP_NODES, %cl
        movb    $NO_MORE, %al
        jae     2f
        pushw   %si
        callw   pnp_exists
        popw    %si
        jnc     1b
        movb    %cl, %al
2:      movb    %al, %es:(%di)
        lesw    %ss:6(%ebp), %di
        movw    %cs:(%si), %cx
        rep movsb %cs:(%si), %es:(%di)
pnp_success:
        xorw    %ax, %ax
        jmp     pnp_return

/* 02h: nothing here can be set. */
pnp_set:
        callw   pnp_data_segment
        movw    %ss:8(%ebp), %bx
        callw   pnp_control
        jne     pnp_return
        movb    %ss:2(%ebp), %cl
        callw   pnp_find
        jc      pnp_return
        movw    $SET_FAILED, %ax
        jmp     pnp_return

/* 04h: whether a Plug and Play system runs (42h, 43h) changes nothing. */
pnp_message:
        movw    %ss:2(%ebp), %ax
        subw    $0x42, %ax
        cmpw    $1, %ax
        jbe     pnp_success
        movw    $MESSAGE_NOT_SUPPORTED, %ax
        jmp     pnp_return

/* 40h: revision 1, no cards of ISA Plug and Play, so no port to read them by. */
pnp_isa:
        lesw    %ss:2(%ebp), %di
        movw    $0x0001, %ax
        stosw
        decw    %ax
        stosw
        stosw
        jmp     pnp_return

/* Whether BX asks for the state of now (1) or after the next start (2): else not equal, and AX the error. */
pnp_control:
        movw    $BAD_PARAMETER, %ax
        cmpw    $1, %bx
        je      1f
        cmpw    $2, %bx
1:      retw

/* SI = the entry of handle CL; carry if there is none, and AX the error. */
pnp_find:
        cmpb    $PNP_NODES, %cl
        jae     1f
        callw   pnp_exists
        cmc
        jnc     2f
1:      movw    $INVALID_HANDLE, %ax
        stc
2:      retw

/* Carry if the node of handle CL exists; SI = its entry. Changes AX, BX, DX. */
pnp_exists:
        movzbw  %cl, %si
        imulw   $6, %si, %si
        addw    $pnp_nodes, %si
        movb    %cs:2(%si), %al
        movw    %cs:4(%si), %bx
        cmpb    $IF_EQUIPMENT, %al
        jb      5f
        ja      1f
        testw   %bx, 0x10
        jmp     4f
1:      cmpb    $IF_PORT, %al
        ja      3f
        pushw   %si
        xorw    %si, %si
2:      cmpw    %bx, (%si)
        je      6f
        addw    $2, %si
        cmpw    $0x0E, %si
        jb      2b
        popw    %si
        clc
        retw
3:      movw    $0xCF8, %dx             /* PCI: the address register holds what is written to it */
        inl     %dx, %eax
        pushl   %eax
        movl    $0x80000000, %eax
        outl    %eax, %dx
        inl     %dx, %eax
        movl    %eax, %ebx
        popl    %eax
        outl    %eax, %dx
        xorl    $0x80000000, %ebx
        cmpl    $1, %ebx                /* carry if it did */
        retw
4:      jnz     5f
        clc
        retw
6:      popw    %si
5:      stc
        retw

/* --- The nodes --- */

        .macro node name, handle, product, base, sub, interface, attributes
        .type   pnp_\name, @object
pnp_\name:
        .word   9f - pnp_\name
        .byte   \handle, 0x41, 0xD0, \product >> 8, \product & 0xFF, \base, \sub, \interface
        .word   \attributes
        .endm
        .macro io_ports first, count
        .byte   0x47, 1
        .word   \first, \first
        .byte   1, \count
        .endm
        .macro irq number
        .byte   0x22
        .word   1 << \number
        .endm
        .macro dma channel
        .byte   0x2A, 1 << \channel, 0
        .endm
        .macro memory first, bytes
        .byte   0x86, 9, 0, 0
        .long   \first, \bytes
        .endm
        .macro ends compatible=0        /* allocated resources; no other ones are possible; a compatible device, perhaps */
        .byte   0x79, 0, 0x79, 0
        .if     \compatible
        .byte   0x1C, 0x41, 0xD0, \compatible >> 8, \compatible & 0xFF
        .endif
        .byte   0x79, 0
9:
        .endm

        .equ    FIXED, 0x03             /* cannot be disabled, cannot be configured */
        .equ    INPUT, 0x0B
        .equ    BOOTABLE, 0x13

        node    pic, 0, 0x0000, 8, 0, 1, FIXED
        io_ports 0x20, 2
        io_ports 0xA0, 2
        irq     2
        ends
        node    dma, 1, 0x0200, 8, 1, 1, FIXED
        io_ports 0x00, 16
        io_ports 0x81, 15
        io_ports 0xC0, 32
        dma     4
        ends
        node    timer, 2, 0x0100, 8, 2, 1, FIXED
        io_ports 0x40, 4
        irq     0
        ends
        node    clock, 3, 0x0B00, 8, 3, 1, FIXED
        io_ports 0x70, 2
        irq     8
        ends
        node    keyboard, 4, 0x0303, 9, 0, 0, INPUT
        io_ports 0x60, 1
        io_ports 0x64, 1
        irq     1
        ends
        node    speaker, 5, 0x0800, 4, 1, 0, FIXED
        io_ports 0x61, 1
        ends
        node    fpu, 6, 0x0C04, 11, 0x80, 0, FIXED
        io_ports 0xF0, 16
        irq     13
        ends
        node    board, 7, 0x0C01, 5, 0, 0, FIXED
        memory  0x00000000, 0x000A0000
        memory  0x000F0000, 0x00010000
        memory  0xFFFF0000, 0x00010000
        ends
        node    ports, 8, 0x0C02, 8, 0x80, 0, FIXED     /* what else the board takes */
        io_ports 0x80, 1
        io_ports 0x92, 1
        ends
        node    pci, 9, 0x0A03, 6, 4, 0, FIXED
        io_ports 0xCF8, 8
        ends
        node    pci_ports, 10, 0x0C02, 8, 0x80, 0, FIXED
        io_ports 0xB2, 2
        io_ports 0x4D0, 2
        io_ports 0x600, 64
        ends
        node    mouse, 11, 0x0F13, 9, 2, 0, INPUT
        irq     12
        ends    0x0F03
        node    floppy, 12, 0x0700, 1, 2, 0, BOOTABLE
        io_ports 0x3F2, 4
        io_ports 0x3F7, 1
        irq     6
        dma     2
        ends
        node    com1, 13, 0x0501, 7, 0, 2, FIXED
        io_ports 0x3F8, 8
        irq     4
        ends
        node    com2, 14, 0x0501, 7, 0, 2, FIXED
        io_ports 0x2F8, 8
        irq     3
        ends
        node    lpt1, 15, 0x0400, 7, 1, 0, FIXED
        io_ports 0x378, 3
        irq     7
        ends

/* By handle. */
        .type   pnp_nodes, @object
pnp_nodes:
        .word   pnp_pic, ALWAYS, 0, pnp_dma, ALWAYS, 0, pnp_timer, ALWAYS, 0, pnp_clock, ALWAYS, 0
        .word   pnp_keyboard, ALWAYS, 0, pnp_speaker, ALWAYS, 0, pnp_fpu, IF_EQUIPMENT, 0x0002
        .word   pnp_board, ALWAYS, 0, pnp_ports, ALWAYS, 0, pnp_pci, IF_PCI, 0, pnp_pci_ports, IF_PCI, 0
        .word   pnp_mouse, IF_EQUIPMENT, 0x0004, pnp_floppy, IF_EQUIPMENT, 0x0001
        .word   pnp_com1, IF_PORT, 0x3F8, pnp_com2, IF_PORT, 0x2F8, pnp_lpt1, IF_PORT, 0x378
