/* entry.S - where the processor and old software enter the system BIOS.
 *
 * Reset vector and power-on entry, the entry points and tables at the addresses that the IBM PC AT BIOS gave them (many
 * programs jump there), and the services too short to need C. A section named .fixed.XXXX is placed at offset
 * XXXX by system.ld. */
        .code16

        .macro fixed address
        .section .fixed.\address, "ax"
        .endm

        .macro service_entry name, function
        .globl  \name
\name:  pushw   $\function
        jmp     service
        .endm

        .text
        .globl  post_entry, shutdown_string
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
 * tell of waits: an operating system that has something better to do takes them, here nothing is done. */
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

/* Power on and processor reset. CMOS 0Fh says whether a program only wanted to come back from protected mode. */
post_entry:
        cli
        cld
        movb    $0x8F, %al
        outb    %al, $0x70
        inb     $0x71, %al
        movb    %al, %bl
        movb    $0x8F, %al
        outb    %al, $0x70
        xorb    %al, %al
        outb    %al, $0x71
        movb    $0x0D, %al
        outb    %al, $0x70
        inb     $0x71, %al
        xorw    %ax, %ax
        movw    %ax, %ds
        cmpb    $0x05, %bl
        je      1f
        cmpb    $0x0A, %bl
        je      2f
        calll   set_firmware_segments
        jmp     post
1:      movb    $0x20, %al
        outb    %al, $0x20
2:      ljmpw   *0x467

/* INT 19h boots from the first device, INT 18h from the next one. */
        .globl  int18_entry, int19_entry, boot_jump
int18_entry:
        calll   set_firmware_segments
        jmp     boot_next
int19_entry:
        calll   set_firmware_segments
        jmp     boot_first

/* Real mode as C wants it, on a stack below the boot sector. Called with a 32-bit return address, keeps nothing. */
set_firmware_segments:
        cli
        cld
        popl    %edx
        xorl    %eax, %eax
        movw    %ax, %ss
        movl    $0x7C00, %esp
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %gs
        movw    %cs, %ax
        movw    %ax, %fs
        jmpl    *%edx

/* void boot_jump(uint8_t drive, uint16_t segment, uint16_t offset): to what was loaded there, DL = drive. */
boot_jump:
        movzbl  %al, %ebx
        xorl    %eax, %eax
        movw    %ax, %ss
        movl    $0x7C00, %esp
        pushw   %dx
        pushw   %cx
        movl    %ebx, %edx
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %fs
        movw    %ax, %gs
        xorl    %ebx, %ebx
        xorl    %ecx, %ecx
        xorl    %esi, %esi
        xorl    %edi, %edi
        xorl    %ebp, %ebp
        sti
        lretw

/* void option_rom_call(uint16_t segment, uint16_t offset, uint16_t function): an entry of an option ROM returns far and may
 * change any register. It gets the PCI function in AX, no card select number in BX, no data port in DX, and in ES:DI the Plug
 * and Play installation structure. */
        .globl  option_rom_call
option_rom_call:
        pushal
        pushw   %ax
        pushw   %dx
        movw    $0xF000, %ax
        movw    %ax, %es
        movl    $0xE070, %edi
        movl    $0xFFFF, %ebx
        movzwl  %cx, %eax
        movl    %ebx, %edx
        lcallw  *(%esp)
        popl    %eax
        jmp     segments_restore

/* void mouse_call(uint32_t handler, uint32_t status_x, uint32_t y_z): to the far routine, with status, X, Y and Z on the stack. */
        .globl  mouse_call
mouse_call:
        pushal
        pushl   %eax
        pushw   %dx
        shrl    $16, %edx
        pushw   %dx
        pushw   %cx
        shrl    $16, %ecx
        pushw   %cx
        lcallw  *8(%esp)
        addw    $12, %sp

/* The end of a function that called code of others: segments as C wants them. */
segments_restore:
        movw    %ss, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %cs, %ax
        movw    %ax, %fs
        xorw    %ax, %ax
        movw    %ax, %gs
        cld
        popal
        retl

/* void shadow_copy(void): C0000-FFFFF becomes RAM that holds what could be read there. Behind these addresses is one thing or
 * the other, so the copy is made by way of 10000-4FFFF, and while the ROM is gone this runs there. */
        .globl  shadow_copy
shadow_copy:
        pushl   %esi
        pushl   %edi
        pushw   %ds
        pushw   %es
        movl    $0x1000C000, %edx       /* to, from */
        calll   copy_256k
        ljmpw   $0x4000, $1f
1:      movl    $0x80000058, %eax       /* PAM0 to PAM6 are at 59h to 5Fh: reads and writes go to RAM */
        movl    $0x33333000, %ecx
        calll   pam_write
        movl    $0x8000005C, %eax
        movl    $0x33333333, %ecx
        calll   pam_write
        movl    $0xC0001000, %edx
        calll   copy_256k
        ljmpw   $0xF000, $2f
2:      popw    %es
        popw    %ds
        popl    %edi
        popl    %esi
        retl

pam_write:
        movw    $0xCF8, %dx
        outl    %eax, %dx
        movb    $0xFC, %dl
        inl     %dx, %eax
        andl    $0x000000FF, %eax       /* 58h is another register */
        orl     %ecx, %eax
        outl    %eax, %dx
        retl

copy_256k:
        movl    $4, %eax
1:      movw    %dx, %ds
        rorl    $16, %edx
        movw    %dx, %es
        xorw    %si, %si
        xorw    %di, %di
        movw    $0x4000, %cx
        rep movsl
        addw    $0x1000, %dx
        rorl    $16, %edx
        addw    $0x1000, %dx
        decw    %ax
        jnz     1b
        retl

/* void block_move(uint16_t gdt_segment, uint16_t gdt_offset, uint16_t words): INT 15h/87h. The table holds source at 10h and
 * destination at 18h; its 08h entry describes the table and 20h, 28h real-mode code and data. Interrupts are off. */
        .globl  block_move
block_move:
        pushl   %esi
        pushl   %edi
        pushl   %ebx
        pushw   %ds
        pushw   %es
        movw    %ax, %es
        movl    %edx, %ebx
        lgdtw   %es:8(%bx)
        movw    %ss, %bx
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmpw   $0x20, $1f
1:      movw    $0x10, %ax
        movw    %ax, %ds
        movw    $0x18, %ax
        movw    %ax, %es
        xorl    %esi, %esi
        xorl    %edi, %edi
        movzwl  %cx, %ecx
        addr32 rep movsw
        movw    $0x28, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movl    %cr0, %eax
        andb    $0xFE, %al
        movl    %eax, %cr0
        ljmpw   $0xF000, $2f
2:      movw    %bx, %ss
        popw    %es
        popw    %ds
        popl    %ebx
        popl    %edi
        popl    %esi
        retl

/* void processor_id(uint32_t id[2]): what CPUID 1 leaves in EAX and EDX. Without CPUID, its flag cannot be changed. */
        .globl  processor_id
processor_id:
        pushl   %ebx
        pushl   %edi
        movl    %eax, %edi
        pushfl
        popl    %eax
        movl    %eax, %ecx
        xorl    $0x200000, %eax
        pushl   %eax
        popfl
        pushfl
        popl    %eax
        xorl    %eax, %ecx
        xorl    %eax, %eax
        xorl    %edx, %edx
        testl   $0x200000, %ecx
        jz      1f
        incl    %eax
        cpuid
1:      movl    %eax, (%edi)
        movl    %edx, 4(%edi)
        popl    %edi
        popl    %ebx
        retl

/* void local_apic_open(void): a processor with a local APIC lets no 8259 through until LINT0 is told to (Intel MultiProcessor
 * Specification 1.4, virtual wire mode). Its registers lie near 4 GiB, so this takes a moment of protected mode. */
        .globl  local_apic_open
local_apic_open:
        subl    $8, %esp
        movl    %esp, %eax
        calll   processor_id
        addl    $4, %esp
        popl    %edx
        testw   $0x0200, %dx
        jz      1f
        lgdtw   %cs:apic_gdt
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        movw    $8, %cx
        movw    %cx, %ds
        movl    $0xFEE00000, %edx
        movl    $0x1FF, 0xF0(%edx)      /* spurious interrupt vector: on */
        movl    $0x700, 0x350(%edx)     /* LINT0: the 8259 */
        movl    $0x400, 0x360(%edx)     /* LINT1: NMI */
        movw    $16, %cx
        movw    %cx, %ds
        andb    $0xFE, %al
        movl    %eax, %cr0
        movw    %ss, %cx
        movw    %cx, %ds
1:      retl
        .type   apic_gdt, @object
apic_gdt:
        .word   23                      /* the null descriptor holds the table's own address */
        .long   0xF0000 + apic_gdt
        .word   0
        .quad   0x00CF93000000FFFF      /* everything */
        .quad   0x000093000000FFFF      /* 64 KiB, as real mode has it */

/* bool fpu_present(void) */
        .globl  fpu_present
fpu_present:
        movl    %cr0, %eax
        andb    $0xF3, %al              /* no emulation, no task switched */
        movl    %eax, %cr0
        fninit
        pushw   $0x5A5A
        movw    %sp, %ax
        movzwl  %ax, %edx
        fnstsw  (%edx)
        popw    %ax
        testb   %al, %al
        setz    %al
        retl

        fixed e05b
        jmp     post_entry
        fixed e2c3                      /* INT 02h */
        iretw
        fixed e3fe
        jmp     int13_entry

/* Fixed disk types of CMOS 12h, as in the IBM PC AT Technical Reference: 47 of 16 bytes. From 15 on they are empty: 47, which ours are, is
 * what the vectors 41h and 46h lead to. */
        .macro drive_type cylinders, heads, precompensation, control, landing
        .word   \cylinders
        .byte   \heads
        .word   0, \precompensation
        .byte   0, \control, 0, 0, 0
        .word   \landing
        .byte   17, 0
        .endm
        fixed e401
        drive_type 306, 4, 128, 0, 305
        drive_type 615, 4, 300, 0, 615
        drive_type 615, 6, 300, 0, 615
        drive_type 940, 8, 512, 0, 940
        drive_type 940, 6, 512, 0, 940
        drive_type 615, 4, 0xFFFF, 0, 615
        drive_type 462, 8, 256, 0, 511
        drive_type 733, 5, 0xFFFF, 0, 733
        drive_type 900, 15, 0xFFFF, 8, 901
        drive_type 820, 3, 0xFFFF, 0, 820
        drive_type 855, 5, 0xFFFF, 0, 855
        drive_type 855, 7, 0xFFFF, 0, 855
        drive_type 306, 8, 128, 0, 319
        drive_type 733, 7, 0xFFFF, 0, 733
        .fill   33 * 16, 1, 0

        fixed e6f2
        jmp     int19_entry

        fixed e6f5                      /* system configuration, INT 15h/C0h */
        .word   8
        .byte   0xFC, 0x01, 0x00        /* model AT, submodel, revision */
        .byte   0x74                    /* two 8259, RTC, INT 15h/4Fh, EBDA */
        .byte   0x40                    /* INT 16h/09h */
        .byte   0, 0, 0

        fixed e729                      /* divisors of 110 to 9,600 baud, INT 14h */
        .word   1047, 768, 384, 192, 96, 48, 24, 12
        fixed e739
        jmp     int14_entry
        fixed e82e
        jmp     int16_entry
        fixed e987
        jmp     int09_entry
        fixed ec59
        jmp     int40_entry
        fixed ef57
        jmp     int0e_entry

        fixed efc7                      /* diskette parameters, INT 1Eh */
        .byte   0xAF, 0x02, 37, 2, 18, 0x1B, 0xFF, 0x6C, 0xF6, 15, 8

        fixed efd2
        jmp     int17_entry
        fixed f045                      /* offsets of the video functions */
        .rept   16
        .word   0xF065
        .endr
        fixed f065                      /* INT 10h without a video BIOS */
        iretw

        fixed f0a4                      /* 6845 values for 40x25, 80x25, graphics and monochrome, INT 1Dh */
        .byte   0x38, 0x28, 0x2D, 0x0A, 0x1F, 6, 0x19, 0x1C, 2, 7, 6, 7, 0, 0, 0, 0
        .byte   0x71, 0x50, 0x5A, 0x0A, 0x1F, 6, 0x19, 0x1C, 2, 7, 6, 7, 0, 0, 0, 0
        .byte   0x38, 0x28, 0x2D, 0x0A, 0x7F, 6, 0x64, 0x70, 2, 1, 6, 7, 0, 0, 0, 0
        .byte   0x61, 0x50, 0x52, 0x0F, 0x19, 6, 0x19, 0x19, 2, 13, 11, 12, 0, 0, 0, 0
        .word   0x0800, 0x1000, 0x4000, 0x4000          /* page lengths */
        .byte   40, 40, 80, 80, 40, 40, 80, 80          /* columns of modes 0 to 7 */
        .byte   0x2C, 0x28, 0x2D, 0x29, 0x2A, 0x2E, 0x1E, 0x29

        fixed f841                      /* INT 12h: base memory in KiB */
        pushw   %ds
        pushw   $0x40
        popw    %ds
        movw    0x13, %ax
        popw    %ds
        iretw
        fixed f84d                      /* INT 11h: equipment */
        pushw   %ds
        pushw   $0x40
        popw    %ds
        movw    0x10, %ax
        popw    %ds
        iretw

        fixed f859
        jmp     int15_entry
        fixed fa6e                      /* 8x8 font, codes 0 to 127 */
        .include "font8x8.inc"
        fixed fe6e
        jmp     int1a_entry
        fixed fea5
        jmp     int08_entry
        fixed fef3                      /* vectors 08h to 1Fh */
        .type   vector_offsets, @object
vector_offsets:
        .word   0xFEA5, 0xE987, 0xFF23, 0xFF23, 0xFF23, 0xFF23, 0xEF57, 0xFF23, 0xF065, 0xF84D, 0xF841, 0xE3FE
        .word   0xE739, 0xF859, 0xE82E, 0xEFD2, int18_entry, 0xE6F2, 0xFE6E, 0xFF53, 0xFF53, 0xF0A4, 0xEFC7, 0
        fixed ff23                      /* an interrupt that nobody claims */
        jmp     irq_entry
        fixed ff53                      /* the interrupt that does nothing */
        iretw
        fixed ff54
        jmp     int05_entry
        fixed fff0
        ljmpw   $0xF000, $0xE05B
        .ascii  "11/20/26"
        .byte   0
        .byte   0xFC
