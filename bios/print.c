/* print.c - messages, by INT 10h. */
#include "print.h"

void print_char(char c)
{
    struct call call = {.ax = 0x0E00 | (uint8_t)c, .bx = 0x0007};
    soft_int(0x10, &call);
}

void print(const ROM char *s)
{
    for (char c; (c = rom_get(*s)) != 0; s++) {
        if (c == '\n')
            print_char('\r');
        print_char(c);
    }
}

void print_number(uint32_t v)
{
    if (v >= 10)
        print_number(v / 10);
    print_char('0' + v % 10);
}

void print_hex8(uint8_t v)
{
    for (int shift = 4; shift >= 0; shift -= 4) {
        uint8_t digit = v >> shift & 15;
        print_char(digit < 10 ? '0' + digit : 'A' - 10 + digit);
    }
}

void print_model(uint16_t segment, uint16_t offset)
{
    for (unsigned i = 27; i < 47 && far_get16(segment, offset + i * 2) != 0x2020; i++) {
        print_char(far_get8(segment, offset + i * 2 + 1));
        print_char(far_get8(segment, offset + i * 2));
    }
}
