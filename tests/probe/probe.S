/* probe.S - the loops by which programs of the time measured the processor, and failed on one that was too fast.
 *
 * A boot sector and what it loads after itself. Each line on COM1 is a name and what the loop gives:
 *
 *   ndis MS          milliseconds that 1,048,576 LOOPs take, by a clock of whole milliseconds: NDIS of Windows for
 *                    Workgroups, 95 and 98 divides by them (os2museum.com, "Those Win9x Crashes on Fast Machines")
 *   loop N           LOOPs in a millisecond. Drivers of Windows 95 OSR2 fail where a K6-2 at 350 MHz has 350,000
 *                    (KB Q192841), FoxPro 2.6 at 333 MHz (KB Q240982); their code is not published
 *   os2 TICKS        ticks of 1/32 s that 3 * 65,536 LOOPs take, begun at a tick: OS/2 1.0 to 1.3 divides by them
 *                    (gunkies.org, "Patching OS/2 for fast machines")
 *   crt HIGH LOW     iterations in a tick of 55 ms, as two words: Turbo Pascal's unit CRT, and Clipper 5, divide them by
 *                    55 with DIV r/m16, which overflows if HIGH is 55 or more (run-time error 200)
 *   mhz N            of the time-stamp counter; 0 if there is none: Setup of Windows 98 SE and ME ask for a least speed
 *   end              all is done, and the processor halts */
#define PIT_HZ 1193182
#define MORE 3 /* sectors after the first */
#include "begin.S"
    movb $0x34, %al /* counter 0 counts down by one, so that it can be read; its period stays 65,536 */
    outb %al, $0x43
    xorb %al, %al
    outb %al, $0x40
    outb %al, $0x40
    sti

ndis:
    movl $1000, %ebx
    call edge
    movl %eax, %esi
    movl $0x100000, %ecx
1:  .byte 0x67
    loop 1b
    call time
    subl %esi, %eax
    movw $ndis_name, %si
    call line

rate:
    call clocks
    movl %eax, %esi
    movl $0xa0000, %ecx
1:  .byte 0x67
    loop 1b
    call clocks
    subl %esi, %eax
    movl %eax, %ecx
    movl $0xa0000, %eax
    movl $PIT_HZ / 1000, %ebx
    mull %ebx
    divl %ecx
    movw $loop_name, %si
    call line

os2:
    movl $32, %ebx
    call edge
    movl %eax, %esi
    movw $3, %dx
1:  xorw %cx, %cx
2:  loop 2b
    decw %dx
    jnz 1b
    call time
    subl %esi, %eax
    movw $os2_name, %si
    call line

/* What Turbo Pascal 7 does: a 32-bit count goes down, and a byte of the BIOS's ticks is looked at each time. */
crt:
    movw $TICKS, %di
    movb (%di), %bl
1:  cmpb (%di), %bl
    je 1b
    movb (%di), %bl
    xorw %ax, %ax
    xorw %dx, %dx
2:  subw $1, %ax
    sbbw $0, %dx
    jc 3f /* on the first turn only */
3:  cmpb %es:(%di), %bl
    je 2b
    notw %ax
    notw %dx
    pushw %ax
    movzwl %dx, %eax
    movw $crt_name, %si
    call number
    popw %ax
    movzwl %ax, %eax
    movw $space, %si
    call line

mhz:
    pushfl /* CPUID is there if bit 21 of EFLAGS can change */
    popl %eax
    movl %eax, %ecx
    xorl $0x200000, %eax
    pushl %eax
    popfl
    pushfl
    popl %eax
    xorl %ecx, %eax
    testl $0x200000, %eax
    jz 2f
    movl $1, %eax
    cpuid
    testb $0x10, %dl
    jz 2f
    movl $PIT_HZ / 65536, %ebx
    call tick
    rdtsc
    movl %eax, %esi
    call tick
    rdtsc
    subl %esi, %eax
    xorl %edx, %edx
    movl $54925, %ecx
    divl %ecx
    jmp 3f
2:  xorl %eax, %eax
3:  movw $mhz_name, %si
    call line

    movw $end_name, %si
    call text
1:  movw $COM1 + 5, %dx
    inb %dx, %al
    testb $0x40, %al
    jz 1b
    cli
    hlt

/* Waits for a tick of the BIOS. */
tick:
    movl TICKS, %eax
1:  cmpl TICKS, %eax
    je 1b
    ret

/* EAX: clocks of the 8254 since the BIOS's midnight, modulo 2^32. */
clocks:
    pushl %ecx
    pushl %edx
1:  movl TICKS, %ecx
    xorb %al, %al
    outb %al, $0x43
    inb $0x40, %al
    movb %al, %ah
    inb $0x40, %al
    xchgb %al, %ah
    cmpl TICKS, %ecx
    jne 1b
    negw %ax
    movzwl %ax, %eax
    shll $16, %ecx
    addl %ecx, %eax
    popl %edx
    popl %ecx
    ret

/* EAX: the same in units of 1 / EBX s. */
time:
    pushl %ecx
    pushl %edx
    call clocks
    mull %ebx
    movl $PIT_HZ, %ecx
    divl %ecx
    popl %edx
    popl %ecx
    ret

/* Waits until that changes, and returns it. */
edge:
    call time
    movl %eax, %ecx
1:  call time
    cmpl %eax, %ecx
    je 1b
    ret

/* Prints the text at SI and the number EAX, and ends the line. */
line:
    call number
    movw $newline, %si
    jmp text

number:
    pushl %eax
    call text
    popl %eax
    movl $10, %ebx
    xorw %cx, %cx
1:  xorl %edx, %edx
    divl %ebx
    pushw %dx
    incw %cx
    testl %eax, %eax
    jnz 1b
2:  popw %ax
    addb $'0', %al
    call put
    loop 2b
    ret

text:
    lodsb
    testb %al, %al
    jz 1f
    call put
    jmp text
1:  ret

put:
    pushw %ax
    movw $COM1 + 5, %dx
1:  inb %dx, %al
    testb $0x20, %al
    jz 1b
    popw %ax
    movw $COM1, %dx
    outb %al, %dx
    ret

ndis_name: .asciz "ndis "
loop_name: .asciz "loop "
os2_name:  .asciz "os2 "
crt_name:  .asciz "crt "
mhz_name:  .asciz "mhz "
end_name:  .ascii "end"
newline:   .asciz "\r\n"
space:     .asciz " "
    .org 512 * (MORE + 1)
