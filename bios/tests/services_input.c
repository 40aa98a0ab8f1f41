/* services_input.c - INT 16h, and the pointing device of INT 15h/C2h. */
#include "services.h"

bool keys_become_codes(void)
{
    scan(0x1E), scan(0x9E);
    bool plain = key(0) == 0x1E61;
    scan(0x2A), scan(0x1E), scan(0x9E), scan(0xAA);
    bool shifted = key(0) == 0x1E41;
    scan(0x1D), scan(0x2E), scan(0xAE), scan(0x9D);
    bool control = key(0) == 0x2E03;
    scan(0x38), scan(0x10), scan(0x90), scan(0xB8);
    bool alternate = key(0) == 0x1000;
    scan(0xE0), scan(0x48), scan(0xE0), scan(0xC8);
    bool enhanced = key(0x1000) == 0x48E0;
    scan(0xE0), scan(0x48), scan(0xE0), scan(0xC8);
    return plain && shifted && control && alternate && enhanced && key(0) == 0x4800;
}

bool alt_and_digits_make_a_character(void)
{
    scan(0x38), scan(0x4D), scan(0xCD), scan(0x4C), scan(0xCC), scan(0xB8);
    return key(0) == 65;
}

bool caps_lock_toggles_and_is_lit(void)
{
    scan(0x3A), scan(0xBA), scan(0x30), scan(0xB0);
    bool upper = key(0) == 0x3042;
    delay(50);
    bool lit = (bda_get(kbd_leds) & 0x47) == 0x04;
    scan(0x3A), scan(0xBA), scan(0x30), scan(0xB0);
    bool lower = key(0) == 0x3062;
    delay(50);
    return upper && lit && lower && (bda_get(kbd_leds) & 0x47) == 0;
}

bool num_lock_turns_the_keypad_to_digits(void)
{
    scan(0x45), scan(0xC5), scan(0x48), scan(0xC8);
    bool digit = key(0) == 0x4838;
    scan(0x45), scan(0xC5), scan(0x48), scan(0xC8);
    return digit && key(0) == 0x4800;
}

bool break_empties_the_buffer(void)
{
    scan(0x1E), scan(0x9E), scan(0x1D), scan(0xE0), scan(0x46), scan(0xE0), scan(0xC6), scan(0x9D);
    return bda_get(ctrl_break) == 0x80 && key(0) == 0;
}

bool pushed_key_comes_back(void)
{
    struct call push = {.ax = 0x0500, .cx = 0x3062}, check = {.ax = 0x0100};
    soft_int(0x16, &push);
    soft_int(0x16, &check);
    bool there = !(check.flags & FLAG_ZF) && check.ax == 0x3062 && key(0) == 0x3062;
    struct call none = {.ax = 0x0100};
    soft_int(0x16, &none);
    return there && none.flags & FLAG_ZF;
}

/* The far routine in start.S that notes the words of a report at 0:610, and counts at 0:618. */
extern const char mouse_handler[];

static uint8_t mouse(uint8_t function, uint8_t bh, struct call *c)
{
    *c = (struct call){.ax = 0xC200 | function, .bx = bh << 8};
    soft_int(0x15, c);
    return c->flags & FLAG_CF ? c->ah : 0;
}

/* As if the device had sent it: the controller's command D3h. */
static void mouse_sends(uint8_t v)
{
    while (inb(0x64) & 2)
        ;
    outb(0x64, 0xD3);
    while (inb(0x64) & 2)
        ;
    outb(0x60, v);
    interrupts_on();
    delay(5);
}

bool pointing_device_obeys(void)
{
    struct call c;
    bool reset = mouse(0x01, 0, &c) == 0 && c.bx == 0x00AA;
    bool set = mouse(0x02, 4, &c) == 0 && mouse(0x03, 1, &c) == 0 && mouse(0x06, 2, &c) == 0;
    bool status = mouse(0x06, 0, &c) == 0 && c.bl == 0x10 && c.cl == 1 && c.dl == 80;
    bool refused = mouse(0x02, 7, &c) == 2 && mouse(0x03, 4, &c) == 2 && mouse(0x00, 2, &c) == 2 &&
                   mouse(0x0F, 0, &c) == 1;
    return reset && set && status && refused && mouse(0x04, 0, &c) == 0 && c.bh == 0 && mouse(0x06, 1, &c) == 0;
}

bool pointing_device_reports(void)
{
    struct call c, handler = {.ax = 0xC207, .bx = (uint16_t)(uint32_t)mouse_handler, .es = 0x1000},
                   none = {.ax = 0xC207};
    bool missing = mouse(0x05, 3, &c) == 0 && mouse(0x00, 1, &c) == 5;
    soft_int(0x15, &handler);
    bool enabled = mouse(0x00, 1, &c) == 0;
    far_put8(0, 0x618, 0);
    mouse_sends(0x09), mouse_sends(0x05);
    bool early = far_get8(0, 0x618) != 0;
    mouse_sends(0xFB);
    bool three = far_get8(0, 0x618) == 1 && far_get16(0, 0x616) == 0x09 && far_get16(0, 0x614) == 0x05 &&
                 far_get16(0, 0x612) == 0xFB && far_get16(0, 0x610) == 0;
    scan(0x1E), scan(0x9E);
    bool typed = key(0) == 0x1E61;
    mouse(0x00, 0, &c);
    soft_int(0x15, &none);
    return missing && enabled && !early && three && typed;
}
