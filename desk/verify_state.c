/* verify_state.c - see verify_state.h. */
#define _DEFAULT_SOURCE /* realpath */
#include "desk/verify_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "formats/json.h"
#include "formats/output.h"
#include "formats/plain.h"

#define FORM \
    "muniment-verification: 0\n" \
    "file: %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n" \
    "statement: %s\nmethod: %u %" PRIu32 "\n" \
    "checked: %" PRIu64 " %" PRIu64 " %" PRIu64 "\nfinished: %s %s %u\n"
#define SCAN \
    "muniment-verification: 0\n" \
    "file: %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 "\n" \
    "statement: %64[0-9a-f]\nmethod: %u %" SCNu32 "\n" \
    "checked: %" SCNu64 " %" SCNu64 " %" SCNu64 "\nfinished: %23[a-z-] %23[0-9TZ:-] %u\n"

/* What is no such file counts as none: the verification begins anew. */
static void load(struct kept_state *kept)
{
    struct verify_state *s = &kept->state;
    FILE *file = fopen(kept->file, "rb");
    unsigned method, status;
    int fields = !file ? 0
                       : fscanf(file, SCAN, &s->device, &s->inode, &s->size, &s->changed, &s->modified, s->statement,
                                &method, &s->percent, &s->members, &s->chunks, &s->findings, kept->verdict, kept->date,
                                &status);

    if (file)
        fclose(file);
    if (fields != 14 || method > VERIFY_SAMPLE || status > STATUS_CLOSED) {
        memset(s, 0, sizeof *s);
        kept->verdict[0] = '\0';
        return;
    }
    s->method = (enum verify_method)method;
    kept->status = (enum status)status;
    if (!strcmp(kept->verdict, "no"))
        kept->verdict[0] = '\0';
}

/* A finished verification counts only for the file that it read. */
static bool is_same_file(const struct kept_state *kept)
{
    struct stat st;

    return stat(kept->path, &st) == 0 && kept->state.device == (uint64_t)st.st_dev &&
           kept->state.inode == (uint64_t)st.st_ino && kept->state.size == (uint64_t)st.st_size &&
           kept->state.changed == (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec;
}

struct kept_state *states_load(const char *folder, const char *const *paths, size_t count, const struct text *question,
                               struct error *error)
{
    struct kept_state *all = calloc(count, sizeof *all);
    size_t finished = 0;

    if (!all || (mkdir(folder, 0777) && errno != EEXIST)) {
        error_host(error, folder, all ? errno : ENOMEM, "cannot make the folder");
        free(all);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        char *real = realpath(paths[i], NULL);
        uint8_t digest[DIGEST_SIZE];
        struct sha256 name;
        hex_digest hex;

        snprintf(all[i].path, sizeof all[i].path, "%s", paths[i]);
        sha256_begin(&name);
        sha256_add(&name, question->bytes, question->length);
        sha256_add(&name, real ? real : paths[i], strlen(real ? real : paths[i]));
        sha256_end(&name, digest);
        free(real);
        hex_encode(digest, hex);
        snprintf(all[i].file, sizeof all[i].file, "%.3900s/%.32s.verification", folder, hex);
        load(&all[i]);
        if (*all[i].verdict && !is_same_file(&all[i]))
            all[i].verdict[0] = '\0';
        finished += *all[i].verdict != '\0';
    }
    for (size_t i = 0; finished == count && i < count; i++) {
        memset(&all[i].state, 0, sizeof all[i].state);
        all[i].verdict[0] = '\0';
    }
    return all;
}

bool state_keep(struct kept_state *kept, const char *verdict, enum status status, struct error *error)
{
    const struct verify_state *s = &kept->state;
    struct output output;
    time_t now = time(NULL);
    struct tm tm;

    snprintf(kept->verdict, sizeof kept->verdict, "%s", verdict);
    strftime(kept->date, sizeof kept->date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    if (!output_whole(&output, kept->file, 0666, true, error))
        return false;
    fprintf(output.file, FORM, s->device, s->inode, s->size, s->changed, s->modified, s->statement, (unsigned)s->method,
            s->percent, s->members, s->chunks, s->findings, *verdict ? verdict : "no", kept->date, (unsigned)status);
    return output_commit(&output, error);
}

void state_print(FILE *to, const struct kept_state *kept, bool json)
{
    if (json) {
        fprintf(to, "{\"schema\": \"muniment-verify\", \"version\": 0");
        json_member(to, ", ", "file", kept->path);
        json_member(to, ", ", "checked", kept->date);
        json_member(to, ", ", "verdict", kept->verdict);
        fprintf(to, "}\n");
        return;
    }
    plain_print(to, kept->path);
    fprintf(to, ": checked at %s in this round: %s\n", kept->date, kept->verdict);
}
