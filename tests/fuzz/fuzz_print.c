/* fuzz_print.c - libFuzzer harness of desk/escp.c and desk/pdf.c: any bytes are a job, and give a whole PDF. */
#include <stdlib.h>
#include <string.h>

#include "desk/escp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t font[256][16];
    struct escp e;

    if (size == 0 || !escp_begin(&e, data[0] & 1 ? ESCP_24_PINS : ESCP_9_PINS, data[0] & 2 ? 850 : 437, font))
        return 0;
    for (size_t i = 1; i < size; i++)
        escp_byte(&e, data[i]);
    if (!escp_end(&e) || memcmp(e.pdf.out.bytes + e.pdf.out.length - 6, "%%EOF\n", 6) != 0)
        abort();
    escp_free(&e);
    return 0;
}
