/* frame.S - how an interrupt reaches its C function, and how C executes an interrupt. Linked into both images.
 *
 * A service entry pushes the offset of its function and jumps to `service`. That saves all registers in full (struct regs
 * of rom.h), sets the segments as rom.h promises and calls the function with EAX = the frame. The caller's
 * stack is used, whatever its segment; the upper half of ESP, which real-mode code may leave undefined, is
 * cleared for the C code and put back. */
        .code16
        .text
        .globl  service, soft_int

service:
        cld
        pushal
        pushw   %ds
        pushw   %es
        pushw   %fs
        pushw   %gs
        movl    %esp, %ebx
        movzwl  %sp, %esp
        movw    %ss, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %cs, %ax
        movw    %ax, %fs
        xorw    %ax, %ax
        movw    %ax, %gs
        movl    %esp, %eax
        movzwl  40(%esp), %edx
        calll   *%edx
        movl    %ebx, %esp
        popw    %gs
        popw    %fs
        popw    %es
        popw    %ds
        popal
        addw    $2, %sp
        iretw

/* void soft_int(uint8_t vector, struct call *call) */
soft_int:
        pushl   %ebp
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        pushl   %edx
        movzbl  %al, %eax
        pushl   %gs:(,%eax,4)
        movl    %edx, %ebp
        movl    0(%ebp), %eax
        movl    4(%ebp), %ebx
        movl    8(%ebp), %ecx
        movl    12(%ebp), %edx
        movl    16(%ebp), %esi
        movl    20(%ebp), %edi
        movw    24(%ebp), %es
        pushfw
        cli
        lcallw  *2(%esp)
        movl    4(%esp), %ebp           /* a BIOS call may change BP */
        movl    %eax, %ss:0(%ebp)
        pushfw
        popw    %ss:26(%ebp)
        movl    %ebx, %ss:4(%ebp)
        movl    %ecx, %ss:8(%ebp)
        movl    %edx, %ss:12(%ebp)
        movl    %esi, %ss:16(%ebp)
        movl    %edi, %ss:20(%ebp)
        movw    %es, %ss:24(%ebp)
        movw    %ss, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %cs, %ax
        movw    %ax, %fs
        xorw    %ax, %ax
        movw    %ax, %gs
        cld
        addw    $8, %sp
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        retl
