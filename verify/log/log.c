/* log.c - appending to a log, and reading it. Whoever appends holds a lock on the file, so lines never mix. */
#include "verify/log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive/archive.h"
#include "formats/json.h"
#include "formats/output.h"
#include "verify/log/lines.h"
#include "verify/log/store.h"

/* --- Reading --- */

/* Reads line after line; a line that is too long is hashed, and its beginning kept. */
struct reader {
    FILE *file;
    char *text; /* LOG_LINE_LIMIT + 1 bytes */
    size_t length;
    uint64_t size; /* of the whole line, with its line feed */
    bool ended;    /* by a line feed */
    uint8_t leaf[DIGEST_SIZE];
};

static bool reader_open(struct reader *r, int descriptor, uint64_t offset, const char *path, struct error *error)
{
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);

    *r = (struct reader){.text = malloc(LOG_LINE_LIMIT + 1)};
    r->file = copy >= 0 ? fdopen(copy, "rb") : NULL;
    if (r->file && r->text && fseeko(r->file, (off_t)offset, SEEK_SET) == 0)
        return true;
    error_host(error, path, errno, "cannot read");
    if (r->file)
        fclose(r->file);
    else if (copy >= 0)
        close(copy);
    free(r->text);
    return false;
}

static void reader_close(struct reader *r)
{
    fclose(r->file);
    free(r->text);
}

/* False at the end of the file. */
static bool reader_next(struct reader *r)
{
    static const uint8_t prefix[1] = {0};
    struct sha256 s;
    int c = EOF;

    r->length = 0;
    r->size = 0;
    while (r->length < LOG_LINE_LIMIT && (c = getc_unlocked(r->file)) != EOF && c != '\n')
        r->text[r->length++] = (char)c;
    r->size = r->length;
    sha256_begin(&s);
    sha256_add(&s, prefix, sizeof prefix);
    sha256_add(&s, r->text, r->length);
    if (r->length == LOG_LINE_LIMIT)
        while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
            uint8_t byte = (uint8_t)c;
            sha256_add(&s, &byte, 1);
            r->size++;
        }
    sha256_end(&s, r->leaf);
    r->text[r->length] = '\0';
    r->ended = c == '\n';
    r->size += r->ended;
    return r->size > 0;
}

/* What a reader read, as a line. */
static void line_of(const struct reader *r, uint64_t number, struct log_line *line)
{
    *line = (struct log_line){.number = number, .text = r->text, .length = r->length, .unended = !r->ended};
    memcpy(line->leaf, r->leaf, DIGEST_SIZE);
    if (!r->ended || r->size > LOG_LINE_LIMIT + 1) {
        line->kind = LOG_MALFORMED;
        line->wrong = r->ended ? "is too long" : "is torn";
    } else {
        line_parse(line);
    }
}

static int file_open(const char *path, int flags, struct error *error)
{
    int descriptor = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;

    if (descriptor < 0) {
        error_set(error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, path, NULL,
                  errno == ENOENT ? "make one with `muniment log new`" : NULL, "cannot open: %s", strerror(errno));
        return -1;
    }
    if (fstat(descriptor, &status) || !S_ISREG(status.st_mode)) {
        close(descriptor);
        error_set(error, STATUS_INPUT, path, NULL, NULL, "is no regular file");
        return -1;
    }
    return descriptor;
}

static bool no_log(const char *path, struct error *error)
{
    return error_set(error, STATUS_INPUT, path, "line 0", "make one with `muniment log new`", "is no log of version 0");
}

static bool set_origin(const struct log_line *line, struct log_head *head)
{
    return line->kind == LOG_FIRST && log_line_value(line, "origin", head->origin, sizeof head->origin);
}

bool log_read(const char *path, bool (*each)(void *context, const struct log_line *line), void *context,
              struct log_head *head, struct error *error)
{
    int descriptor = file_open(path, O_RDONLY, error);
    struct log_head read = {.lines = 0};
    struct tree tree = {.count = 0};
    struct reader r;
    bool more = true, good = true;

    if (descriptor < 0)
        return false;
    if (!reader_open(&r, descriptor, 0, path, error)) {
        close(descriptor);
        return false;
    }
    while (more && good && reader_next(&r)) {
        struct log_line line;
        line_of(&r, read.lines, &line);
        if (read.lines == 0 && !(r.ended && set_origin(&line, &read)))
            good = no_log(path, error);
        if (r.ended) { /* else it is no line yet */
            tree_add_subtree(&tree, r.leaf);
            read.lines++;
        }
        more = good && (!each || each(context, &line));
    }
    if (good && read.lines == 0)
        good = no_log(path, error);
    if (good && ferror(r.file))
        good = error_host(error, path, errno, "cannot read");
    reader_close(&r);
    close(descriptor);
    tree_root(&tree, read.root);
    *head = read;
    return good;
}

/* Where to read on: at the place, or from the beginning. */
static bool find_place(int descriptor, const char *path, struct log_place *place, bool *anew, struct error *error)
{
    struct stat status;

    if (fstat(descriptor, &status))
        return error_host(error, path, errno, "cannot read");
    *anew = place->device != status.st_dev || place->inode != status.st_ino ||
            place->bytes > (uint64_t)status.st_size || place->lines == 0;
    if (*anew)
        *place = (struct log_place){.device = status.st_dev, .inode = status.st_ino};
    return true;
}

bool log_read_on(const char *path, struct log_place *place, bool *anew,
                 bool (*each)(void *context, const struct log_line *line), void *context, struct error *error)
{
    int descriptor = file_open(path, O_RDONLY, error);
    struct log_head head;
    struct reader r;
    bool more = true, good;

    if (descriptor < 0)
        return false;
    good = find_place(descriptor, path, place, anew, error) && reader_open(&r, descriptor, place->bytes, path, error);
    close(descriptor);
    if (!good)
        return false;
    while (more && good && reader_next(&r) && r.ended) {
        struct log_line line;

        line_of(&r, place->lines, &line);
        good = place->lines > 0 || set_origin(&line, &head);
        place->bytes += r.size;
        place->lines++;
        more = good && each(context, &line);
    }
    if (!good || place->lines == 0)
        good = no_log(path, error);
    else if (ferror(r.file))
        good = error_host(error, path, errno, "cannot read");
    reader_close(&r);
    return good;
}

bool log_search(const char *path, const char *const texts[2], bool (*each)(void *context, const struct log_line *line),
                void *context, struct error *error)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(LOG_LINE_LIMIT + 2);
    uint64_t number = 0;
    bool more = file && text;

    if (!more)
        error_host(error, path, errno, "cannot read");
    for (; more && fgets(text, LOG_LINE_LIMIT + 2, file); number++) {
        struct log_line line = {.number = number, .text = text, .length = strcspn(text, "\n")};

        if (!text[line.length])
            break; /* torn, or no line of a log */
        if (!strstr(text, texts[0]) && !strstr(text, texts[1]))
            continue;
        text[line.length] = '\0';
        line_parse(&line);
        more = each(context, &line);
    }
    more = file && text && (!ferror(file) || error_host(error, path, errno, "cannot read"));
    if (file)
        fclose(file);
    free(text);
    return more;
}

/* --- The log and its tree --- */

/* Adds to the tree what the log has more, of whole lines. */
static bool catch_up(struct log_store *s, struct error *error)
{
    struct reader r;
    bool good = true;

    if (s->tree.bytes == s->size)
        return true;
    if (!reader_open(&r, s->descriptor, s->tree.bytes, s->path, error))
        return false;
    while (good && s->tree.bytes < s->size && reader_next(&r) && r.ended)
        good = log_tree_add(&s->tree, r.size, r.leaf, error);
    if (ferror(r.file))
        good = error_host(error, s->path, errno, "cannot read");
    reader_close(&r);
    return good && log_tree_commit(&s->tree, error);
}

/* Whether the tree is of this log: its last line is the log's line there. */
static bool tree_suits(struct log_store *s, struct error *error)
{
    uint8_t leaf[DIGEST_SIZE], kept[DIGEST_SIZE];
    uint64_t offset, last = s->tree.lines - 1;
    struct reader r;

    if (s->tree.bytes > s->size)
        return false;
    if (s->tree.lines == 0)
        return s->tree.bytes == 0;
    if (!log_tree_offset(&s->tree, last, &offset, error) ||
        !log_tree_root(&s->tree, last, s->tree.lines, kept, error) || offset >= s->tree.bytes ||
        !reader_open(&r, s->descriptor, offset, s->path, error))
        return false;
    bool read = reader_next(&r) && r.ended && offset + r.size == s->tree.bytes;
    memcpy(leaf, r.leaf, sizeof leaf);
    reader_close(&r);
    return read && !memcmp(leaf, kept, sizeof leaf);
}

static bool store_lock(struct log_store *s, int how, struct error *error)
{
    struct stat status;

    while (flock(s->descriptor, how))
        if (errno != EINTR)
            return error_host(error, s->path, errno, "cannot lock");
    if (fstat(s->descriptor, &status))
        return error_host(error, s->path, errno, "cannot read");
    s->size = (uint64_t)status.st_size;
    return true;
}

bool log_store_open(struct log_store *s, const char *path, bool write, struct error *error)
{
    *s = (struct log_store){.path = path, .tree.descriptor = -1};
    s->descriptor = file_open(path, write ? O_RDWR | O_APPEND : O_RDONLY, error);
    return s->descriptor >= 0;
}

bool log_store_enter(struct log_store *s, struct error *error)
{
    if (!store_lock(s, LOCK_EX, error))
        return false;
    bool good = log_tree_open(&s->tree, s->path, error);
    good = good && (tree_suits(s, error) ? catch_up(s, error) : log_store_rebuild(s, error));
    if (!good)
        log_store_leave(s);
    return good;
}

bool log_store_rebuild(struct log_store *s, struct error *error)
{
    return log_tree_reset(&s->tree, error) && catch_up(s, error);
}

void log_store_leave(struct log_store *s)
{
    log_tree_close(&s->tree);
    flock(s->descriptor, LOCK_UN);
}

void log_store_close(struct log_store *s)
{
    if (s->descriptor >= 0)
        close(s->descriptor);
}

bool log_store_line(const struct log_store *s, uint64_t number, struct text *text, struct error *error)
{
    struct reader r;
    uint64_t offset;

    if (!log_tree_offset(&s->tree, number, &offset, error) || !reader_open(&r, s->descriptor, offset, s->path, error))
        return false;
    if (reader_next(&r))
        text_add(text, r.text, r.length);
    reader_close(&r);
    return !text->failed || error_set(error, STATUS_HOST, s->path, NULL, NULL, "out of memory");
}

/* --- Writing --- */

struct office_log {
    struct log_store store;
    char by[LOG_NAME_LIMIT + 1];
};

static void print_now(FILE *to)
{
    time_t now = time(NULL);
    struct tm tm;
    char text[32];

    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    fprintf(to, "\"%s\"", text);
}

bool log_new(const char *path, const char *origin, struct error *error)
{
    struct output output;

    if (!log_origin_is_good(origin, strlen(origin)))
        return error_set(
            error, STATUS_USAGE, path, NULL, NULL,
            "the origin \"%s\" is not 1 to %d printable characters without blank, plus, quote and backslash", origin,
            LOG_ORIGIN_LIMIT);
    if (!output_whole(&output, path, 0666, false, error))
        return false;
    fprintf(output.file, "{\"muniment-log\":0,\"origin\":\"%s\",\"made\":", origin);
    print_now(output.file);
    fputs("}\n", output.file);
    return output_commit(&output, error);
}

struct office_log *log_open(const char *path, const char *by, struct error *error)
{
    struct office_log *log = calloc(1, sizeof *log);
    struct log_head head;

    if (!log) {
        error_host(error, path, ENOMEM, "cannot open");
        return NULL;
    }
    log->store.descriptor = -1;
    if (!log_name_is_good(by))
        error_set(error, STATUS_USAGE, path, NULL, NULL, "\"%s\" is no pseudonym: 1 to %d of a-z 0-9 . -", by,
                  LOG_NAME_LIMIT);
    else if (log_store_open(&log->store, path, true, error)) {
        struct reader r;
        struct log_line line;
        if (reader_open(&r, log->store.descriptor, 0, path, error)) {
            bool good = reader_next(&r) && r.ended;
            line_of(&r, 0, &line);
            good = (good && set_origin(&line, &head)) || no_log(path, error);
            reader_close(&r);
            if (good) {
                memcpy(log->by, by, strlen(by) + 1);
                return log;
            }
        }
    }
    log_close(log);
    return NULL;
}

void log_close(struct office_log *log)
{
    if (log)
        log_store_close(&log->store);
    free(log);
}

/* Appends one line, which has its line feed. */
static bool append(struct office_log *log, const char *text, size_t length, struct error *error)
{
    struct log_store *s = &log->store;
    uint8_t leaf[DIGEST_SIZE];
    ssize_t written;

    if (length > LOG_LINE_LIMIT + 1)
        return error_set(error, STATUS_INPUT, s->path, NULL, NULL, "a line of %zu bytes is too long for it", length);
    do
        written = write(s->descriptor, text, length);
    while (written < 0 && errno == EINTR);
    if (written != (ssize_t)length)
        return error_host(error, s->path, written < 0 ? errno : ENOSPC, "cannot write");
    if (fsync(s->descriptor))
        return error_host(error, s->path, errno, "cannot sync");
    s->size += length;
    log_leaf(text, length - 1, leaf);
    return log_tree_add(&s->tree, length, leaf, error) && log_tree_commit(&s->tree, error);
}

/* The part of a line that follows its number, time and author. */
struct entry {
    const char *act, *object; /* an intent */
    uint64_t intent;          /* or an outcome */
    enum status status;
    const struct log_field *fields;
    size_t count;
};

static void print_entry(FILE *to, const struct office_log *log, const struct entry *e)
{
    fprintf(to, "{\"line\":%" PRIu64 ",\"time\":", log->store.tree.lines);
    print_now(to);
    fprintf(to, ",\"by\":\"%s\"", log->by);
    if (!e) {
        fprintf(to, ",\"torn\":%" PRIu64, log->store.tree.lines - 1);
    } else if (e->act) {
        fprintf(to, ",\"act\":\"%s\",\"object\":", e->act);
        json_string(to, e->object);
    } else {
        fprintf(to, ",\"intent\":%" PRIu64 ",\"outcome\":\"%s\"", e->intent, log_outcomes[e->status]);
    }
    for (size_t i = 0; e && i < e->count; i++) {
        fprintf(to, ",\"%s\":", e->fields[i].name);
        json_string(to, e->fields[i].value);
    }
    fputs("}\n", to);
}

static bool add_entry(struct office_log *log, const struct entry *e, struct error *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    bool good = false;

    if (to) {
        print_entry(to, log, e);
        good = !ferror(to);
        good = fclose(to) == 0 && good;
    }
    good = good ? append(log, text, length, error) : error_host(error, log->store.path, ENOMEM, "cannot write");
    free(text);
    return good;
}

/* Whether the last line is none: a crash tore it, and another one came before the line that says so. */
static bool last_is_malformed(const struct log_store *s, bool *malformed, struct error *error)
{
    struct log_line line;
    struct reader r;
    uint64_t offset;

    if (!log_tree_offset(&s->tree, s->tree.lines - 1, &offset, error) ||
        !reader_open(&r, s->descriptor, offset, s->path, error))
        return false;
    reader_next(&r);
    line_of(&r, s->tree.lines - 1, &line);
    *malformed = line.kind == LOG_MALFORMED;
    reader_close(&r);
    return true;
}

/* What a crash left without a line feed gets one, is a line like any other, and the next one says that it is torn. */
static bool close_torn(struct office_log *log, struct error *error)
{
    struct log_store *s = &log->store;
    bool torn = s->tree.bytes != s->size;

    if (torn) {
        if (write(s->descriptor, "\n", 1) != 1)
            return error_host(error, s->path, errno, "cannot write");
        s->size++;
        if (!catch_up(s, error))
            return false;
    }
    return (torn || last_is_malformed(s, &torn, error)) && (!torn || add_entry(log, NULL, error));
}

static bool add_line(struct office_log *log, const struct entry *e, uint64_t *line, struct error *error)
{
    if (!log_store_enter(&log->store, error))
        return false;
    bool good = close_torn(log, error);
    if (line)
        *line = log->store.tree.lines;
    good = good && add_entry(log, e, error);
    log_store_leave(&log->store);
    return good;
}

bool log_intent(struct office_log *log, const char *act, const char *object, uint64_t *line, struct error *error)
{
    struct entry e = {.act = act, .object = object};

    return add_line(log, &e, line, error);
}

bool log_outcome(struct office_log *log, uint64_t intent, enum status status, const struct log_field *fields,
                 size_t count, struct error *error)
{
    struct entry e = {.intent = intent, .status = status, .fields = fields, .count = count};

    return add_line(log, &e, NULL, error);
}
