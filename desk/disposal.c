/* disposal.c - see disposal.h; and the subcommand dispose.
 *
 * The certificate is on the disk before the archive is removed: what a run that was interrupted leaves is both, and the
 * same command goes to the end. */
#include "desk/disposal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "desk/act.h"
#include "desk/desk.h"
#include "desk/library.h"
#include "desk/premis.h"
#include "formats/file.h"
#include "formats/json.h"
#include "formats/output.h"
#include "formats/plain.h"
#include "verify/fixity/fixity.h"
#include "verify/fixity/keytext.h"

#define FIRST "muniment-disposal: 0\n"
#define CERTIFICATE_LIMIT 65536u

bool is_disposal(const char *path)
{
    size_t length = strlen(path), ending = strlen(DISPOSAL_ENDING);

    return length > ending && !strcmp(path + length - ending, DISPOSAL_ENDING);
}

/* --- Reading --- */

/* Reads a certificate, with a NUL after it. */
static bool read_certificate(const char *path, struct text *text, struct error *error)
{
    char part[4096];
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold up a listing */
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "rb") : NULL;
    size_t n;

    if (!file)
        return error_host(error, path, errno, "cannot open");
    while (text->length <= CERTIFICATE_LIMIT && (n = fread(part, 1, sizeof part, file)) > 0)
        text_add(text, part, n);
    bool good = !ferror(file) || error_host(error, path, errno, "cannot read");
    fclose(file);
    text_add(text, "", 1);
    if (good && text->failed)
        good = error_host(error, path, ENOMEM, "cannot read");
    return good && ((text->length <= CERTIFICATE_LIMIT && strlen(text->bytes) + 1 == text->length &&
                     !strncmp(text->bytes, FIRST, strlen(FIRST))) ||
                    error_set(error, STATUS_INPUT, path, NULL, NULL, "is no certificate of disposal"));
}

/* The value of a line, or "". */
static void line_of(const char *text, const char *name, char *value, size_t size)
{
    char key[32];
    const char *end = strstr(text, "\n\n"), *at;

    *value = '\0';
    snprintf(key, sizeof key, "\n%s: ", name);
    at = strstr(text, key);
    if (at && (!end || at < end))
        snprintf(value, size, "%.*s", (int)strcspn(at + strlen(key), "\n"), at + strlen(key));
}

/* --- Verifying --- */

static const char *body_end(const struct text *text)
{
    const char *end = strstr(text->bytes, "\n\n");

    return end ? end + 1 : text->bytes + text->length - 1;
}

static struct key_text signed_part(const struct text *text)
{
    return (struct key_text){
        .text = text->bytes, .size = text->length - 1, .body = (size_t)(body_end(text) - text->bytes)};
}

/* Whether a certificate has a signature by a key. */
static bool is_signed_by(const struct text *text, const struct key *key)
{
    struct key_text signed_text = signed_part(text);
    const char *algorithm;
    struct key_der der;

    return signed_text.body < signed_text.size && key_der_of(key, &der, &algorithm) &&
           key_text_check(&signed_text, &der) == SIGNATURE_FITS;
}

/* Whether somebody trusted signed it, and how many persons whom --trust names did. */
static bool count_signers(const struct arguments *a, const struct text *text, bool *trusted, unsigned *persons,
                          struct error *error)
{
    size_t count;
    const char **paths = argument_values(a, "--trust", &count);
    struct key_text signed_text = signed_part(text);
    struct trusted *who;

    if (!paths)
        return error_host(error, "--trust", ENOMEM, "cannot check");
    who = trusted_load(paths, count, error);
    free(paths);
    if (who && signed_text.body < signed_text.size)
        trusted_signers(who, &signed_text, trusted, persons);
    trusted_free(who);
    return who;
}

enum status disposal_verify(const struct arguments *a, const char *path)
{
    struct text text = {.bytes = NULL};
    struct error error;
    unsigned persons = 0;
    bool trusted = false;
    const bool good = read_certificate(path, &text, &error) && count_signers(a, &text, &trusted, &persons, &error),
               two = trusted && persons > 1;

    if (good) {
        plain_print(stdout, path);
        puts(two       ? ": disposed of, as two trusted keys signed"
             : trusted ? ": disposed of, but one trusted key alone signed this: it takes two"
                       : ": disposed of, but no trusted key signed this");
        for (const char *line = text.bytes + strlen(FIRST); line < body_end(&text); line += strcspn(line, "\n") + 1) {
            char value[2048];
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\n"), line);
            printf("  ");
            plain_print(stdout, value);
            putchar('\n');
        }
    }
    text_free(&text);
    return !good ? desk_fail(&error) : two ? STATUS_OK : STATUS_WRONG;
}

/* --- Listing --- */

static void print_certificate(const char *name, const char *text, bool json)
{
    char date[32], reason[512], title[512], root[80];

    line_of(text, "date", date, sizeof date);
    line_of(text, "reason", reason, sizeof reason);
    line_of(text, "title", title, sizeof title);
    line_of(text, "machine-root", root, sizeof root);
    if (json) {
        printf("{\"schema\": \"muniment-ls\", \"version\": 0");
        json_member(stdout, ", ", "file", name);
        json_member(stdout, ", ", "machine-root", root);
        json_member(stdout, ", ", "title", title);
        json_member(stdout, ", ", "disposed", date);
        json_member(stdout, ", ", "reason", reason);
        puts("}");
        return;
    }
    plain_print(stdout, name);
    printf("  ");
    plain_print(stdout, title);
    printf("  disposed of on %.10s: ", date);
    plain_print(stdout, reason);
    putchar('\n');
}

void disposal_list(const char *folder, const char *name, const char *const *words, size_t count, bool json)
{
    char path[PATH_MAX], archive[NAME_MAX + 1];
    struct text text = {.bytes = NULL};
    struct error ignored;
    bool wanted = snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path &&
                  read_certificate(path, &text, &ignored);

    for (size_t i = 0; wanted && i < count; i++)
        wanted = plain_contains(text.bytes, words[i]);
    snprintf(archive, sizeof archive, "%.*s", (int)(strlen(name) - strlen(DISPOSAL_ENDING)), name);
    if (wanted)
        print_certificate(archive, text.bytes, json);
    text_free(&text);
}

/* --- Disposing --- */

static void add_line(struct text *to, const char *name, const char *value)
{
    char shown[2048];

    if (!*value)
        return;
    plain_copy(shown, sizeof shown, value);
    text_print(to, "%s: %s\n", name, shown);
}

struct counting {
    const char *root, *folder;
    struct stat self; /* the archive that is disposed of does not count */
    unsigned copies;
};

static void count_copy(void *context, const struct library_entry *entry)
{
    struct counting *c = context;
    char path[PATH_MAX];
    struct stat status;

    if (strcmp(entry->machine_root, c->root) != 0 || *entry->wrong)
        return;
    snprintf(path, sizeof path, "%.3800s/%.255s", c->folder, entry->name);
    c->copies += stat(path, &status) == 0 && (status.st_ino != c->self.st_ino || status.st_dev != c->self.st_dev);
}

/* The certificate up to its signature. */
static bool print_body(const struct arguments *a, const struct premis_subject *s, struct text *to, struct error *error)
{
    const struct description_manifest *d = archive_description(s->archive);
    const char *by = argument_value(a, "--by");
    struct counting counting = {.root = archive_machine_root(s->archive)};
    char number[24], date[32];
    size_t position = 0;
    time_t now = time(NULL);
    hex_digest digest;
    struct tm tm;

    if (stat(s->path, &counting.self))
        return error_host(error, s->path, errno, "cannot look at");
    while ((counting.folder = argument_next(a, "--replica", &position)))
        if (!library_each(NULL, counting.folder, count_copy, &counting, error))
            return false;
    text_print(to, FIRST);
    add_line(to, "archive", path_name(s->path));
    add_line(to, "machine-root", counting.root);
    add_line(to, "statement", archive_signature(s->archive)->statement);
    hex_encode(s->digest, digest);
    add_line(to, "sha256", digest);
    snprintf(number, sizeof number, "%" PRIu64, s->size);
    add_line(to, "bytes", number);
    add_line(to, "title", d->title);
    add_line(to, "reference", d->reference);
    for (uint32_t i = 0; i < d->identifiers; i++)
        add_line(to, "identifier", d->identifier[i]);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    add_line(to, "date", date);
    add_line(to, "by", by ? by : "");
    add_line(to, "reason", argument_value(a, "--reason"));
    if (position) {
        snprintf(number, sizeof number, "%u", counting.copies);
        add_line(to, "replicas", number);
    }
    return true;
}

/* Takes the keys of the two who sign. */
static bool load_keys(const struct arguments *a, struct key *keys[2], struct error *error)
{
    static const char *const options[2] = {"--key", "--second"};
    struct key_der der[2];
    const char *algorithm;

    for (int i = 0; i < 2; i++) {
        keys[i] = key_load(argument_value(a, options[i]), error);
        if (!keys[i])
            return false;
        if (!key_der_of(keys[i], &der[i], &algorithm))
            return error_set(error, STATUS_INPUT, argument_value(a, options[i]), NULL, NULL, "is too long a key");
    }
    return strcmp(der[0].digest, der[1].digest) != 0 || error_set(error, STATUS_INPUT, argument_value(a, "--second"),
                                                                  NULL, "a second person signs", "is the key of --key");
}

/* Whether a certificate that is there is of this archive, and signed by both. */
static bool is_certified(const struct premis_subject *s, const char *path, struct key *const keys[2], struct text *text,
                         struct error *error)
{
    char named[80], digest[80];

    if (!read_certificate(path, text, error))
        return false;
    hex_encode(s->digest, digest);
    line_of(text->bytes, "sha256", named, sizeof named);
    if (strcmp(named, digest) != 0)
        return error_set(error, STATUS_INPUT, path, NULL, "move it elsewhere", "is there, of another archive");
    return (is_signed_by(text, keys[0]) && is_signed_by(text, keys[1])) ||
           error_set(error, STATUS_INPUT, path, NULL, "name the keys that signed it, or move it elsewhere",
                     "is there, and these keys did not sign it");
}

/* Writes the certificate, or finds it written by a run that was interrupted. */
static bool certify(const struct arguments *a, const struct premis_subject *s, const char *path, struct error *error)
{
    struct text text = {.bytes = NULL};
    struct key *keys[2] = {NULL, NULL};
    struct output output;
    bool good = load_keys(a, keys, error);

    if (good && !access(path, F_OK)) {
        good = is_certified(s, path, keys, &text, error);
    } else if (good) {
        good = print_body(a, s, &text, error);
        const size_t body = text.length;
        for (int i = 0; i < 2; i++)
            good = good && key_text_sign(&text, body, keys[i], error);
        good = good && output_whole(&output, path, 0666, false, error) && output_text(&output, &text, error);
    }
    for (int i = 0; i < 2; i++)
        key_free(keys[i]);
    text_free(&text);
    return good;
}

static bool remove_archive(const char *path, struct error *error)
{
    char parity[PATH_MAX];

    if (unlink(path))
        return error_host(error, path, errno, "cannot remove");
    snprintf(parity, sizeof parity, "%.*s.parity", PATH_MAX - 16, path);
    if (unlink(parity) && errno != ENOENT)
        return error_host(error, parity, errno, "cannot remove");
    return output_sync_folder(path, error);
}

static enum status dispose(const struct arguments *a, struct act *act)
{
    const char *path = a->operands[0];
    struct premis_subject subject = {.path = path};
    struct archive *archive = NULL;
    char certificate[PATH_MAX];
    struct error error;
    struct file_state before;
    struct stat status;
    uint64_t size;
    int descriptor = -1;
    bool good = lstat(path, &status) == 0 || error_host(&error, path, errno, "cannot open");

    if (good && !S_ISREG(status.st_mode))
        good = error_set(&error, STATUS_INPUT, path, NULL, "name the archive itself", "is no regular file");
    if (good && (!*argument_value(a, "--reason") || strpbrk(argument_value(a, "--reason"), "\r\n")))
        good = error_set(&error, STATUS_USAGE, "dispose", NULL, NULL, "--reason takes a reason, of one line");
    if (good && snprintf(certificate, sizeof certificate, "%s%s", path, DISPOSAL_ENDING) >= (int)sizeof certificate)
        good = error_set(&error, STATUS_INPUT, path, NULL, NULL, "is too long a path");
    /* What is removed is what was read and certified. */
    good = good && (descriptor = archive_open_file(path, &size, &error)) >= 0 &&
           file_state(descriptor, path, &before, &error) && premis_open(&subject, &archive, path, NULL, &error) &&
           file_unchanged(descriptor, path, &before, &error) && certify(a, &subject, certificate, &error) &&
           file_unchanged(descriptor, path, &before, &error) && remove_archive(path, &error);
    if (descriptor >= 0)
        close(descriptor);
    if (good) {
        plain_print(stdout, path);
        printf(": disposed of; ");
        plain_print(stdout, certificate);
        puts(" stays");
        act_fact(act, "machine-root", archive_machine_root(archive));
        act_fact(act, "reason", argument_value(a, "--reason"));
    }
    archive_close(archive);
    return good ? STATUS_OK : desk_fail(&error);
}

enum status dispose_run(const struct arguments *a)
{
    return act_run(a, "dispose", dispose);
}
