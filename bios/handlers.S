/* handlers.S - the system BIOS' interrupts: those that C serves, and those too short to need C. */
        .code16

        .macro service_entry name, function
        .globl  \name
\name:  pushw   $\function
        jmp     service
        .endm

        .text
        service_entry int05_entry, print_screen
        service_entry int14_entry, serial_service
        service_entry int16_entry, keyboard_service
        service_entry int17_entry, printer_service
        service_entry int1a_entry, clock_service
        service_entry int40_entry, floppy_service
        service_entry int70_entry, rtc_interrupt
        service_entry int74_entry, mouse_interrupt
        service_entry irq_entry, unclaimed_interrupt

/* INT 13h: floppies have their own vector, which software may have taken over. The jump keeps the caller's frame. */
        .globl  int13_entry
int13_entry:
        testb   $0x80, %dl
        jz      1f
        pushw   $disk_service
        jmp     service
1:      subw    $4, %sp
        pushw   %bp
        movw    %sp, %bp
        pushw   %ax
        pushw   %ds
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    0x40 * 4, %ax
        movw    %ax, 2(%bp)
        movw    0x40 * 4 + 2, %ax
        movw    %ax, 4(%bp)
        popw    %ds
        popw    %ax
        popw    %bp
        lretw

/* INT 15h. Function 4Fh comes from INT 09h for every scan code, perhaps on a small stack: CF set means "use the key". So do 90h and 91h, which
 * announce waits: an operating system with other work to do handles them; here nothing is done. */
        .globl  int15_entry
int15_entry:
        cmpb    $0x4F, %ah
        je      1f
        cmpb    $0x90, %ah
        je      2f
        cmpb    $0x91, %ah
        je      2f
        pushw   $system_service
        jmp     service
2:      movb    $0, %ah
        pushw   %bp
        movw    %sp, %bp
        andw    $0xFFFE, 6(%bp)
        popw    %bp
        iretw
1:      pushw   %bp
        movw    %sp, %bp
        orw     $1, 6(%bp)
        popw    %bp
        iretw

/* INT 08h: 18.2 times a second. */
        .globl  int08_entry
int08_entry:
        pushw   %ds
        pushw   %ax
        pushw   %dx
        movw    $0x40, %ax
        movw    %ax, %ds
        incl    0x6C
        cmpl    $0x1800B0, 0x6C
        jb      1f
        movl    $0, 0x6C
        movb    $1, 0x70
1:      cmpb    $0, 0x40
        je      2f
        decb    0x40
        jnz     2f
        andb    $0xF0, 0x3F
        movb    $0x0C, %al
        movw    $0x3F2, %dx
        outb    %al, %dx
2:      int     $0x1C
        cli
        movb    $0x20, %al
        outb    %al, $0x20
        popw    %dx
        popw    %ax
        popw    %ds
        iretw

/* INT 09h: the scan code goes through INT 15h/4Fh, which may change or swallow it, and then to C as AL of an interrupt
 * frame made here. The controller may have been read since it raised the line, or the byte may be the pointing device's: then
 * there is nothing to do. */
        .globl  int09_entry
int09_entry:
        pushw   %ax
        inb     $0x64, %al
        andb    $0x21, %al
        cmpb    $0x01, %al
        jne     1f
        inb     $0x60, %al
        movb    $0x4F, %ah
        stc
        int     $0x15
        jnc     1f
        pushfw
        pushw   %cs
        pushw   $2f
        pushw   $keyboard_scan
        jmp     service
1:      movb    $0x20, %al
        outb    %al, $0x20
2:      popw    %ax
        iretw

/* INT 0Eh: the floppy controller has finished. */
        .globl  int0e_entry
int0e_entry:
        pushw   %ax
        pushw   %ds
        movw    $0x40, %ax
        movw    %ax, %ds
        orb     $0x80, 0x3E
        movb    $0x20, %al
        outb    %al, $0x20
        movw    $0x9101, %ax            /* INT 15h/91h: the floppy is done */
        int     $0x15
        popw    %ds
        popw    %ax
        iretw

/* INT 76h and 77h: a drive has finished. */
        .globl  int76_entry
int76_entry:
        pushw   %ax
        pushw   %ds
        movw    $0x40, %ax
        movw    %ax, %ds
        movb    $0xFF, 0x8E
        movb    $0x20, %al
        outb    %al, $0xA0
        outb    %al, $0x20
        popw    %ds
        popw    %ax
        iretw

/* INT 71h: IRQ 9 stands where IRQ 2 was on the PC. */
        .globl  int71_entry
int71_entry:
        pushw   %ax
        movb    $0x20, %al
        outb    %al, $0xA0
        popw    %ax
        int     $0x0A
        iretw

/* INT 75h: the coprocessor reports errors by IRQ 13, PC software expects an NMI. */
        .globl  int75_entry
int75_entry:
        pushw   %ax
        xorb    %al, %al
        outb    %al, $0xF0
        movb    $0x20, %al
        outb    %al, $0xA0
        outb    %al, $0x20
        popw    %ax
        int     $0x02
        iretw
