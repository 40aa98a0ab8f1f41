/* test386.c - runs test386.asm, a test of the 80386 that takes the place of the BIOS.
 *
 *     test386 IMAGE REFERENCE
 *
 * IMAGE is built with POST_PORT 190h and OUT_PORT E9h, of 64 or (with ROM128) 128 KiB. It tells on the POST port which
 * test it is at, FFh at the end, and halts where one fails. What its arithmetic yields it prints on the other port, and
 * leaves to be compared with REFERENCE, line by line. */
#include <inttypes.h>
#include <string.h>

#include "tests/bare.h"

#define POST_PORT 0x190
#define OUT_PORT 0xE9
#define POST_DONE 0xFF
#define RAM_SIZE 0x200000u
#define TICKS 500000000u /* several times what it needs */
#define TEXT_LIMIT (16u << 20)
#define SHOWN 20

struct suite {
    struct bare bare;
    uint8_t post;
    bool done;
    char *text;
    size_t length;
};

static uint32_t port_read(void *context, uint16_t port, unsigned size)
{
    struct suite *s = context;

    (void)size;
    return port == POST_PORT ? s->post : 0xFF;
}

static void port_write(void *context, uint16_t port, uint32_t value, unsigned size)
{
    struct suite *s = context;

    (void)size;
    if (port == OUT_PORT) {
        if (s->length < TEXT_LIMIT)
            s->text[s->length++] = (char)value;
        return;
    }
    s->post = (uint8_t)value;
    printf(" %02X", s->post);
    if (s->post == POST_DONE) {
        s->done = true;
        cpu_stop(&s->bare.cpu);
    }
}

/* The next line, without blanks and line ends at its end; null after the last. */
static char *next_line(char **text)
{
    char *line = *text;

    if (!*line)
        return NULL;
    size_t length = strcspn(line, "\n");
    *text = line + length + (line[length] == '\n');
    while (length && (line[length - 1] == '\r' || line[length - 1] == ' '))
        length--;
    line[length] = 0;
    return line;
}

/* Both texts are taken apart. Lines of output that say nothing are ignored. */
static void compare(char *text, char *reference, unsigned long *passed, unsigned long *failed)
{
    char *ours, *theirs;

    do {
        while ((ours = next_line(&text)) && !*ours)
            ;
        while ((theirs = next_line(&reference)) && !*theirs)
            ;
        if (!ours && !theirs)
            break;
        if (ours && theirs && strcmp(ours, theirs) == 0)
            ++*passed;
        else if ((*failed)++ < SHOWN)
            printf("is:     %s\nshould: %s\n", ours ? ours : "(end)", theirs ? theirs : "(end)");
    } while (ours && theirs);
}

int main(int argc, char **argv)
{
    static struct suite s;
    size_t image_size, reference_size;
    unsigned long passed = 0, failed = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: test386 IMAGE REFERENCE\n");
        return 2;
    }
    uint8_t *image = bare_read_file("test386", argv[1], 0x20000, &image_size);
    char *reference = (char *)bare_read_file("test386", argv[2], TEXT_LIMIT, &reference_size);
    if (image_size != 0x10000 && image_size != 0x20000) {
        fprintf(stderr, "test386: %s: is neither 64 nor 128 KiB long\n", argv[1]);
        return 3;
    }
    reference[reference_size] = 0;
    s.text = calloc(1, TEXT_LIMIT + 1);
    if (!s.text || !bare_init(&s.bare, CPU_I386, RAM_SIZE))
        return 4;
    memory_map_rom(&s.bare.memory, 0x100000 - (uint32_t)image_size, image, image_size);
    bus_map_ports(&s.bare.bus, POST_PORT, 1, 1, port_read, port_write, &s);
    bus_map_ports(&s.bare.bus, OUT_PORT, 1, 1, port_read, port_write, &s);

    printf("POST");
    bare_run(&s.bare, TICKS);
    printf("\n");
    if (!s.done)
        printf("stopped at POST %02X, CS:EIP %04X:%08" PRIX32 "\n", s.post, s.bare.cpu.seg[SEG_CS].selector,
               s.bare.cpu.eip);
    compare(s.text, reference, &passed, &failed);
    printf("%lu passed, %lu failed\n", passed, failed + !s.done);
    bare_free(&s.bare);
    free(s.text);
    free(image);
    free(reference);
    return failed || !s.done;
}
