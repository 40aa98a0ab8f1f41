/* print.c - see print.h. */
#include "desk/print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "desk/embedded.h"
#include "desk/escp.h"
#include "desk/ghostscript.h"
#include "formats/codepage.h"
#include "formats/output.h"
#include "formats/plain.h"
#include "formats/text.h"

enum { JOB_LIMIT = 64 << 20, PDF_LIMIT = 128 << 20, JOBS = 9999, END_OF_JOB = 0x04, ESCAPE = 0x1B, HEAD_LIMIT = 65536 };

/* What ends a language, and a job, where the printer job language (Hewlett-Packard, PJL Technical Reference Manual)
 * wraps it. */
static const char exit_language[] = "\x1b%-12345X";

enum language { ESCP, POSTSCRIPT, PCL };

struct printing {
    const char *folder;
    bool replace, draws; /* draws: a PDF is made */
    enum escp_pins pins;
    uint16_t page; /* code page that the printer is set to */
    uint8_t font[256][16];
    struct error error;              /* the first failure; STATUS_OK: none */
    struct error undrawn;            /* the first job of PostScript or PCL that has no PDF */
    struct ghostscript *ghostscript; /* null: these stay as they are */
    /* What was read of PJL. */
    unsigned held;    /* bytes that may begin exit_language */
    bool in_head;     /* lines of PJL may come */
    bool wrapped;     /* exit_language came before the job */
    struct text head; /* as it came: it is written when a job follows */
    size_t line;      /* where the last line begins in it */
    bool entered;     /* the head says which language follows */
    /* The job that is under way. */
    bool open, unsure; /* unsure: the language is what the second byte makes of the first */
    enum language language;
    uint32_t from; /* where in the file the job begins, after its head */
    uint8_t first; /* byte */
    struct output raw;
    struct escp escp;
    uint64_t last; /* tick of its last byte */
    uint32_t bytes;
    unsigned jobs;
};

/* The value of two hexadecimal digits; what is none counts as 0. */
static uint8_t hex_byte(const char *at)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *high = at[0] ? strchr(digits, at[0]) : NULL, *low = at[1] ? strchr(digits, at[1]) : NULL;

    return (uint8_t)((high ? high - digits : 0) << 4 | (low ? low - digits : 0));
}

/* Reads lines "HH:rows", as bios/font8x16.hex has them. */
static bool read_font(uint8_t font[256][16])
{
    const struct embedded_file *file = embedded_file("fonts/font8x16.hex");
    const char *line = file ? (const char *)file->bytes : NULL, *end = file ? line + file->size : NULL;
    unsigned glyphs = 0;

    for (const char *next; line && line < end; line = next) {
        next = memchr(line, '\n', (size_t)(end - line));
        next = next ? next + 1 : end;
        if (next - line < 36 || line[2] != ':')
            continue;
        for (unsigned row = 0; row < 16; row++)
            font[hex_byte(line)][row] = hex_byte(line + 3 + 2 * row);
        glyphs++;
    }
    return glyphs == 256;
}

/* "raw", or "escp9" or "escp24", with ":" and a code page after it. */
static bool read_printer(struct printing *p, const char *printer)
{
    const size_t length = strcspn(printer, ":");
    const char *page = printer[length] ? printer + length + 1 : "437";

    p->draws = strcmp(printer, "raw") != 0;
    p->pins = length == 6 && !strncmp(printer, "escp24", 6) ? ESCP_24_PINS : ESCP_9_PINS;
    p->page = (uint16_t)(strspn(page, "0123456789") == strlen(page) && strlen(page) <= 4 ? atoi(page) : 0);
    return !p->draws || ((p->pins == ESCP_24_PINS || (length == 5 && !strncmp(printer, "escp9", 5))) &&
                         codepage_known(p->page) && !codepage_is_double(p->page));
}

struct printing *print_open(const char *folder, const char *printer, bool replace, struct error *error)
{
    struct printing *p = calloc(1, sizeof *p);
    bool good = p;

    if (!p) {
        error_host(error, folder, ENOMEM, "cannot print");
        return NULL;
    }
    p->folder = folder;
    p->replace = replace;
    if (!read_printer(p, printer ? printer : "escp9"))
        good = error_set(error, STATUS_USAGE, "boot", NULL,
                         "raw, escp9 or escp24, or escp9:850 with a code page of one byte to a character",
                         "--printer cannot be \"%.100s\"", printer);
    else if (!read_font(p->font))
        good = error_set(error, STATUS_HOST, "font8x16.hex", NULL, NULL, "this program was built without its font");
    else if (mkdir(folder, 0777) && errno != EEXIST)
        good = error_host(error, folder, errno, "cannot make");
    good = good && (!p->draws || (p->ghostscript = ghostscript_begin(folder, error)));
    if (good)
        return p;
    free(p);
    return NULL;
}

static bool job_path(const struct printing *p, const char *suffix, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%04u.%s", p->folder, p->jobs, suffix) < PATH_MAX;
}

static void begin_job(struct printing *p, uint8_t first)
{
    char path[PATH_MAX];

    p->jobs++;
    p->bytes = 0;
    p->from = (uint32_t)p->head.length;
    p->first = first;
    if (!p->entered)
        p->language = ESCP;
    p->unsure = !p->entered && (first == '%' || (p->wrapped && first == ESCAPE));
    p->entered = p->in_head = false;
    p->open = p->jobs > JOBS ? error_set(&p->error, STATUS_WRONG, p->folder, NULL, NULL, "more than %d jobs", JOBS)
              : p->head.failed || !job_path(p, "prn", path)
                  ? error_host(&p->error, p->folder, p->head.failed ? ENOMEM : ENAMETOOLONG, "cannot print")
                  : output_growing(&p->raw, path, p->replace, &p->error) &&
                        (escp_begin(&p->escp, p->pins, p->page, p->font) ||
                         error_host(&p->error, path, ENOMEM, "cannot print"));
    if (p->open && p->from)
        fwrite(p->head.bytes, 1, p->head.length, p->raw.file);
    p->head.length = 0;
}

static bool write_language(struct printing *p, struct error *error)
{
    const struct ghostscript_job job = {p->jobs, p->from, p->bytes, p->language == PCL};
    char path[PATH_MAX];

    if (!job_path(p, "pdf", path) || !output_may(path, p->replace, error))
        return false;
    if (ghostscript_make(p->ghostscript, &job, error))
        return true;
    if (error->status == STATUS_OK)
        error_print(stderr, error);
    else if (p->undrawn.status == STATUS_OK)
        p->undrawn = *error; /* the jobs that follow are printed all the same */
    return true;
}

static bool write_pdf(struct printing *p, struct error *error)
{
    struct output pdf;
    char path[PATH_MAX];

    if (!p->draws)
        return true;
    if (p->language != ESCP)
        return write_language(p, error);
    if (!escp_end(&p->escp) || !job_path(p, "pdf", path))
        return error_host(error, p->folder, ENOMEM, "cannot print");
    if (!output_in_order(&pdf, path, p->replace, error))
        return false;
    fwrite(p->escp.pdf.out.bytes, 1, p->escp.pdf.out.length, pdf.file);
    return output_commit(&pdf, error);
}

/* "%!" begins PostScript; ESC E, or another sequence of PCL, where PJL came before it, begins that. Others are text. */
static void be_sure(struct printing *p, uint8_t second)
{
    p->unsure = false;
    if (p->first == '%' && second == '!')
        p->language = POSTSCRIPT;
    else if (p->first == ESCAPE && second && strchr("E&*(", second))
        p->language = PCL;
    else
        escp_byte(&p->escp, p->first);
}

static void end_job(struct printing *p)
{
    struct error error = {.status = STATUS_OK};

    if (!p->open)
        return;
    p->open = false;
    if (p->unsure)
        be_sure(p, 0);
    if ((!output_commit(&p->raw, &error) || !write_pdf(p, &error)) && p->error.status == STATUS_OK)
        p->error = error;
    escp_free(&p->escp);
}

static void print_body(struct printing *p, uint8_t byte)
{
    if (p->error.status != STATUS_OK || (!p->open && byte == END_OF_JOB && !p->wrapped))
        return;
    if (!p->open)
        begin_job(p, byte);
    if (!p->open)
        return;
    putc(byte, p->raw.file);
    if (p->bytes == 1 && p->unsure)
        be_sure(p, byte);
    if (p->language == ESCP && !p->unsure)
        escp_byte(&p->escp, byte);
    /* A form feed is one byte of the job and hundreds of the PDF. */
    if (++p->bytes == JOB_LIMIT || p->escp.pdf.out.length + p->escp.pdf.content.length >= PDF_LIMIT ||
        (p->language == POSTSCRIPT && !p->wrapped && byte == END_OF_JOB))
        end_job(p);
}

/* Whether the last line of the head, which has ended, says which language follows. */
static bool enters_language(struct printing *p)
{
    char line[128];

    snprintf(line, sizeof line, "%.*s", (int)(p->head.length - p->line), p->head.bytes + p->line);
    if (!plain_contains(line, "ENTER") || !plain_contains(line, "LANGUAGE"))
        return false;
    p->language = plain_contains(line, "POSTSCRIPT") ? POSTSCRIPT : plain_contains(line, "PCL") ? PCL : ESCP;
    return true;
}

/* Lines of PJL begin so; what does not is the job. */
static void print_head(struct printing *p, uint8_t byte)
{
    static const char word[] = "@PJL";
    size_t length;

    text_add(&p->head, &byte, 1);
    length = p->head.length - p->line;
    if (p->head.failed || p->head.length > HEAD_LIMIT ||
        memcmp(p->head.bytes + p->line, word, length < sizeof word - 1 ? length : sizeof word - 1) != 0 ||
        (length == sizeof word && !strchr(" \t\r\n", byte))) {
        char *body = p->head.failed ? NULL : p->head.bytes + p->line;
        p->in_head = false;
        p->head.length = p->line;
        for (size_t i = 0; i < length && body; i++) {
            const uint8_t next = (uint8_t)body[i]; /* the first of them writes the head, and none grows it */
            print_body(p, next);
        }
    } else if (byte == '\n') {
        p->entered = enters_language(p);
        p->in_head = !p->entered;
        p->line = p->head.length;
    }
}

static void take(struct printing *p, uint8_t byte)
{
    (p->in_head && !p->open ? print_head : print_body)(p, byte);
}

/* What was held is no exit_language. */
static void let_go(struct printing *p)
{
    const unsigned held = p->held;

    p->held = 0;
    for (unsigned i = 0; i < held; i++)
        take(p, (uint8_t)exit_language[i]);
}

/* The language ends, and with it the job: what wraps the next one follows. */
static void leave_language(struct printing *p)
{
    p->held = 0;
    if (p->head.length > HEAD_LIMIT)
        p->head.length = 0;
    if (p->open) {
        fwrite(exit_language, 1, sizeof exit_language - 1, p->raw.file);
        end_job(p);
    } else {
        text_add(&p->head, exit_language, sizeof exit_language - 1);
    }
    p->in_head = p->wrapped = true;
    p->entered = false;
    p->line = p->head.length;
}

void print_byte(struct printing *p, uint8_t byte, uint64_t tick)
{
    if (p->error.status != STATUS_OK)
        return;
    p->last = tick;
    if (byte != (uint8_t)exit_language[p->held])
        let_go(p);
    if (byte != (uint8_t)exit_language[p->held] || (p->open && p->language == ESCP && p->escp.data_want))
        take(p, byte); /* dots of an image are no commands */
    else if (++p->held == sizeof exit_language - 1)
        leave_language(p);
}

void print_look(struct printing *p, uint64_t tick, uint64_t ticks_per_second)
{
    if (tick - p->last < PRINT_PAUSE * ticks_per_second)
        return;
    let_go(p);
    end_job(p);
    p->in_head = p->wrapped = p->entered = false;
    p->head.length = 0;
}

unsigned print_jobs(const struct printing *p, bool *open)
{
    *open = p->open;
    return p->jobs - p->open;
}

bool print_end(struct printing *p, struct error *error)
{
    let_go(p);
    end_job(p);
    const struct error *first = p->error.status != STATUS_OK ? &p->error : &p->undrawn;
    if (first->status != STATUS_OK)
        *error = *first;
    return first->status == STATUS_OK;
}

void print_close(struct printing *p)
{
    if (!p)
        return;
    if (p->open)
        escp_free(&p->escp);
    output_abort(&p->raw);
    ghostscript_end(p->ghostscript);
    text_free(&p->head);
    free(p);
}
