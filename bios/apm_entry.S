/* apm_entry.S - the entries of APM's protected-mode interfaces, called far with the registers of INT 15h/53h.
 *
 * The caller has made consecutive descriptors: of 32-bit code, 16-bit code and data, or of 16-bit code and data. So the data
 * segment's selector follows from CS. A frame as struct regs of rom.h lies on the caller's stack; FS and GS are not touched. */
        .text
        .globl  apm_entry16, apm_entry32
        .code16
apm_entry16:
        pushfw
        pushw   %cs
        pushl   $0
        pushal
        pushw   %ds
        pushw   %es
        pushl   $0
        cld
        movl    %esp, %ebx
        movzwl  %sp, %esp
        movw    %ss, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movl    %esp, %eax
        movw    %cs, %dx
        addw    $8, %dx
        movl    $2, %ecx
        calll   apm_protected
        movl    %ebx, %esp
        popl    %ecx
        popw    %es
        popw    %ds
        popal
        addw    $6, %sp
        popfw
        lretw

        .code32
apm_entry32:
        pushfw
        pushw   %cs
        pushl   $0
        pushal
        pushw   %ds
        pushw   %es
        pushl   $0
        cld
        movw    %ss, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movl    %esp, %eax
        movw    %cs, %dx
        addw    $16, %dx
        movl    $3, %ecx
        call    flat_apm_protected
        popl    %ecx
        popw    %es
        popw    %ds
        popal
        addl    $6, %esp
        popfw
        lretl
