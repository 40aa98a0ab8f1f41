/* steward_answers.c - see steward_parts.h: answers to the gate, and what all parts of the steward ask for. */
#define _GNU_SOURCE /* memfd_create */
#include "desk/steward_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "desk/progress.h"
#include "desk/rights.h"
#include "desk/work.h"
#include "formats/json.h"
#include "formats/message.h"

void steward_answer(struct steward *s, unsigned question, unsigned status, const char *type, uint64_t length,
                    int descriptor)
{
    char text[128];
    struct iovec part = {text,
                         (size_t)snprintf(text, sizeof text, "%u %u %" PRIu64 " %s", question, status, length, type)};

    if (question == NOBODY)
        return;
    while (message_send(s->gate, &part, 1, &descriptor, descriptor >= 0, 0) < 0)
        if (errno != EINTR || interrupted()) {
            shutdown(s->gate, SHUT_RDWR); /* it reads no more: the next round finds it gone */
            break;
        }
}

void steward_answer_file(struct steward *s, unsigned question, unsigned status, const char *type, FILE *file)
{
    long length = file && fflush(file) == 0 ? ftell(file) : -1;

    if (length >= 0)
        steward_answer(s, question, status, type, (uint64_t)length, fileno(file));
    else
        steward_answer(s, question, 500, JSON, 0, -1);
    if (file)
        fclose(file);
}

FILE *steward_new_file(void)
{
    int descriptor = memfd_create("answer", MFD_CLOEXEC);

    return descriptor < 0 ? NULL : fdopen(descriptor, "w+");
}

void steward_answer_error(struct steward *s, unsigned question, unsigned status, const char *text)
{
    FILE *file = steward_new_file();

    if (file) {
        json_member(file, "{", "error", text);
        putc('}', file);
    }
    steward_answer_file(s, question, status, JSON, file);
}

void steward_answer_failure(struct steward *s, unsigned question, unsigned status, const struct error *error)
{
    char text[2048];

    snprintf(text, sizeof text, "%.900s: %.900s", error->object, error->what);
    steward_soften(s, text);
    steward_answer_error(s, question, status, text);
}

bool steward_path(const char *folder, const char *name, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

bool steward_archive_path(const struct steward *s, const char *name, char path[PATH_MAX])
{
    size_t length = strlen(name);

    return length > 4 && length <= NAME_MAX && !strchr(name, '/') && *name != '.' &&
           !strcmp(name + length - 4, ".mun") && steward_path(s->library, name, path) && access(path, R_OK) == 0;
}

static void remove_all(char *text, const char *part)
{
    const size_t length = strlen(part);

    while ((text = strstr(text, part)))
        memmove(text, text + length, strlen(text + length) + 1);
}

void steward_soften(const struct steward *s, char *text)
{
    const char *const folders[] = {s->library, s->state};
    char folder[PATH_MAX];

    remove_all(text, "muniment: ");
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(folder, sizeof folder, "%.4000s/", folders[i]);
        remove_all(text, folder);
        snprintf(folder, sizeof folder, "%.4000s: ", folders[i]); /* itself */
        remove_all(text, folder);
    }
    remove_all(text, ": " RIGHTS_REMEDY);
    text[strcspn(text, "\n")] = '\0';
}

bool steward_take_reason(struct steward *s, struct question *q)
{
    static const char word[] = "override ";
    char *rest;

    if (strncmp(q->lines, word, sizeof word - 1) != 0)
        return true;
    rest = strchr(q->lines, '\n');
    if (rest)
        *rest = '\0';
    q->reason = q->lines + sizeof word - 1;
    q->lines = rest ? rest + 1 : q->lines + strlen(q->lines);
    if (q->archivist && *q->reason && strlen(q->reason) <= REASON_MOST)
        return true;
    if (q->archivist)
        steward_answer_error(s, q->number, 422, "give a reason of at most 255 bytes");
    else
        steward_answer_error(s, q->number, 403, "only an archivist sees what is closed");
    return false;
}

void steward_new_id(char id[17])
{
    uint8_t bytes[8];

    if (getentropy(bytes, sizeof bytes))
        abort();
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

bool steward_begin_act(struct steward *s, const struct question *q, const char *word, const char *object,
                       struct job_line *line, struct act *act)
{
    struct error error;

    job_command(line, word);
    work_log(s->arguments, q->person, line);
    if (act_begin(act, &line->arguments, word, object, &error))
        return true;
    steward_answer_failure(s, q->number, 500, &error);
    return false;
}
