/* processor.S - what C cannot say: jumps into the code of others, protected mode for a moment, the processor's own
 * instructions. The functions are those of processor.h. */
        .code16
        .text
        .globl  boot_jump, control_registers_clear
/* void control_registers_clear(void): CR2, CR3, and CR4 where a feature of CPUID says that there is one. In virtual-8086 mode they are
 * the monitor's. */
control_registers_clear:
        smsww   %ax
        testb   $1, %al
        jnz     1f
        xorl    %eax, %eax
        movl    %eax, %cr2
        movl    %eax, %cr3
        subl    $8, %esp
        movl    %esp, %eax
        calll   processor_id
        popl    %eax
        popl    %eax
        testw   $0x20DE, %ax            /* VME, DE, PSE, TSC, PAE, MCE, PGE */
        jz      1f
        xorl    %eax, %eax
        movl    %eax, %cr4
1:      retl

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

/* void local_apic_open(void): a processor with a local APIC blocks the 8259 until LINT0 is set up (Intel MultiProcessor
 * Specification 1.4, virtual wire mode). Its registers lie near 4 GiB, so this takes a moment of protected mode. */
        .globl  local_apic_open
local_apic_open:
        calll   has_local_apic
        jz      1f
        calll   flat_on
        movl    $0xFEE00000, %edx
        movl    $0x1FF, 0xF0(%edx)      /* spurious interrupt vector: on */
        movl    $0x700, 0x350(%edx)     /* LINT0: the 8259 */
        movl    $0x400, 0x360(%edx)     /* LINT1: NMI */
        calll   flat_off
1:      retl

/* void apic_versions(uint32_t versions[2]) */
        .globl  apic_versions
apic_versions:
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushfl
        cli
        movl    %eax, %edi
        movl    $-1, %ebx
        movl    %ebx, %esi
        calll   has_local_apic
        jz      1f
        calll   flat_on
        movl    $0xFEE00000, %edx
        movl    0x30(%edx), %ebx
        movl    $0xFEC00000, %edx
        movl    $1, (%edx)
        movl    0x10(%edx), %esi
        movl    $0, (%edx)
        movl    $0x01000000, 0x10(%edx) /* its ID */
        calll   flat_off
1:      movl    %ebx, (%edi)
        movl    %esi, 4(%edi)
        popfl
        popl    %edi
        popl    %esi
        popl    %ebx
        retl

/* Clears ZF if CPUID shows a local APIC. */
has_local_apic:
        subl    $8, %esp
        movl    %esp, %eax
        calll   processor_id
        addl    $4, %esp
        popl    %edx
        testw   $0x0200, %dx
        retl

/* DS becomes everything there is, and what it was. Changes EAX and ECX; interrupts must be off. */
flat_on:
        lgdtw   %cs:apic_gdt
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        movw    $8, %cx
        movw    %cx, %ds
        retl
flat_off:
        movw    $16, %cx
        movw    %cx, %ds
        movl    %cr0, %eax
        andb    $0xFE, %al
        movl    %eax, %cr0
        movw    %ss, %cx
        movw    %cx, %ds
        retl
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
