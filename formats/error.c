/* error.c - filling in and printing struct error. See error.h. */
#include "formats/error.h"

#include "formats/plain.h"

#include <stdarg.h>
#include <string.h>

bool error_set(struct error *e, enum status status, const char *object, const char *place, const char *remedy,
               const char *what, ...)
{
    char text[sizeof e->what];
    va_list arguments;

    if (!e)
        return false;
    e->status = status;
    plain_copy(e->object, sizeof e->object, object ? object : "");
    plain_copy(e->place, sizeof e->place, place ? place : "");
    plain_copy(e->remedy, sizeof e->remedy, remedy ? remedy : "");
    va_start(arguments, what);
    vsnprintf(text, sizeof text, what, arguments);
    va_end(arguments);
    plain_copy(e->what, sizeof e->what, text);
    return false;
}

bool error_host(struct error *e, const char *object, int error_number, const char *attempted)
{
    return error_set(e, STATUS_HOST, object, NULL, NULL, "%s: %s", attempted, strerror(error_number));
}

void error_tame(struct error *e, enum status otherwise)
{
    struct error came = *e;

    came.object[sizeof came.object - 1] = came.what[sizeof came.what - 1] = '\0';
    came.place[sizeof came.place - 1] = came.remedy[sizeof came.remedy - 1] = '\0';
    if (came.status < STATUS_WRONG || came.status > STATUS_CLOSED)
        came.status = otherwise;
    error_set(e, came.status, came.object, came.place, came.remedy, "%s", came.what);
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
