/* start.S - entry of TERMINAL.SYS and what C cannot say in real mode.
 *
 * The boot sector jumps here, to 0:8000, with the boot drive in DL. All segments are 0; the stack grows down from the boot
 * sector, whose parameter block stays in place at 0:7C00. C is compiled with -m16: calls push 32 bits. */

    .code16
    .section .start, "ax"
    .globl _start
_start:
    xorw  %ax, %ax
    movw  %ax, %ds
    movw  %ax, %es
    movw  %ax, %ss
    movl  $0x7c00, %esp
    cld
    movl  $_end, %ecx
    movl  $__bss_start, %edi
    subw  %di, %cx
    rep stosb
    movzbl %dl, %eax
    pushl %eax
    calll terminal_run
stop:
    cli
    hlt
    jmp   stop

    .text

/* void bios(uint32_t vector, struct registers *r): INT vector, with registers from *r and back to it. The handler is
 * called as INT would call it, through its vector, since the number of an INT instruction is fixed. */
    .globl bios
bios:
    pushal
    pushl %es
    movl  40(%esp), %ebx
    movl  44(%esp), %esi
    movl  (,%ebx,4), %eax
    movl  %eax, handler
    pushw %si
    movw  (%si), %ax
    movw  2(%si), %bx
    movw  4(%si), %cx
    movw  6(%si), %dx
    movw  10(%si), %di
    movw  12(%si), %es
    movw  8(%si), %si
    pushfw
    cli
    lcallw *handler
    pushw %si
    pushfw
    movw  %sp, %bp
    movw  4(%bp), %si
    movw  %ax, (%si)
    movw  %bx, 2(%si)
    movw  %cx, 4(%si)
    movw  %dx, 6(%si)
    popw  14(%si)
    popw  8(%si)
    movw  %di, 10(%si)
    movw  %es, 12(%si)
    addw  $2, %sp
    popl  %es
    popal
    retl

/* void screen_cell(uint32_t index, uint32_t cell): one character with its attribute, in the text screen. */
    .globl screen_cell
screen_cell:
    pushw %es
    movw  $0xb800, %ax
    movw  %ax, %es
    movl  6(%esp), %edx
    movl  10(%esp), %eax
    movw  %ax, %es:(,%edx,2)
    popw  %es
    retl

    .lcomm handler, 4
