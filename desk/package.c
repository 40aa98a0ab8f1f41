/* package.c - see package.h. DFXML as its schema 1.1.0 has it; PREMIS by the Data Dictionary 3.0. */
#include "desk/package.h"

#include <inttypes.h>
#include <string.h>

#include "formats/file.h"
#include "formats/plain.h"
#include "formats/xml.h"

#define PREMIS "http://www.loc.gov/premis/v3"
#define DFXML "http://www.forensicswiki.org/wiki/Category:Digital_Forensics_XML"
#define VOCABULARY "http://id.loc.gov/vocabulary/preservation/"

void package_free(struct package *p)
{
    text_free(&p->objects);
    text_free(&p->premis);
    text_free(&p->rows);
}

static void add(struct text *to, const char *text)
{
    text_add(to, text, strlen(text));
}

static const char *number(uint64_t value, char text[24])
{
    snprintf(text, 24, "%" PRIu64, value);
    return text;
}

/* An element within documents that are put together later, as deep as they will be. */
static struct xml within(struct text *to, size_t depth)
{
    struct xml x = {.to = to};

    for (size_t i = 0; i < depth; i++)
        x.open[x.depth++] = "";
    return x;
}

/* --- DFXML --- */

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* A time that xs:dateTime can hold; others are left out, and stand in files.csv. */
static void add_time(struct xml *x, const char *name, const struct file_time *t)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    char text[48];

    if (t->zone == FILE_NO_TIME || t->year == 0 || t->month < 1 || t->month > 12 || t->day < 1 ||
        t->day > days[t->month - 1] + (t->month == 2 && is_leap(t->year)) || t->hour > 23 || t->minute > 59 ||
        t->second > 59)
        return;
    int length = snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)t->year, t->month, t->day,
                          t->hour, t->minute, t->second);
    if (t->nanoseconds)
        length += snprintf(text + length, sizeof text - (size_t)length, ".%09" PRIu32, t->nanoseconds);
    snprintf(text + length, sizeof text - (size_t)length, "%s", t->zone == FILE_UTC ? "Z" : "");
    xml_open(x, name);
    if (t->precision % 1000000000 == 0) { /* the schema counts in whole seconds */
        char seconds[24];
        xml_attribute(x, "prec", number(t->precision / 1000000000, seconds));
    }
    xml_text(x, text);
    xml_close(x);
}

static bool add_run(void *context, const struct file_run *run)
{
    struct xml *x = context;
    char text[24];

    xml_open(x, "byte_run");
    xml_attribute(x, "file_offset", number(run->at, text));
    xml_attribute(x, "img_offset", number(run->place, text));
    xml_attribute(x, "len", number(run->length, text));
    xml_close(x);
    return true;
}

static void add_object(struct text *to, const struct packaged *f)
{
    const struct files *files = &f->volume->files;
    struct xml x = within(to, 1);
    struct error damage;
    hex_digest hex;
    char text[24];

    hex_encode(f->digest, hex);
    xml_open(&x, "fileobject");
    xml_element(&x, "filename", f->path);
    if (*f->missing) {
        xml_open(&x, "error");
        xml_text(&x, "could not be read: bytes ");
        xml_text(&x, f->missing);
        xml_close(&x);
    }
    if (f->volume->number)
        xml_element(&x, "partition", number(f->volume->number, text));
    xml_element(&x, "name_type", "r");
    xml_element(&x, "filesize", number(f->entry->size, text));
    xml_element(&x, "alloc", f->entry->deleted ? "0" : "1");
    xml_element(&x, "inode", number(f->entry->id, text));
    if (f->entry->posix) {
        char mode[8];
        snprintf(mode, sizeof mode, "%" PRIo16, f->entry->mode);
        xml_element(&x, "mode", mode);
        xml_element(&x, "uid", number(f->entry->owner, text));
        xml_element(&x, "gid", number(f->entry->group, text));
    }
    add_time(&x, "mtime", &f->entry->modified);
    add_time(&x, "atime", &f->entry->accessed);
    add_time(&x, "crtime", &f->entry->created);
    if (f->signature)
        xml_element(&x, "libmagic", f->signature->title);
    xml_open(&x, "byte_runs");
    files->system->runs(files->context, f->entry, add_run, &x, &damage);
    xml_close(&x);
    xml_open(&x, "hashdigest");
    xml_attribute(&x, "type", "sha256");
    xml_text(&x, hex);
    xml_close(&x);
    xml_close(&x);
}

void package_dfxml(const struct package *p, const struct packaged_from *from, struct text *to)
{
    struct xml x = xml_begin(to);

    xml_open(&x, "dfxml");
    xml_attribute(&x, "xmlns", DFXML);
    xml_attribute(&x, "xmlns:dc", "http://purl.org/dc/elements/1.1/");
    xml_attribute(&x, "version", "1.1.0");
    xml_open(&x, "metadata");
    xml_element(&x, "dc:type", "Retrieval");
    xml_close(&x);
    xml_open(&x, "creator");
    xml_element(&x, "program", "Muniment");
    xml_element(&x, "version", MUNIMENT_VERSION);
    xml_close(&x);
    xml_open(&x, "source");
    xml_element(&x, "image_filename", path_name(from->source));
    xml_close(&x);
    text_add(to, p->objects.bytes, p->objects.length);
    xml_close(&x);
    to->failed |= p->objects.failed;
}

/* --- PREMIS --- */

/* An identifier, or a link to one: the names of its elements begin with what it is. */
static void add_identifier(struct xml *x, const char *what, const char *type, const char *value, const char *role)
{
    char name[64], part[3][80];

    snprintf(name, sizeof name, "%sIdentifier", what);
    snprintf(part[0], sizeof part[0], "%sType", name);
    snprintf(part[1], sizeof part[1], "%sValue", name);
    snprintf(part[2], sizeof part[2], "%sRole", what);
    xml_open(x, name);
    xml_element(x, part[0], type);
    xml_element(x, part[1], value);
    if (role)
        xml_element(x, part[2], role);
    xml_close(x);
}

static void begin_object(struct xml *x, const char *type)
{
    xml_open(x, "object");
    xml_attribute(x, "xsi:type", type);
}

static void add_premis(struct text *to, const struct packaged *f)
{
    struct xml x = within(to, 1);
    hex_digest hex;
    char text[24];

    hex_encode(f->digest, hex);
    begin_object(&x, "file");
    add_identifier(&x, "object", "path in the bag", f->name, NULL);
    xml_open(&x, "objectCharacteristics");
    xml_open(&x, "fixity");
    xml_element(&x, "messageDigestAlgorithm", "SHA-256");
    xml_element(&x, "messageDigest", hex);
    xml_close(&x);
    xml_element(&x, "size", number(f->entry->size, text));
    xml_open(&x, "format");
    xml_open(&x, "formatDesignation");
    xml_element(&x, "formatName", f->signature ? f->signature->mime : "application/octet-stream");
    xml_close(&x);
    if (f->signature)
        xml_element(&x, "formatNote", f->signature->title);
    xml_close(&x);
    xml_close(&x);
    xml_element(&x, "originalName", f->path);
    add_identifier(&x, "linkingEvent", "local", "retrieval", NULL);
    xml_close(&x);
}

/* What the files come from. */
static void add_machine(struct xml *x, const struct packaged_from *from)
{
    begin_object(x, "representation");
    if (from->archive) {
        add_identifier(x, "object", "Muniment machine-root", archive_machine_root(from->archive), NULL);
        add_identifier(x, "object", "Muniment content", archive_signature(from->archive)->content, NULL);
        for (uint32_t i = 0; i < archive_description(from->archive)->identifiers; i++)
            add_identifier(x, "object", "identifier", archive_description(from->archive)->identifier[i], NULL);
        xml_element(x, "originalName", archive_description(from->archive)->title);
    } else {
        add_identifier(x, "object", "disk image", path_name(from->source), NULL);
    }
    xml_close(x);
}

static void add_event(struct xml *x, const struct packaged_from *from)
{
    struct text detail = {.bytes = NULL};

    text_print(&detail, "Muniment " MUNIMENT_VERSION " took %" PRIu64 " files out of %s, %s.", from->files,
               from->archive ? "the archive" : "the image",
               from->session ? "as a session left it" : "as it was sealed");
    if (from->withheld)
        text_print(&detail, " %" PRIu64 " were withheld.", from->withheld);
    if (from->journal)
        text_print(&detail, " The session's journal has the SHA-256 %s.", from->journal);
    if (from->override) {
        add(&detail, " The archive is closed; it was read for this reason: ");
        add(&detail, from->override);
    }
    xml_open(x, "event");
    add_identifier(x, "event", "local", "retrieval", NULL);
    xml_open(x, "eventType");
    xml_attribute(x, "authorityURI", VOCABULARY "eventType");
    xml_text(x, "extraction");
    xml_close(x);
    xml_element(x, "eventDateTime", from->now);
    xml_open(x, "eventDetailInformation");
    xml_element(x, "eventDetail", detail.bytes && !detail.failed ? detail.bytes : "");
    xml_close(x);
    xml_open(x, "eventOutcomeInformation");
    xml_element(x, "eventOutcome", from->damaged ? "warning" : "success");
    if (from->damaged) {
        xml_open(x, "eventOutcomeDetail");
        xml_element(x, "eventOutcomeDetailNote", "Files or folders are damaged on the disk; files.csv says which.");
        xml_close(x);
    }
    xml_close(x);
    add_identifier(x, "linkingAgent", "local", "Muniment " MUNIMENT_VERSION, "executing program");
    if (from->signer)
        add_identifier(x, "linkingAgent", "SHA-256 of the public key", from->signer, "authorizer");
    if (from->archive)
        add_identifier(x, "linkingObject", "Muniment machine-root", archive_machine_root(from->archive), "source");
    xml_close(x);
    text_free(&detail);
}

static void add_agent(struct xml *x, const char *type, const char *value, const char *name, const char *kind)
{
    xml_open(x, "agent");
    add_identifier(x, "agent", type, value, NULL);
    xml_element(x, "agentName", name);
    xml_element(x, "agentType", kind);
    xml_close(x);
}

void package_premis(const struct package *p, const struct packaged_from *from, struct text *to)
{
    struct xml x = xml_begin(to);

    xml_open(&x, "premis");
    xml_attribute(&x, "xmlns", PREMIS);
    xml_attribute(&x, "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");
    xml_attribute(&x, "xsi:schemaLocation", PREMIS " https://www.loc.gov/standards/premis/premis.xsd");
    xml_attribute(&x, "version", "3.0");
    add_machine(&x, from);
    text_add(to, p->premis.bytes, p->premis.length);
    add_event(&x, from);
    add_agent(&x, "local", "Muniment " MUNIMENT_VERSION, "Muniment", "software");
    if (from->signer)
        add_agent(&x, "SHA-256 of the public key", from->signer, "the office that signed the receipt", "organization");
    xml_close(&x);
    to->failed |= p->premis.failed;
}

/* --- index.html --- */

/* A name of the bag as a reference: RFC 3986, unreserved characters and slashes. */
static void add_reference(struct text *to, const char *name)
{
    for (; *name; name++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/", *name))
            text_add(to, name, 1);
        else
            text_print(to, "%%%02X", (unsigned)(uint8_t)*name);
}

/* "1,474,560" */
static void add_size(struct text *to, uint64_t size)
{
    char digits[24];
    size_t length = strlen(number(size, digits));

    for (size_t i = 0; i < length; i++) {
        text_add(to, digits + i, 1);
        if ((length - i) % 3 == 1 && i + 1 < length)
            add(to, ",");
    }
}

static void add_row(struct text *to, const struct packaged *f)
{
    const char *slash = strrchr(f->path, '/');
    char folder[4096], time[24];
    hex_digest hex;

    hex_encode(f->digest, hex);
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash + 1 - f->path) : 0, f->path);
    add(to, "<tr><td><a href=\"");
    add_reference(to, f->name);
    add(to, "\"><i>");
    xml_escape(to, folder);
    add(to, "</i>");
    xml_escape(to, slash ? slash + 1 : f->path);
    add(to, "</a>");
    if (f->damaged)
        add(to, " <b>damaged</b>");
    add(to, "</td><td>");
    xml_escape(to, f->signature ? f->signature->title : "");
    add(to, "</td><td>");
    add_size(to, f->entry->size);
    add(to, "</td><td>");
    add(to, f->entry->modified.zone ? file_time_text(&f->entry->modified, time) : "");
    add(to, "</td><td><code>");
    text_print(to, "%.16s<wbr>%.16s<wbr>%.16s<wbr>%.16s", hex, hex + 16, hex + 32, hex + 48);
    add(to, "</code></td></tr>\n");
}

static const char style[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<style>\n"
    ":root { color-scheme: light dark; --ink: #1d2429; --paper: #fdfcf9; --faint: #66717a; --line: #ddd8cc; "
    "--mark: #8a2b1d; --link: #1c4f7c; }\n"
    "@media (prefers-color-scheme: dark) { :root { --ink: #e6e3db; --paper: #1a1d1f; --faint: #98a1a8; "
    "--line: #3a3f42; --mark: #ff9e8c; --link: #9cc9f0; } }\n"
    "body { margin: 3rem auto; max-width: 76rem; padding: 0 1.5rem; background: var(--paper); color: var(--ink); "
    "font: 16px/1.5 Charter, Georgia, \"DejaVu Serif\", serif; }\n"
    "h1 { font-size: 2rem; line-height: 1.2; font-weight: 600; margin: 0 0 .3rem; }\n"
    "h2 { font-size: 1.15rem; margin: 2.5rem 0 .6rem; }\n"
    "p.sub { color: var(--faint); margin: 0 0 2rem; }\n"
    "dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.5rem; margin: 0; }\n"
    "dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }\n"
    "code, pre { font: .82em/1.5 ui-monospace, \"DejaVu Sans Mono\", Menlo, Consolas, monospace; }\n"
    "pre { border-left: 3px solid var(--line); padding: .2rem 0 .2rem 1rem; overflow-x: auto; }\n"
    ".table { overflow-x: auto; }\n"
    "table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }\n"
    "th { text-align: left; font-weight: 600; border-bottom: 2px solid var(--ink); }\n"
    "th, td { padding: .45rem 1rem .45rem 0; vertical-align: baseline; }\n"
    "td { border-bottom: 1px solid var(--line); }\n"
    "td:nth-child(3), th:nth-child(3) { text-align: right; white-space: nowrap; padding-right: 2rem; }\n"
    "td:nth-child(4) { white-space: nowrap; } td:nth-child(5) { color: var(--faint); min-width: 18em; }\n"
    "a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }\n"
    "i { font-style: normal; color: var(--faint); } b { color: var(--mark); font-weight: 600; }\n"
    "</style>\n<title>";

static void add_fact(struct text *to, const char *name, const char *value)
{
    add(to, "<dt>");
    add(to, name);
    add(to, "</dt><dd>");
    xml_escape(to, value);
    add(to, "</dd>\n");
}

static void add_facts(struct text *to, const struct packaged_from *from)
{
    char text[160];

    add(to, "<dl>\n");
    if (from->archive) {
        const struct description_manifest *d = archive_description(from->archive);
        const struct archive_signature *s = archive_signature(from->archive);
        for (uint32_t i = 0; i < d->identifiers; i++)
            add_fact(to, "Identifier", d->identifier[i]);
        add_fact(to, "State", from->session ? "as a session left it" : "as it was sealed");
        add_fact(to, "Machine-root", archive_machine_root(from->archive));
        add_fact(to, "Sealed by the key",
                 archive_signature_fits(from->archive) ? s->signer : "none: its signature does not fit");
    }
    if (from->override)
        add_fact(to, "Read though closed", from->override);
    if (from->signer)
        add_fact(to, "Receipt signed by the key", from->signer);
    if (from->journal)
        add_fact(to, "Journal of the session", from->journal);
    if (from->withheld) {
        snprintf(text, sizeof text, "%" PRIu64 " file%s; the receipt commits to %s", from->withheld,
                 from->withheld == 1 ? "" : "s", from->withheld == 1 ? "it" : "each");
        add_fact(to, "Withheld", text);
    }
    add(to, "</dl>\n");
}

void package_index(const struct package *p, const struct packaged_from *from, struct text *to)
{
    const char *title = from->archive ? archive_description(from->archive)->title : path_name(from->source);

    add(to, style);
    xml_escape(to, title);
    add(to, "</title>\n</head>\n<body>\n<h1>");
    xml_escape(to, title);
    text_print(to, "</h1>\n<p class=\"sub\">%" PRIu64 " file%s, ", from->files, from->files == 1 ? "" : "s");
    add_size(to, from->bytes);
    text_print(to, " bytes, retrieved on %.10s by Muniment " MUNIMENT_VERSION "</p>\n", from->now);
    add_facts(to, from);
    add(to, "<h2>Files</h2>\n<div class=\"table\"><table>\n<tr><th>File</th><th>Kind</th><th>Bytes</th>"
            "<th>Modified</th><th>SHA-256</th></tr>\n");
    text_add(to, p->rows.bytes, p->rows.length);
    add(to, "</table></div>\n<p>Times without a zone are those of the machine's own clock. <a href=\"files.csv\">"
            "files.csv</a> has all of this as a table, <a href=\"dfxml.xml\">dfxml.xml</a> and "
            "<a href=\"premis.xml\">premis.xml</a> have it for other programs.</p>\n"
            "<h2>To check it</h2>\n<pre>");
    add(to, from->signer ? "python3 check.py --key OFFICE.key.pub" : "python3 check.py");
    add(to, "</pre>\n<p>This compares each file with its digest");
    add(to, from->signer ? ", and the receipt with the office&#39;s public key, which the office publishes" : "");
    add(to, from->proved ? ", and leads the files from pieces of the sealed disk to the machine-root" : "");
    add(to, ".</p>\n</body>\n</html>\n");
    to->failed |= p->rows.failed;
}

/* --- Files --- */

void package_file(struct package *p, const struct packaged *f)
{
    if (f->volume)
        add_object(&p->objects, f);
    add_premis(&p->premis, f);
    add_row(&p->rows, f);
}
