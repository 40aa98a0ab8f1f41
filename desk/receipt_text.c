/* receipt_text.c - see receipt_text.h. */
#include "desk/receipt_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk/receipt.h"
#include "formats/file.h"

enum { LINE_LIMIT = 8192 };

void receipt_name(struct text *t, const char *name)
{
    for (; *name; name++)
        if ((uint8_t)*name <= ' ' || *name == '%' || *name == 0x7F)
            text_print(t, "%%%02X", (unsigned)(uint8_t)*name);
        else
            text_add(t, name, 1);
}

static int upper_hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool receipt_read_name(char *name)
{
    char *const start = name, *to = name;

    for (; *name; name++, to++) {
        int high = *name == '%' ? upper_hex(name[1]) : 0, low = *name == '%' && high >= 0 ? upper_hex(name[2]) : 0;
        uint8_t byte = (uint8_t)*name;
        if (high < 0 || low < 0)
            return false;
        if (*name == '%') {
            byte = (uint8_t)(high << 4 | low);
            if (byte == 0 || (byte > ' ' && byte != '%' && byte != 0x7F))
                return false;
            name += 2;
        } else if (byte <= ' ' || byte == 0x7F) {
            return false;
        }
        *to = (char)byte;
    }
    *to = '\0';
    return to != start;
}

bool receipt_name_is_inside(const char *name)
{
    if (strncmp(name, "data/", 5))
        return false;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (!*part || *part == '/' || !strncmp(part, "../", 3) || !strcmp(part, "..") || !strncmp(part, "./", 2) ||
            !strcmp(part, "."))
            return false;
    }
    return true;
}

char *receipt_next_line(char **at)
{
    char *line = *at, *feed = strchr(line, '\n');

    if (!feed || feed - line > LINE_LIMIT)
        return NULL;
    *feed = '\0';
    *at = feed + 1;
    return line;
}

char *receipt_value(char *line, const char *name)
{
    size_t length = strlen(name);

    return line && !strncmp(line, name, length) && line[length] == ':' && line[length + 1] == ' ' ? line + length + 2
                                                                                                  : NULL;
}

bool receipt_read_digest(const char *value, hex_digest to)
{
    uint8_t digest[DIGEST_SIZE];

    if (!value || strlen(value) != 64 || !hex_decode(value, digest))
        return false;
    memcpy(to, value, 65);
    return true;
}

bool receipt_read_file(const char *path, size_t limit, char **text, size_t *size, struct error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;
    bool good = false;

    *text = NULL;
    if (descriptor < 0)
        return error_host(error, path, errno, "cannot open");
    if (fstat(descriptor, &status) || !S_ISREG(status.st_mode))
        error_set(error, STATUS_INPUT, path, NULL, NULL, "is no regular file");
    else if ((uint64_t)status.st_size > limit)
        error_set(error, STATUS_INPUT, path, NULL, NULL, "is too long");
    else if (!(*text = malloc((size_t)status.st_size + 1)))
        error_host(error, path, ENOMEM, "cannot read");
    else
        good = file_read(descriptor, path, 0, *text, (size_t)status.st_size, error);
    close(descriptor);
    if (good) {
        *size = (size_t)status.st_size;
        (*text)[*size] = '\0';
    }
    return good;
}
