/* print_job.c - prints standard input, for tests of the printer (spec/print.md).
 *
 *   print_job FOLDER escp9|escp24|raw <JOB */
#include "desk/print.h"

int main(int argc, char **argv)
{
    struct error error;
    struct printing *printing = argc == 3 ? print_open(argv[1], argv[2], true, &error) : NULL;

    if (!printing) {
        if (argc == 3)
            error_print(stderr, &error);
        return 2;
    }
    for (int byte; (byte = getchar()) != EOF;)
        print_byte(printing, (uint8_t)byte, 0);
    bool good = print_end(printing, &error);
    if (!good)
        error_print(stderr, &error);
    print_close(printing);
    return good ? 0 : 1;
}
