/* mouse.c - what debian-devices.sh runs in the guest: gives the serial port /dev/ttyS1 to Linux's drivers serport and
 * sermouse, as inputattach does: 1,200 baud, 7N1, Microsoft's protocol. It stays until the port is taken away. A
 * program of 32 bits without a library. */
static int call(int number, int a, int b, int c)
{
    __asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory");
    return number;
}

static int run(void)
{
    int port = call(5, (int)"/dev/ttyS1", 2 | 0x100, 0);          /* open, O_RDWR and O_NOCTTY */
    unsigned mode[9] = {0, 0, 0x9 | 0x20 | 0x80 | 0x400 | 0x800}; /* B1200, CS7, CREAD, HUPCL, CLOCAL */
    int discipline = 2, type = 3;                                 /* N_MOUSE, SERIO_MS */

    if (port < 0 || call(54, port, 0x5402, (int)mode) < 0) /* TCSETS */
        return 1;
    if (call(54, port, 0x5423, (int)&discipline) < 0 || /* TIOCSETD */
        call(54, port, 0x40047101, (int)&type) < 0)     /* SPIOCSTYPE */
        return 2;
    return call(3, port, 0, 0) < 0 ? 3 : 0; /* read: the drivers have the port */
}

void _start(void)
{
    call(1, run(), 0, 0);
}
