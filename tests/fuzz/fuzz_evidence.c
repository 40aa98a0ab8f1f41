/* fuzz_evidence.c - libFuzzer harness of verify/evidence/ and of archive/timestamp.c: any bytes as a batch are refused,
 * or are the one text that their batch has; any bytes as a time stamp are none that is trusted. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "verify/evidence/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct stamp_trust nobody = {.anchors = NULL};
    struct stamp_verdict verdict;
    char *text = calloc(1, size + 1);
    struct batch *b;

    if (!text || size > BATCH_LIMIT) {
        free(text);
        return 0;
    }
    memcpy(text, data, size);
    b = batch_parse(text, size);
    if (b) {
        struct key_text body = {.text = b->text, .size = b->size, .body = b->body};

        require(b->body <= b->size && b->size == size && strlen(b->machine_root) == 64 && strlen(b->made) == 20);
        require(b->stand_count <= BATCH_STANDS && b->key_count <= BATCH_KEYS && b->crl_count <= BATCH_CRLS);
        require(!b->decides || !*b->decision.until || strcmp(b->decision.until, REDACTED) == 0 ||
                strlen(b->decision.until) == 10);
        for (unsigned i = 0; i < b->key_count; i++)
            key_text_check(&body, &b->keys[i]);
    }
    batch_free(b);
    stamp_judge((struct stamp_bytes){data, size}, (struct stamp_bytes){data, size}, &nobody, &verdict);
    require(verdict.state != STAMP_GOOD);
    return 0;
}
