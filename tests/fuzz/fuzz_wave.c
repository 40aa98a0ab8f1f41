/* fuzz_wave.c - libFuzzer harness of formats/wave.c: any file is refused with an error, or all its frames can be read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/error.h"
#include "formats/wave.h"

enum { FRAMES = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void read_all(const struct wave *wave, size_t size)
{
    int16_t frames[FRAMES][2];

    require(wave->rate >= WAVE_RATE_LEAST && wave->rate <= WAVE_RATE_MOST && wave->frames > 0 && wave->frames <= size);
    for (uint64_t at = 0; at < wave->frames; at += FRAMES)
        require(
            wave->read(wave->context, at, wave->frames - at < FRAMES ? (uint32_t)(wave->frames - at) : FRAMES, frames));
    require(!wave->read(wave->context, size, 1, frames) && wave->failure(wave->context)->what[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[] = "/tmp/muniment-fuzz-wave-XXXXXX";
    static FILE *file;
    struct error error = {.status = STATUS_OK};
    struct wave wave;

    if (!file) {
        int descriptor = mkstemp(path);
        require(descriptor >= 0 && (file = fdopen(descriptor, "wb")));
        snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    }
    rewind(file);
    require(ftruncate(fileno(file), 0) == 0 && fwrite(data, 1, size, file) == size && fflush(file) == 0);
    if (wave_open(path, NULL, &wave, &error)) {
        read_all(&wave, size);
        wave.close(wave.context);
    } else {
        require(error.status == STATUS_INPUT && error.what[0]);
    }
    return 0;
}
