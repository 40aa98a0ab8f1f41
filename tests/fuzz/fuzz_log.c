/* fuzz_log.c - libFuzzer harness of verify/log/: any bytes as a line, a head or a proof are refused or well formed, and
 * no head is signed by a key that never signed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "verify/log/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void read_line(const char *text, size_t size, uint64_t number)
{
    struct log_line line = {.number = number, .text = text, .length = size};
    char value[16] = "";

    line_parse(&line);
    require((line.kind == LOG_MALFORMED) == (line.wrong != NULL));
    if (line.kind == LOG_MALFORMED)
        return;
    require((line.kind == LOG_FIRST) == (number == 0));
    require(strlen(line.time) == 20);
    require(number == 0 || log_name_is_good(line.by));
    log_line_value(&line, "origin", value, sizeof value);
    log_line_value(&line, "object", value, sizeof value);
    require(memchr(value, 0, sizeof value) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char pem[] =
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
        "-----END PUBLIC KEY-----\n";
    char *text = malloc(size + 1);
    struct log_head head;
    struct log_proof proof;
    struct error error;
    size_t body;

    if (!text || size > LOG_LINE_LIMIT) {
        free(text);
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    read_line(text, size, 0);
    read_line(text, size, 1);
    if (log_head_parse(text, size, &head, &body)) {
        require(body <= size && log_origin_is_good(head.origin, strlen(head.origin)));
        require(!log_head_signed_by(text, size, pem, sizeof pem - 1));
    }
    if (log_proof_check("fuzz", text, size, &proof, &error)) {
        require(proof.line < proof.of.lines && proof.head <= size);
        text_free(&proof.text);
    }
    free(text);
    return 0;
}
