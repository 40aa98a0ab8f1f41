/* set_snapshot.c - see set_snapshot.h. */
#include "desk/set_snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/output.h"
#include "formats/text.h"

#define TITLE "muniment-set-snapshot: 0\n"
#define LIMIT (64u << 20) /* bytes of a file: 16 stations with all that a cable holds, in digits, are less */

bool set_snapshot_take(struct set_snapshot *s, const struct cable *cable, struct error *error)
{
    size_t size = cable_save(cable, NULL, 0);

    s->cable = malloc(size);
    if (!s->cable)
        return error_host(error, "snapshot", ENOMEM, "cannot take");
    s->cable_size = cable_save(cable, s->cable, size);
    return true;
}

void set_snapshot_free(struct set_snapshot *s)
{
    free(s->cable);
    s->cable = NULL;
}

bool set_snapshot_write(const struct set_snapshot *s, const char *path, bool replace, struct error *error)
{
    struct output output;
    char digest[65];

    hex_encode(s->digest, digest);
    if (!output_in_order(&output, path, replace, error))
        return false;
    fprintf(output.file, TITLE "set-root: %s\ndigest: %s\ncable: ", s->root, digest);
    for (size_t i = 0; i < s->cable_size; i++)
        fprintf(output.file, "%02x", s->cable[i]);
    fputs("\n", output.file);
    return output_commit(&output, error);
}

/* Takes "NAME: HEX" and a line feed. */
static bool take_digest(const char **at, const char *name, uint8_t digest[DIGEST_SIZE])
{
    size_t length = strlen(name);
    char hex[65];

    if (strncmp(*at, name, length) || memchr(*at + length, '\0', 65) || (*at)[length + 64] != '\n')
        return false;
    memcpy(hex, *at + length, 64);
    hex[64] = '\0';
    *at += length + 65;
    return hex_decode(hex, digest);
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The rest of the text: the cable's bytes, as digits, and a line feed. */
static bool take_cable(struct set_snapshot *s, const char *at)
{
    size_t length = strlen(at);

    if (length < 3 || length % 2 == 0 || at[length - 1] != '\n' || !(s->cable = malloc(length / 2)))
        return false;
    for (; s->cable_size < length / 2; s->cable_size++, at += 2) {
        int high = hex_value(at[0]), low = hex_value(at[1]);
        if (high < 0 || low < 0)
            return false;
        s->cable[s->cable_size] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool set_snapshot_read(struct set_snapshot *s, const char *path, struct error *error)
{
    uint8_t root[DIGEST_SIZE];
    struct text text;
    const char *at;

    if (!text_read(&text, path, LIMIT, "the snapshot of a set", error))
        return false;
    at = text.bytes;
    bool good = !memchr(text.bytes, 0, text.length) && !strncmp(at, TITLE, strlen(TITLE)) && (at += strlen(TITLE)) &&
                take_digest(&at, "set-root: ", root) && take_digest(&at, "digest: ", s->digest) &&
                !strncmp(at, "cable: ", 7) && take_cable(s, at + 7);
    if (good)
        hex_encode(root, s->root);
    text_free(&text);
    return good ||
           error_set(error, STATUS_INPUT, path, NULL, "see spec/set.md", "is no snapshot of a set, of version 0");
}
