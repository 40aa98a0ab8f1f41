/* fuzz_script.c - libFuzzer harness of desk/script.c: any bytes are either refused with an error that names line and
 * column, or give commands that hold what their verbs need. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "desk/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_command(const struct script_command *c)
{
    switch (c->verb) {
    case SCRIPT_TYPE:
    case SCRIPT_KEY:
        require(c->key_count > 0);
        for (size_t i = 0; i < c->key_count; i++)
            require(c->keys[i].key != 0);
        break;
    case SCRIPT_MOUSE_MOVE: require(abs(c->dx) <= 32767 && abs(c->dy) <= 32767); break;
    case SCRIPT_WAIT_STILL:
    case SCRIPT_WAIT_TIME: require(c->microseconds <= UINT64_C(100000001000000)); break;
    case SCRIPT_WAIT_SCREEN:
    case SCRIPT_EXPECT_SCREEN:
    case SCRIPT_FAIL:
    case SCRIPT_SCREENSHOT:
    case SCRIPT_SNAPSHOT: require(c->length > 0 && strlen(c->text) == c->length); break;
    case SCRIPT_FLOPPY:
    case SCRIPT_CD: require(!c->text || (c->length > 0 && strlen(c->text) == c->length)); break;
    case SCRIPT_WAIT_SERIAL:
    case SCRIPT_EXPECT_SERIAL:
    case SCRIPT_CLIPBOARD:
    case SCRIPT_SERIAL: require(c->length > 0 && c->text[c->length] == '\0'); break;
    case SCRIPT_WAIT_PICTURE:
    case SCRIPT_EXPECT_PICTURE: require(c->places[0].picture != NULL); break;
    case SCRIPT_CLICK:
    case SCRIPT_DOUBLE_CLICK:
    case SCRIPT_DRAG: require(c->places[0].picture || (c->places[0].x >= 0 && c->places[0].y >= 0)); break;
    default: require(!c->text && !c->keys);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {.status = STATUS_OK};
    struct script script;
    char *text = malloc(size + 1);

    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (script_parse(text, size, "fuzz", &script, &error)) {
        for (size_t i = 0; i < script.count; i++) {
            check_command(&script.commands[i]);
            require(script.commands[i].target <= script.count);
        }
    } else { /* other objects are the files that it names */
        require(error.status != STATUS_OK && error.what[0]);
    }
    script_free(&script);
    free(text);
    return 0;
}
