/* error.c - filling in and printing struct error. See error.h. */
#include "formats/error.h"

#include <stdarg.h>
#include <string.h>

/* Takes the sting out of text from hostile files: no terminal sequence survives without its C0 or C1 control. */
static void defuse(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p; p++) {
        bool c1 = *p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;

        if (c1)
            *p++ = '?';
        if (c1 || *p < 0x20 || *p == 0x7f)
            *p = '?';
    }
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
    defuse(to);
}

bool error_set(struct error *e, enum status status, const char *object, const char *place, const char *remedy,
               const char *what, ...)
{
    va_list arguments;

    if (!e)
        return false;
    e->status = status;
    copy(e->object, sizeof e->object, object);
    copy(e->place, sizeof e->place, place);
    copy(e->remedy, sizeof e->remedy, remedy);
    va_start(arguments, what);
    vsnprintf(e->what, sizeof e->what, what, arguments);
    va_end(arguments);
    defuse(e->what);
    return false;
}

bool error_host(struct error *e, const char *object, int error_number, const char *attempted)
{
    return error_set(e, STATUS_HOST, object, NULL, NULL, "%s: %s", attempted, strerror(error_number));
}

void error_print(FILE *to, const struct error *e)
{
    fprintf(to, "muniment: %s: %s", e->object, e->what);
    if (e->place[0])
        fprintf(to, " (%s)", e->place);
    if (e->remedy[0])
        fprintf(to, ": %s", e->remedy);
    fputc('\n', to);
}
