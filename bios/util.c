/* util.c - memory in other segments, and time by the refresh bit. Linked into both images. */
#include "rom.h"

uint8_t far_get8(uint16_t segment, uint16_t offset)
{
    uint8_t v;
    asm volatile("pushw %%es; movw %w1, %%es; movb %%es:(%2), %0; popw %%es"
                 : "=q"(v)
                 : "r"(segment), "r"((uint32_t)offset)
                 : "memory");
    return v;
}

uint16_t far_get16(uint16_t segment, uint16_t offset)
{
    return far_get8(segment, offset) | far_get8(segment, offset + 1) << 8;
}

void far_put8(uint16_t segment, uint16_t offset, uint8_t v)
{
    asm volatile("pushw %%es; movw %w0, %%es; movb %1, %%es:(%2); popw %%es"
                 :
                 : "r"(segment), "q"(v), "r"((uint32_t)offset)
                 : "memory");
}

/* One access: video memory and vectors want whole words. At offset FFFFh the 386 would fault, so it is two there. */
void far_put16(uint16_t segment, uint16_t offset, uint16_t v)
{
    if (offset == 0xFFFF) {
        far_put8(segment, offset, (uint8_t)v);
        far_put8(segment, 0, v >> 8);
        return;
    }
    asm volatile("pushw %%es; movw %w0, %%es; movw %w1, %%es:(%2); popw %%es"
                 :
                 : "r"(segment), "r"(v), "r"((uint32_t)offset)
                 : "memory");
}

void far_copy(uint16_t to_segment, uint16_t to, uint16_t from_segment, uint16_t from, uint16_t bytes)
{
    uint32_t d = to, s = from, n = bytes;
    asm volatile("pushw %%ds; pushw %%es; movw %w3, %%es; movw %w4, %%ds; rep movsb; popw %%es; popw %%ds"
                 : "+D"(d), "+S"(s), "+c"(n)
                 : "r"(to_segment), "r"(from_segment)
                 : "memory");
}

/* For memory where words are as good as bytes, and half as many. */
void far_copy16(uint16_t to_segment, uint16_t to, uint16_t from_segment, uint16_t from, uint16_t words)
{
    uint32_t d = to, s = from, n = words;
    asm volatile("pushw %%ds; pushw %%es; movw %w3, %%es; movw %w4, %%ds; rep movsw; popw %%es; popw %%ds"
                 : "+D"(d), "+S"(s), "+c"(n)
                 : "r"(to_segment), "r"(from_segment)
                 : "memory");
}

void far_fill16(uint16_t segment, uint16_t to, uint16_t v, uint16_t words)
{
    uint32_t d = to, n = words;
    asm volatile("pushw %%es; movw %w2, %%es; rep stosw; popw %%es"
                 : "+D"(d), "+c"(n)
                 : "r"(segment), "a"(v)
                 : "memory");
}

uint8_t far_sum(uint16_t segment, uint16_t at, uint16_t bytes)
{
    uint8_t sum = 0;
    while (bytes--)
        sum += far_get8(segment, at++);
    return sum;
}

void rom_copy(void *to, uint32_t from, uint16_t bytes)
{
    for (uint8_t *p = to; bytes; bytes--)
        *p++ = rom_get8(from++);
}

static uint16_t stack_segment(void)
{
    uint16_t ss;
    asm("movw %%ss, %0" : "=r"(ss));
    return ss;
}

void far_read(void *to, uint16_t segment, uint16_t offset, uint16_t bytes)
{
    far_copy(stack_segment(), (uint16_t)(uint32_t)to, segment, offset, bytes);
}

void far_write(uint16_t segment, uint16_t offset, const void *from, uint16_t bytes)
{
    far_copy(segment, offset, stack_segment(), (uint16_t)(uint32_t)from, bytes);
}

void timeout_start(struct timeout *t, uint32_t milliseconds)
{
    t->left = milliseconds * 66;
    t->phase = inb(0x61) & 0x10;
}

bool timeout_expired(struct timeout *t)
{
    if ((inb(0x61) & 0x10) != t->phase) {
        t->phase ^= 0x10;
        if (t->left)
            t->left--;
    }
    return t->left == 0;
}

void delay(uint32_t milliseconds)
{
    struct timeout t;
    timeout_start(&t, milliseconds);
    while (!timeout_expired(&t))
        ;
}
