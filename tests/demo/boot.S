/* boot.S - boot sector of the demonstration's floppy: BIOS parameter block and loader.
 *
 * The parameter block (Microsoft, "FAT: General Overview of On-Disk Format", 1.03) describes a 1.44 MB floppy with
 * FAT12; mkfat12 takes the geometry from it. The loader looks TERMINAL.SYS up in the root directory, reads it to 0:8000
 * and jumps there with the drive in DL. mkfat12 lays files out in one piece, so the loader follows no chain; it reads up
 * to the end of a track at a time. */

    .set LOAD, 0x8000
    .set SCRATCH, 0x7e00        /* one sector of the root directory */

    .code16
    .globl _start
_start:
    jmp   start
    .org  3
    .ascii "LANDREG "
    .word 512                   /* bytes in a sector */
    .byte 1                     /* sectors in a cluster */
reserved:
    .word 1
fats:
    .byte 2
root_entries:
    .word 224
    .word 2880                  /* sectors in all */
    .byte 0xf0                  /* media: 3.5 inch, 1.44 MB */
fat_sectors:
    .word 9
track_sectors:
    .word 18
heads:
    .word 2
    .long 0, 0                  /* hidden sectors; sectors in all, had they not fitted above */
drive:
    .byte 0
    .byte 0
    .byte 0x29                  /* serial number, label and type follow */
    .long 0x19981102
    .ascii "LANDREGISTR"
    .ascii "FAT12   "

start:
    ljmp  $0, $1f
1:  xorw  %ax, %ax
    movw  %ax, %ds
    movw  %ax, %es
    movw  %ax, %ss
    movw  $0x7c00, %sp
    cld
    sti
    movb  %dl, drive

    movb  fats, %al             /* first sector of the root directory, in SI */
    mulw  fat_sectors
    addw  reserved, %ax
    movw  %ax, %si
    movw  root_entries, %cx     /* its length in sectors, in BP */
    shrw  $4, %cx
    movw  %cx, %bp
    addw  %si, %bp              /* and the first sector of the files */

look:
    movw  %si, %ax
    movw  $1, %cx
    movw  $SCRATCH, %bx
    call  read
    movw  $SCRATCH, %di
entry:
    pushw %si
    pushw %di
    movw  $name, %si
    movw  $11, %cx
    repe  cmpsb
    popw  %di
    popw  %si
    je    found
    addw  $32, %di
    cmpw  $SCRATCH + 512, %di
    jb    entry
    incw  %si
    cmpw  %bp, %si
    jb    look
    movw  $no_file, %si
    jmp   stop

found:
    movw  28(%di), %cx          /* length, up to 64 KiB, in sectors */
    addw  $511, %cx
    shrw  $9, %cx
    movw  26(%di), %ax          /* cluster 2 is the first; a cluster is a sector */
    addw  %bp, %ax
    subw  $2, %ax
    movw  $LOAD, %bx
    call  read
    movb  drive, %dl
    ljmp  $0, $LOAD

/* Reads CX sectors from sector AX to 0:BX. Keeps SI, DI, BP. */
read:
    pushw %ax
    pushw %cx
    xorw  %dx, %dx
    divw  track_sectors         /* AX: track, DX: sector in it, from 0 */
    movw  track_sectors, %cx
    subw  %dx, %cx              /* sectors left in the track */
    popw  %di
    pushw %di
    cmpw  %di, %cx
    jbe   1f
    movw  %di, %cx
1:  movw  %cx, %di              /* sectors to read now */
    movb  %dl, %cl
    incw  %cx
    xorw  %dx, %dx
    divw  heads                 /* AX: cylinder, DX: head */
    movb  %al, %ch
    movb  %dl, %dh
    movb  drive, %dl
    movw  $4, %ax               /* tries; the first ones may find the motor still starting */
retry:
    pushw %ax
    movw  %di, %ax
    movb  $0x02, %ah
    int   $0x13
    popw  %ax
    jnc   1f
    decw  %ax
    movw  $no_read, %si
    jz    stop
    pushw %ax
    movb  $0x00, %ah
    int   $0x13
    popw  %ax
    jmp   retry
1:  popw  %cx
    popw  %ax
    addw  %di, %ax
    movw  %di, %dx
    shlw  $9, %dx
    addw  %dx, %bx
    subw  %di, %cx
    jnz   read
    ret

/* Says why, from SI, and stops. */
stop:
    lodsb
    testb %al, %al
    jz    1f
    movw  $0x0007, %bx
    movb  $0x0e, %ah
    int   $0x10
    jmp   stop
1:  cli
    hlt
    jmp   1b

name:
    .ascii "TERMINALSYS"
no_file:
    .asciz "TERMINAL.SYS is not on this disk"
no_read:
    .asciz "The disk cannot be read"

    .org 510
    .word 0xaa55
