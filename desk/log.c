/* log.c - the subcommands around the office's log: log new, show, verify, head, prove, pseudonym. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "desk/desk.h"
#include "formats/output.h"
#include "formats/plain.h"
#include "verify/log/log.h"

enum { HEAD_LIMIT = 1 << 20 }; /* bytes of a file that holds a head, a proof, a key or names */

/* Adds the rest of a small file to the text. */
static bool read_rest(FILE *file, const char *path, struct text *text, struct error *error)
{
    char buffer[4096];
    size_t size;

    while (text->length <= HEAD_LIMIT && (size = fread(buffer, 1, sizeof buffer, file)) > 0)
        text_add(text, buffer, size);
    return ferror(file)                    ? error_host(error, path, errno, "cannot read")
           : text->length > HEAD_LIMIT     ? error_set(error, STATUS_INPUT, path, NULL, NULL, "is too long")
           : text->failed || !text->length ? error_set(error, STATUS_INPUT, path, NULL, NULL, "is empty")
                                           : true;
}

/* Reads a small file; the text is to be freed in any case. */
static bool read_small(const char *path, struct text *text, struct error *error)
{
    FILE *file = fopen(path, "rb");

    if (!file)
        return error_host(error, path, errno, "cannot open");
    bool good = read_rest(file, path, text, error);
    fclose(file);
    return good;
}

/* Writes a text where -o says, or to standard output. */
static bool write_text(const struct arguments *a, const struct text *text, struct error *error)
{
    const char *path = argument_value(a, "-o");
    struct output output;

    return output_in_order(&output, path ? path : "-", argument_value(a, "--force"), error) &&
           output_text(&output, text, error);
}

/* Whether a head is signed by one of the keys of --trust. */
static bool head_is_trusted(const struct arguments *a, const char *path, const char *head, size_t size,
                            struct error *error)
{
    const char *key;
    size_t position = 0;
    bool fits = false, good = true;

    while (good && !fits && (key = argument_next(a, "--trust", &position))) {
        struct text pem = {.bytes = NULL};
        good = read_small(key, &pem, error);
        fits = good && log_head_signed_by(head, size, pem.bytes, pem.length);
        text_free(&pem);
    }
    return good && (fits || error_set(error, STATUS_WRONG, path, NULL, "compare the key with what the office published",
                                      "is signed by no key that --trust names"));
}

/* Whether each witness of --witness cosigned a head; prints who did, and when. */
static bool head_is_cosigned(const struct arguments *a, const char *path, const char *head, size_t size,
                             struct error *error)
{
    const char *key;
    size_t position = 0;
    bool good = true;

    while (good && (key = argument_next(a, "--witness", &position))) {
        struct log_cosignature c;
        struct text pem = {.bytes = NULL};
        char time[32];
        struct tm tm;
        time_t seconds;

        good = read_small(key, &pem, error) &&
               (log_head_cosigned_by(head, size, pem.bytes, pem.length, &c) ||
                error_set(error, STATUS_WRONG, path, NULL, "submit it to that witness: muniment log prove --from",
                          "has no cosignature by %s that fits", key));
        text_free(&pem);
        if (!good)
            break;
        seconds = c.time <= INT32_MAX * (uint64_t)100 ? (time_t)c.time : 0;
        strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
        plain_print(stdout, path);
        printf(": cosigned by ");
        plain_print(stdout, c.name);
        printf(" at %s\n", time);
    }
    return good;
}

/* --- new, show --- */

enum status log_new_run(const struct arguments *a)
{
    struct error error;

    if (!log_new(a->operands[0], argument_value(a, "--origin"), &error))
        return desk_fail(&error);
    plain_print(stdout, a->operands[0]);
    printf(": log of ");
    plain_print(stdout, argument_value(a, "--origin"));
    printf("; acts are recorded with --log\n");
    return STATUS_OK;
}

static void show_members(const struct log_line *line)
{
    const char *from = line->text, *at = line->kind == LOG_ACT ? strstr(from, ",\"object\":") : NULL;

    /* What follows the members that have been shown is shown as it stands, without quotes of names. */
    if (line->kind == LOG_OUTCOME)
        at = strstr(strstr(from, ",\"outcome\":") + 12, "\"");
    if (!at)
        return;
    at += line->kind == LOG_OUTCOME ? 1 : 10;
    plain_print(stdout, " ");
    fwrite(at, 1, (size_t)(line->text + line->length - 1 - at), stdout);
}

static bool show_line(void *context, const struct log_line *line)
{
    (void)context;
    printf("%8" PRIu64 "  ", line->number);
    if (line->kind == LOG_MALFORMED) {
        printf("MALFORMED: %s\n", line->wrong);
        return true;
    }
    printf("%s  %-20s ", line->time, line->by);
    if (line->kind == LOG_FIRST)
        printf("the log begins");
    else if (line->kind == LOG_ACT)
        printf("%s", line->act);
    else if (line->kind == LOG_OUTCOME)
        printf("  %" PRIu64 ": %s", line->intent, line->act);
    else
        printf("line %" PRIu64 " was torn", line->intent);
    show_members(line);
    putchar('\n');
    return true;
}

enum status log_show_run(const struct arguments *a)
{
    struct log_head head;
    struct error error;

    return log_read(a->operands[0], show_line, NULL, &head, &error) ? STATUS_OK : desk_fail(&error);
}

/* --- verify --- */

static void found(void *context, const struct log_finding *f, bool wrong)
{
    plain_print(stdout, context);
    if (f->line != UINT64_MAX)
        printf(": line %" PRIu64, f->line);
    printf(": %s%s\n", f->what, wrong ? "" : " (remark)");
}

static void print_root(const struct log_head *head)
{
    char hex[65];

    hex_encode(head->root, hex);
    printf("  lines         %" PRIu64 "\n  root          %s\n", head->lines, hex);
}

static enum status verify_proof(const struct arguments *a, const char *path, const struct text *text)
{
    struct log_proof proof;
    struct error error;

    if (!log_proof_check(path, text->bytes, text->length, &proof, &error))
        return desk_fail(&error);
    bool asked = argument_value(a, "--trust"), good = true;
    if (asked)
        good = head_is_trusted(a, path, text->bytes + proof.head, text->length - proof.head, &error);
    good = good && head_is_cosigned(a, path, text->bytes + proof.head, text->length - proof.head, &error);
    if (good) {
        plain_print(stdout, path);
        printf(": line %" PRIu64 " is in the log of ", proof.line);
        plain_print(stdout, proof.of.origin);
        printf(" as its head of %" PRIu64 " lines says, %s\n", proof.of.lines,
               asked ? "which a trusted key signed" : "which nobody was asked to vouch for");
        text_add(&proof.text, "", 1);
        plain_print(stdout, proof.text.failed ? "" : proof.text.bytes);
        putchar('\n');
    }
    text_free(&proof.text);
    return good ? STATUS_OK : desk_fail(&error);
}

static enum status verify_log(const struct arguments *a, const char *path)
{
    struct text *heads = calloc(a->given_count + 1, sizeof *heads);
    size_t position = 0, count = 0;
    struct log_summary s;
    struct error error;
    const char *head;
    bool good = heads || error_host(&error, path, ENOMEM, "cannot verify");

    while (good && (head = argument_next(a, "--head", &position))) {
        good = read_small(head, &heads[count], &error);
        if (good && argument_value(a, "--trust"))
            good = head_is_trusted(a, head, heads[count].bytes, heads[count].length, &error);
        good = good && head_is_cosigned(a, head, heads[count].bytes, heads[count].length, &error);
        count++;
    }
    struct log_check check = {
        .path = path, .heads = heads, .head_count = count, .found = found, .context = (void *)path};
    good = good && log_verify(&check, &s, &error);
    for (size_t i = 0; i < count; i++)
        text_free(&heads[i]);
    free(heads);
    if (!good)
        return desk_fail(&error);
    plain_print(stdout, path);
    if (s.findings)
        printf(": %" PRIu64 " finding%s\n", s.findings, s.findings == 1 ? "" : "s");
    else if (count)
        printf(": whole; as its heads say up to line %" PRIu64 "\n", s.proved - 1);
    else
        printf(": each line has its form; no head to compare with\n");
    print_root(&s.head);
    printf("  acts          %" PRIu64 ", %" PRIu64 " without outcome\n", s.acts, s.open);
    return s.findings ? STATUS_WRONG : STATUS_OK;
}

enum status log_verify_run(const struct arguments *a)
{
    const char *path = a->operands[0];
    char first[sizeof LOG_PROOF_FIRST] = "";
    struct text text = {.bytes = NULL};
    struct error error;
    FILE *file = fopen(path, "rb");
    enum status status;

    if (!file) {
        error_host(&error, path, errno, "cannot open");
        return desk_fail(&error);
    }
    text_add(&text, first, fread(first, 1, strlen(LOG_PROOF_FIRST), file));
    if (strcmp(first, LOG_PROOF_FIRST))
        status = verify_log(a, path);
    else
        status = read_rest(file, path, &text, &error) ? verify_proof(a, path, &text) : desk_fail(&error);
    text_free(&text);
    fclose(file);
    return status;
}

/* --- head --- */

/* For a paper register: groups that can be read out and compared. */
static void print_paper(const struct log_head *head)
{
    char hex[65];

    hex_encode(head->root, hex);
    printf("Log    ");
    plain_print(stdout, head->origin);
    printf("\nLines  %" PRIu64 "\nRoot   ", head->lines);
    for (int i = 0; i < 64; i += 4)
        printf("%.4s%s", hex + i, i == 28 ? "\n       " : i == 60 ? "\n" : " ");
}

enum status log_head_run(const struct arguments *a)
{
    const char *path = argument_value(a, "--key");
    struct text text = {.bytes = NULL};
    struct log_head head;
    struct error error;
    struct key *key = path ? key_load(path, &error) : NULL;
    bool good = (!path || key) && log_read(a->operands[0], NULL, NULL, &head, &error);

    if (good && argument_value(a, "--paper"))
        print_paper(&head);
    else
        good = good && log_head_print(&text, &head, key, &error) && write_text(a, &text, &error);
    key_free(key);
    text_free(&text);
    return good ? STATUS_OK : desk_fail(&error);
}

/* --- prove --- */

static bool prove(const struct arguments *a, struct text *head, struct text *old, struct text *proof,
                  struct error *error)
{
    const char *from = argument_value(a, "--from"), *number = a->operand_count > 1 ? a->operands[1] : NULL;
    char *end = NULL;

    if (!number == !from)
        return error_set(error, STATUS_USAGE, a->command->name, NULL, NULL,
                         "name the number of a line, or an earlier head with --from");
    if (!read_small(argument_value(a, "--head"), head, error))
        return false;
    if (from)
        return read_small(from, old, error) && log_prove_growth(a->operands[0], old, head, proof, error);
    errno = 0;
    uint64_t line = strtoull(number, &end, 10);
    if (*number < '0' || *number > '9' || *end || errno)
        return error_set(error, STATUS_USAGE, a->command->name, NULL, NULL, "\"%s\" is no number of a line", number);
    return log_prove_line(a->operands[0], line, head, proof, error);
}

enum status log_prove_run(const struct arguments *a)
{
    struct text head = {.bytes = NULL}, old = {.bytes = NULL}, proof = {.bytes = NULL};
    struct error error;
    bool good = prove(a, &head, &old, &proof, &error) && write_text(a, &proof, &error);

    text_free(&head);
    text_free(&old);
    text_free(&proof);
    return good ? STATUS_OK : desk_fail(&error);
}

/* --- pseudonym --- */

/* The pseudonym of a name among lines of pseudonym, tab, name. */
static bool find_name(const struct text *names, const char *name, char pseudonym[LOG_NAME_LIMIT + 1])
{
    size_t length = strlen(name);

    for (const char *at = names->bytes, *end = at + names->length, *feed; at < end; at = feed + 1) {
        feed = memchr(at, '\n', (size_t)(end - at));
        feed = feed ? feed : end;
        const char *tab = memchr(at, '\t', (size_t)(feed - at));
        if (tab && tab - at <= LOG_NAME_LIMIT && (size_t)(feed - tab - 1) == length && !memcmp(tab + 1, name, length)) {
            memcpy(pseudonym, at, (size_t)(tab - at));
            pseudonym[tab - at] = '\0';
            return true;
        }
    }
    return false;
}

/* Reads or extends the file of names, which is locked. */
static bool pseudonym_of(int descriptor, const char *path, const char *name, char pseudonym[LOG_NAME_LIMIT + 1],
                         struct error *error)
{
    struct text names = {.bytes = NULL};
    uint8_t bytes[6];
    struct stat status;

    if (flock(descriptor, LOCK_EX) || fstat(descriptor, &status))
        return error_host(error, path, errno, "cannot lock");
    bool known = status.st_size > 0, good = !known || read_small(path, &names, error);
    known = known && good && find_name(&names, name, pseudonym);
    text_free(&names);
    if (!good || known)
        return good;
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return error_host(error, path, errno, "cannot draw a pseudonym");
    snprintf(pseudonym, LOG_NAME_LIMIT + 1, "p-%02x%02x%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3],
             bytes[4], bytes[5]);
    if (dprintf(descriptor, "%s\t%s\n", pseudonym, name) < 0 || fsync(descriptor))
        return error_host(error, path, errno, "cannot write");
    return true;
}

enum status log_pseudonym_run(const struct arguments *a)
{
    const char *path = a->operands[0], *name = a->operands[1];
    char pseudonym[LOG_NAME_LIMIT + 1];
    struct error error;

    if (!*name || strpbrk(name, "\t\n")) {
        error_set(&error, STATUS_USAGE, a->command->name, NULL, NULL,
                  "a name is not empty and holds no tab or line feed");
        return desk_fail(&error);
    }
    int descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = descriptor >= 0 ? pseudonym_of(descriptor, path, name, pseudonym, &error)
                                : error_host(&error, path, errno, "cannot open");
    if (descriptor >= 0)
        close(descriptor);
    if (!good)
        return desk_fail(&error);
    printf("%s\n", pseudonym);
    return STATUS_OK;
}
