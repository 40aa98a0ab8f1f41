/* video_entry.S - INT 10h. */
        .code16
        .text
        .globl  int10_entry
int10_entry:
        pushw   $video_service
        jmp     service
