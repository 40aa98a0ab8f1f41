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

enum { JOB_LIMIT = 64 << 20, PDF_LIMIT = 128 << 20, JOBS = 9999, END_OF_JOB = 0x04 };

struct printing {
    const char *folder;
    bool replace, draws; /* draws: a PDF is made */
    enum escp_pins pins;
    uint16_t page; /* code page that the printer is set to */
    uint8_t font[256][16];
    struct error error;              /* the first failure; STATUS_OK: none */
    struct error undrawn;            /* the first job of PostScript that has no PDF */
    struct ghostscript *ghostscript; /* null: PostScript stays as it is */
    /* The job that is under way. */
    bool open, is_postscript;
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
                         codepage_known(p->page) && p->page != 932);
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
    p->is_postscript = first == '%';
    p->open = p->jobs > JOBS ? error_set(&p->error, STATUS_WRONG, p->folder, NULL, NULL, "more than %d jobs", JOBS)
              : !job_path(p, "prn", path) ? error_host(&p->error, p->folder, ENAMETOOLONG, "cannot print")
                                          : output_growing(&p->raw, path, p->replace, &p->error) &&
                                                (escp_begin(&p->escp, p->pins, p->page, p->font) ||
                                                 error_host(&p->error, path, ENOMEM, "cannot print"));
}

static bool write_postscript(struct printing *p, struct error *error)
{
    char path[PATH_MAX];

    if (!job_path(p, "pdf", path) || !output_may(path, p->replace, error))
        return false;
    if (ghostscript_make(p->ghostscript, p->jobs, error))
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
    if (p->is_postscript)
        return write_postscript(p, error);
    if (!escp_end(&p->escp) || !job_path(p, "pdf", path))
        return error_host(error, p->folder, ENOMEM, "cannot print");
    if (!output_in_order(&pdf, path, p->replace, error))
        return false;
    fwrite(p->escp.pdf.out.bytes, 1, p->escp.pdf.out.length, pdf.file);
    return output_commit(&pdf, error);
}

static void end_job(struct printing *p)
{
    struct error error = {.status = STATUS_OK};

    if (!p->open)
        return;
    p->open = false;
    if (p->is_postscript && p->bytes == 1) { /* "%" and no more */
        p->is_postscript = false;
        escp_byte(&p->escp, '%');
    }
    if ((!output_commit(&p->raw, &error) || !write_pdf(p, &error)) && p->error.status == STATUS_OK)
        p->error = error;
    escp_free(&p->escp);
}

void print_byte(struct printing *p, uint8_t byte, uint64_t tick)
{
    if (p->error.status != STATUS_OK || (!p->open && byte == END_OF_JOB))
        return;
    if (!p->open)
        begin_job(p, byte);
    if (!p->open)
        return;
    p->last = tick;
    putc(byte, p->raw.file);
    /* "%!" begins PostScript; a lone "%" is text. */
    if (p->bytes == 1 && p->is_postscript && byte != '!') {
        p->is_postscript = false;
        escp_byte(&p->escp, '%');
    }
    if (!p->is_postscript)
        escp_byte(&p->escp, byte);
    /* A form feed is one byte of the job and hundreds of the PDF. */
    if (++p->bytes == JOB_LIMIT || p->escp.pdf.out.length + p->escp.pdf.content.length >= PDF_LIMIT ||
        (p->is_postscript && byte == END_OF_JOB))
        end_job(p);
}

void print_look(struct printing *p, uint64_t tick, uint64_t ticks_per_second)
{
    if (p->open && tick - p->last >= PRINT_PAUSE * ticks_per_second)
        end_job(p);
}

unsigned print_jobs(const struct printing *p, bool *open)
{
    *open = p->open;
    return p->jobs - p->open;
}

bool print_end(struct printing *p, struct error *error)
{
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
    free(p);
}
