/* scattered.S - memory that the translator must not take: eight address spaces, in each of which one page in 2 MiB is
 * called and one is written: space after space, and in all of them page after page; three times over. COM1 gets a letter
 * for each time; then the machine halts. */
#define MORE 1
#include "begin.S"

#define DIRECTORIES 0x20000 /* eight, all of the one table */
#define TABLE 0x30000
#define CODE 0x50000
#define DATA 0x51000
#define STEP 0x200000

    movw $DIRECTORIES >> 4, %ax
    movw %ax, %es
    xorw %di, %di
    movw $8 * 1024, %cx
    movl $TABLE + 3, %eax
    rep stosl
    movw $TABLE >> 4, %ax
    movw %ax, %es
    xorw %di, %di
    movl $3, %eax
1:  movl %eax, %es:(%di) /* both halves of the table lead to the first 2 MiB */
    movl %eax, %es:2048(%di)
    addl $0x1000, %eax
    addw $4, %di
    cmpw $2048, %di
    jb 1b
    movw $CODE >> 4, %ax
    movw %ax, %es
    movb $0xc3, %es:0 /* ret */
    cli
    lgdtl descriptors
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpw $8, $flat

    .code32
flat:
    movw $16, %ax
    movw %ax, %ds
    movw %ax, %ss
    movl $0x7c00, %esp
    movl $DIRECTORIES, %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    movl $3, %ebp
times:
    movl $DIRECTORIES, %edi
1:  movl %edi, %cr3
    xorl %ebx, %ebx
2:  call touch
    addl $STEP, %ebx
    jnz 2b
    addl $0x1000, %edi
    cmpl $DIRECTORIES + 0x8000, %edi
    jb 1b
3:  movl $DIRECTORIES, %edi
4:  movl %edi, %cr3
    call touch
    addl $0x1000, %edi
    cmpl $DIRECTORIES + 0x8000, %edi
    jb 4b
    addl $STEP, %ebx
    jnz 3b
    movw $COM1, %dx
    leal '@'(%ebp), %eax
    outb %al, %dx
    decl %ebp
    jnz times
    hlt

touch:
    leal CODE(%ebx), %eax
    call *%eax
    movl %ebx, DATA(%ebx)
    ret

    .balign 8
table:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
descriptors:
    .word descriptors - table - 1
    .long table
    .org 512 * (1 + MORE)
