/* premis.c - see premis.h; and the subcommand premis. The order of elements is that of the schema, version 3.0. */
#include "desk/premis.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "desk/desk.h"
#include "desk/history.h"
#include "desk/progress.h"
#include "desk/rights.h"
#include "formats/file.h"
#include "formats/output.h"
#include "formats/xml.h"

/* The pair of elements TYPE and VALUE within an identifier; all names are constants. */
#define IDENTIFIER(x, name, type, value) \
    identifier(x, name "Identifier", name "IdentifierType", type, name "IdentifierValue", value)

#define MACHINE_ROOT "muniment-machine-root"
#define DISK_ROOT "muniment-disk-root"
#define SIGNER "SHA-256 of SubjectPublicKeyInfo"
#define PSEUDONYM "local pseudonym"

enum { AGENTS = 64 };

struct writing {
    struct xml xml;
    const struct premis_subject *subject;
    char pseudonyms[AGENTS][LOG_NAME_LIMIT + 1]; /* of the first who acted; events name the others all the same */
    size_t agents;
};

/* Opens the identifier, and leaves it open for what may follow. */
static void begin_identifier(struct xml *x, const char *name, const char *type_name, const char *type,
                             const char *value_name, const char *value)
{
    xml_open(x, name);
    xml_element(x, type_name, type);
    xml_element(x, value_name, value);
}

static void identifier(struct xml *x, const char *name, const char *type_name, const char *type, const char *value_name,
                       const char *value)
{
    begin_identifier(x, name, type_name, type, value_name, value);
    xml_close(x);
}

static void object(struct xml *x, const char *kind)
{
    xml_open(x, "object");
    xml_attribute(x, "xsi:type", kind);
}

static void fixity(struct xml *x, const char *algorithm, const char *digest, const char *originator)
{
    xml_open(x, "fixity");
    xml_element(x, "messageDigestAlgorithm", algorithm);
    xml_element(x, "messageDigest", digest);
    if (originator)
        xml_element(x, "messageDigestOriginator", originator);
    xml_close(x);
}

static void size_and_format(struct xml *x, uint64_t size, const char *format, const char *version)
{
    char number[24];

    snprintf(number, sizeof number, "%" PRIu64, size);
    xml_element(x, "size", number);
    xml_open(x, "format");
    xml_open(x, "formatDesignation");
    xml_element(x, "formatName", format);
    if (version)
        xml_element(x, "formatVersion", version);
    xml_close(x);
    xml_close(x);
}

static void relationship(struct xml *x, const char *type, const char *subtype, const char *of, const char *value)
{
    xml_open(x, "relationship");
    xml_element(x, "relationshipType", type);
    xml_element(x, "relationshipSubType", subtype);
    IDENTIFIER(x, "relatedObject", of, value);
    xml_close(x);
}

static const char *rights_name(const struct writing *w, char name[96])
{
    snprintf(name, 96, "%s/rights", archive_machine_root(w->subject->archive));
    return name;
}

static bool has_rights(const struct premis_subject *s)
{
    return strcmp(s->rights, "not stated") != 0;
}

/* --- Objects --- */

static void property(struct xml *x, const char *type, const char *value)
{
    if (!*value)
        return;
    xml_open(x, "significantProperties");
    xml_element(x, "significantPropertiesType", type);
    xml_element(x, "significantPropertiesValue", value);
    xml_close(x);
}

/* What the office describes, under its own numbers. */
static void print_entity(struct writing *w)
{
    const struct description_manifest *d = archive_description(w->subject->archive);
    struct xml *x = &w->xml;

    object(x, "intellectualEntity");
    if (*d->reference)
        IDENTIFIER(x, "object", "reference code", d->reference);
    for (uint32_t i = 0; i < d->identifiers; i++)
        IDENTIFIER(x, "object", "local", d->identifier[i]);
    if (!*d->reference && !d->identifiers)
        IDENTIFIER(x, "object", "title", d->title);
    property(x, "title", d->title);
    property(x, "creator", d->creator);
    property(x, "custodian", d->custodian);
    property(x, "provenance", d->provenance);
    for (uint32_t i = 0; i < LANGUAGE_LIMIT && *d->language[i]; i++)
        property(x, "language", d->language[i]);
    for (uint32_t i = 0; i < SOFTWARE_LIMIT && *d->software[i].name; i++) {
        char text[sizeof d->software[i] + 64];
        snprintf(text, sizeof text, "%s%s%s%s%s%s%s", d->software[i].name, *d->software[i].version ? " " : "",
                 d->software[i].version, *d->software[i].licence ? "; licence: " : "", d->software[i].licence,
                 *d->software[i].evidence ? "; shown by: " : "", d->software[i].evidence);
        property(x, "software", text);
    }
    relationship(x, "structural", "is represented by", MACHINE_ROOT, archive_machine_root(w->subject->archive));
    xml_close(x);
}

/* The machine: what is preserved. */
static void print_machine(struct writing *w)
{
    const struct archive *archive = w->subject->archive;
    struct xml *x = &w->xml;
    hex_digest root;
    char name[96];

    object(x, "representation");
    IDENTIFIER(x, "object", MACHINE_ROOT, archive_machine_root(archive));
    relationship(x, "structural", "is included in", "file name", path_name(w->subject->path));
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (archive_disk_root(archive, (enum drive_slot)slot)) {
            hex_encode(archive_disk_root(archive, (enum drive_slot)slot), root);
            relationship(x, "structural", "includes", DISK_ROOT, root);
        }
    if (has_rights(w->subject))
        IDENTIFIER(x, "linkingRightsStatement", "local", rights_name(w, name));
    xml_close(x);
}

static void print_archive(struct writing *w)
{
    const struct premis_subject *s = w->subject;
    struct xml *x = &w->xml;
    hex_digest digest;

    object(x, "file");
    IDENTIFIER(x, "object", "file name", path_name(s->path));
    IDENTIFIER(x, "object", "SHA-256 of the statement", archive_signature(s->archive)->statement);
    xml_open(x, "objectCharacteristics");
    xml_element(x, "compositionLevel", "0");
    hex_encode(s->digest, digest);
    fixity(x, "SHA-256", digest, NULL);
    size_and_format(x, s->size, "Muniment archive", "0");
    xml_open(x, "creatingApplication");
    xml_element(x, "creatingApplicationName", archive_software(s->archive));
    xml_close(x);
    xml_close(x);
    xml_open(x, "storage");
    xml_open(x, "contentLocation");
    xml_element(x, "contentLocationType", "file name");
    xml_element(x, "contentLocationValue", path_name(s->path));
    xml_close(x);
    xml_close(x);
    xml_close(x);
}

/* --- The images: the lines of seal.txt about them --- */

/* A line of the origins about a drive: its key, and what follows "KEY: SLOT ". */
struct origin {
    const char *key, *rest;
    int key_length, length;
};

/* The next line about a drive; false: there is none. Begin with *at at the first line. */
static bool next_origin(const char **at, unsigned slot, struct origin *o)
{
    while (**at) {
        const char *line = *at, *colon = strchr(line, ':');
        size_t length = strcspn(line, "\n");

        *at = line + length + (line[length] == '\n');
        if (!colon || (size_t)(colon - line) + 6 > length || strncmp(colon + 2, drive_slot_names[slot], 3) != 0)
            continue;
        *o = (struct origin){line, colon + 6, (int)(colon - line), (int)(line + length - colon - 6)};
        return true;
    }
    return false;
}

static bool is_key(const struct origin *o, const char *key)
{
    return (size_t)o->key_length == strlen(key) && !strncmp(o->key, key, strlen(key));
}

static void print_disk(struct writing *w, unsigned slot)
{
    const struct archive *archive = w->subject->archive;
    const uint8_t *image = archive_image_digest(archive, (enum drive_slot)slot);
    const char *at = archive_origins(archive);
    struct xml *x = &w->xml;
    struct origin o;
    hex_digest root, digest;
    char value[160], algorithm[32];

    hex_encode(archive_disk_root(archive, (enum drive_slot)slot), root);
    object(x, "bitstream");
    IDENTIFIER(x, "object", DISK_ROOT, root);
    xml_open(x, "objectCharacteristics");
    xml_element(x, "compositionLevel", "1");
    if (image) {
        hex_encode(image, digest);
        fixity(x, "SHA-256", digest, archive_software(archive));
    }
    while (next_origin(&at, slot, &o))
        if (is_key(&o, "stated") && o.length < (int)sizeof value) {
            snprintf(value, sizeof value, "%.*s", o.length, o.rest);
            char *space = strchr(value, ' ');
            snprintf(algorithm, sizeof algorithm, "%.*s", space ? (int)(space - value) : 0, value);
            fixity(x, algorithm, space ? space + 1 : "", "the imaging program");
        }
    size_and_format(x, archive_image_size(archive, (enum drive_slot)slot), "disk image, raw", NULL);
    xml_close(x);
    relationship(x, "structural", "is included in", MACHINE_ROOT, archive_machine_root(archive));
    xml_close(x);
}

/* Reverses the escapes of spec/archive.md, "Origins". */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++, to++) {
        unsigned code;

        if (*from == '%' && sscanf(from + 1, "%2X", &code) == 1 && from[1] && from[2] && code) {
            *to = (char)code;
            from += 2;
        } else {
            *to = *from;
        }
    }
    *to = '\0';
}

/* The files from which a disk was made, as the donor gave them. */
static void print_files(struct writing *w, unsigned slot)
{
    const char *at = archive_origins(w->subject->archive);
    char format[256] = "disk image", line[1024];
    struct xml *x = &w->xml;
    struct origin o;
    hex_digest root;

    hex_encode(archive_disk_root(w->subject->archive, (enum drive_slot)slot), root);
    while (next_origin(&at, slot, &o)) {
        snprintf(line, sizeof line, "%.*s", o.length, o.rest);
        if (is_key(&o, "origin") && strchr(line, ' ')) {
            snprintf(format, sizeof format, "%.200s", strchr(line, ' ') + 1);
            unescape(format);
        }
        if (!is_key(&o, "file") || strlen(line) < 82)
            continue;
        char *digest = line + 16, *name = line + 81;
        digest[64] = '\0';
        unescape(name);
        object(x, "file");
        IDENTIFIER(x, "object", "SHA-256", digest);
        xml_open(x, "objectCharacteristics");
        xml_element(x, "compositionLevel", "0");
        fixity(x, "SHA-256", digest, archive_software(w->subject->archive));
        size_and_format(x, strtoull(line, NULL, 10), format, NULL);
        xml_close(x);
        xml_element(x, "originalName", name);
        relationship(x, "derivation", "is source of", DISK_ROOT, root);
        xml_close(x);
    }
}

/* --- Events --- */

/* Acts of the log, as PREMIS calls them (id.loc.gov, "Preservation Events"). */
static const struct {
    const char *act, *type;
} event_types[] = {
    {"ingest", "ingestion"},       {"seal", "creation"},      {"verify", "fixity check"}, {"repair", "recovery"},
    {"retrieve", "dissemination"}, {"boot", "dissemination"}, {"dispose", "deaccession"}, {"parity-new", "replication"},
};

static void know_agent(struct writing *w, const char *pseudonym)
{
    for (size_t i = 0; i < w->agents; i++)
        if (strcmp(w->pseudonyms[i], pseudonym) == 0)
            return;
    if (w->agents < AGENTS)
        snprintf(w->pseudonyms[w->agents++], sizeof w->pseudonyms[0], "%s", pseudonym);
}

struct event {
    const char *id_type, *id, *type, *time, *detail, *outcome, *note, *by;
    bool by_software; /* the program did it */
};

static void print_event(struct writing *w, const struct event *e)
{
    struct xml *x = &w->xml;

    xml_open(x, "event");
    IDENTIFIER(x, "event", e->id_type, e->id);
    xml_element(x, "eventType", e->type);
    xml_element(x, "eventDateTime", e->time);
    if (e->detail && *e->detail) {
        xml_open(x, "eventDetailInformation");
        xml_element(x, "eventDetail", e->detail);
        xml_close(x);
    }
    xml_open(x, "eventOutcomeInformation");
    xml_element(x, "eventOutcome", e->outcome);
    if (e->note && *e->note) {
        xml_open(x, "eventOutcomeDetail");
        xml_element(x, "eventOutcomeDetailNote", e->note);
        xml_close(x);
    }
    xml_close(x);
    if (e->by && *e->by) {
        begin_identifier(x, "linkingAgentIdentifier", "linkingAgentIdentifierType", PSEUDONYM,
                         "linkingAgentIdentifierValue", e->by);
        xml_element(x, "linkingAgentRole", "implementer");
        xml_close(x);
        know_agent(w, e->by);
    }
    if (e->by_software) {
        begin_identifier(x, "linkingAgentIdentifier", "linkingAgentIdentifierType", "software",
                         "linkingAgentIdentifierValue", archive_software(w->subject->archive));
        xml_element(x, "linkingAgentRole", "executing program");
        xml_close(x);
    }
    IDENTIFIER(x, "linkingObject", MACHINE_ROOT, archive_machine_root(w->subject->archive));
    xml_close(x);
}

/* What the description says of the taking in. */
static void print_ingest(struct writing *w)
{
    const struct description_manifest *d = archive_description(w->subject->archive);
    time_t when = (time_t)d->ingest.date;
    char time[32], id[sizeof(hex_digest) + 8];
    hex_digest row;
    struct tm tm;

    if (!d->ingest.date || !gmtime_r(&when, &tm))
        return;
    strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", &tm);
    hex_encode(d->ingest.row, row);
    print_event(w, &(struct event){.id_type = "SHA-256 of the row of the shelf",
                                   .id = row,
                                   .type = "ingestion",
                                   .time = time,
                                   .outcome = "sealed, and read back as it was written",
                                   .by = d->ingest.by,
                                   .by_software = true});
    snprintf(id, sizeof id, "%s/scan", row);
    if (*d->ingest.scan)
        print_event(w, &(struct event){.id_type = "local",
                                       .id = id,
                                       .type = "virus check",
                                       .time = time,
                                       .outcome = strstr(d->ingest.scan, "nothing found") ? "pass" : "fail",
                                       .note = d->ingest.scan,
                                       .by = d->ingest.by});
}

static void print_act(void *context, const struct check_record *r)
{
    struct writing *w = context;
    char line[24], detail[600];
    const char *type = r->act;

    if (strcmp(r->machine_root, archive_machine_root(w->subject->archive)) != 0)
        return;
    for (size_t i = 0; i < sizeof event_types / sizeof event_types[0]; i++)
        if (strcmp(event_types[i].act, r->act) == 0)
            type = event_types[i].type;
    snprintf(line, sizeof line, "%" PRIu64, r->line);
    snprintf(detail, sizeof detail, "%s%s%s", r->object, *r->method ? ", method: " : "", r->method);
    print_event(w, &(struct event){.id_type = "line of the office's log",
                                   .id = line,
                                   .type = type,
                                   .time = r->time,
                                   .detail = detail,
                                   .outcome = *r->verdict ? r->verdict : r->outcome,
                                   .note = *r->findings && strcmp(r->findings, "0") ? "damage was found" : NULL,
                                   .by = r->by});
}

/* --- Agents and rights --- */

static void print_agent(struct xml *x, const char *type, const char *value, const char *kind)
{
    xml_open(x, "agent");
    IDENTIFIER(x, "agent", type, value);
    xml_element(x, "agentType", kind);
    xml_close(x);
}

static void print_agents(struct writing *w)
{
    const struct archive_signature *signature = archive_signature(w->subject->archive);

    for (size_t i = 0; i < w->agents; i++)
        print_agent(&w->xml, PSEUDONYM, w->pseudonyms[i], "person");
    print_agent(&w->xml, "software", archive_software(w->subject->archive), "software");
    if (archive_signature_fits(w->subject->archive))
        print_agent(&w->xml, SIGNER, signature->signer, "organization");
}

/* The date at the end of "closed until DATE", or null. */
static const char *end_date(const char *rights)
{
    const char *until = strstr(rights, "closed until ");

    return until ? until + strlen("closed until ") : NULL;
}

static void print_rights(struct writing *w)
{
    const struct description_manifest *d = archive_description(w->subject->archive);
    const char *rights = w->subject->rights;
    struct xml *x = &w->xml;
    char name[96];

    if (!has_rights(w->subject))
        return;
    xml_open(x, "rights");
    xml_open(x, "rightsStatement");
    IDENTIFIER(x, "rightsStatement", "local", rights_name(w, name));
    xml_element(x, "rightsBasis", "other");
    xml_open(x, "otherRightsInformation");
    xml_element(x, "otherRightsBasis", "conditions governing access");
    xml_element(x, "otherRightsNote", "as described at sealing, and as decided since");
    if (*d->rights_reason)
        xml_element(x, "otherRightsNote", d->rights_reason);
    if (*w->subject->review) {
        snprintf(name, sizeof name, "to be reviewed on %s", w->subject->review);
        xml_element(x, "otherRightsNote", name);
    }
    xml_close(x);
    xml_open(x, "rightsGranted");
    xml_element(x, "act", "disseminate");
    if (strcmp(rights, "open") != 0) {
        xml_element(x, "restriction", rights);
        xml_open(x, "termOfRestriction");
        xml_element(x, "startDate", "unknown"); /* EDTF */
        if (end_date(rights))
            xml_element(x, "endDate", end_date(rights));
        xml_close(x);
    }
    xml_close(x);
    IDENTIFIER(x, "linkingObject", MACHINE_ROOT, archive_machine_root(w->subject->archive));
    xml_close(x);
    xml_close(x);
}

bool premis_print(struct text *to, const struct premis_subject *subject, struct error *error)
{
    struct writing *w = calloc(1, sizeof *w);
    bool good = true;

    if (!w)
        return error_set(error, STATUS_HOST, subject->path, NULL, NULL, "out of memory");
    w->xml = xml_begin(to);
    w->subject = subject;
    xml_open(&w->xml, "premis");
    xml_attribute(&w->xml, "xmlns", "http://www.loc.gov/premis/v3");
    xml_attribute(&w->xml, "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");
    xml_attribute(&w->xml, "version", "3.0");
    print_entity(w);
    print_machine(w);
    print_archive(w);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (archive_disk_root(subject->archive, (enum drive_slot)slot)) {
            print_disk(w, slot);
            print_files(w, slot);
        }
    print_ingest(w);
    if (subject->log)
        good = history_acts(subject->log, print_act, w, error);
    print_agents(w);
    print_rights(w);
    xml_close(&w->xml);
    if (good && to->failed)
        good = error_set(error, STATUS_HOST, subject->path, NULL, NULL, "out of memory");
    free(w);
    return good;
}

/* --- The subcommand --- */

bool premis_open(struct premis_subject *s, struct archive **archive, const char *path,
                 const struct archive_folders *folders, struct error *error)
{
    static const size_t piece = 1 << 18;
    struct progress progress;
    struct sha256 hash;
    uint8_t *bytes = malloc(piece);
    uint64_t at = 0;
    int descriptor = archive_open_file(path, &s->size, error);

    *archive = NULL;
    bool good = descriptor >= 0 && (bytes || error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory"));
    sha256_begin(&hash);
    progress_begin(&progress, "reading");
    while (good && at < s->size) {
        size_t size = s->size - at < piece ? (size_t)(s->size - at) : piece;
        good = file_read(descriptor, path, at, bytes, size, error);
        sha256_add(&hash, bytes, good ? size : 0);
        at += size;
        if (good && !progress_bytes(&progress, at, s->size))
            good = error_set(error, STATUS_HOST, path, NULL, NULL, "interrupted");
    }
    progress_end(&progress);
    sha256_end(&hash, s->digest);
    free(bytes);
    if (good)
        *archive = archive_open_descriptor(descriptor, path, folders, error);
    if (descriptor >= 0)
        close(descriptor);
    s->archive = *archive;
    s->path = path;
    return *archive;
}

enum status premis_run(const struct arguments *a)
{
    const char *path = argument_value(a, "-o");
    struct premis_subject subject = {.log = argument_value(a, "--log")};
    struct text text = {.bytes = NULL};
    struct archive *archive = NULL;
    struct output output;
    struct error error;
    struct archive_folders folders;
    bool good = desk_folders(a, &folders, &error) && premis_open(&subject, &archive, a->operands[0], &folders, &error);

    free(folders.paths);
    if (good) {
        rights_say(a, archive, subject.rights);
        rights_review(a, archive, subject.review);
    }
    good = good && premis_print(&text, &subject, &error) &&
           output_in_order(&output, path ? path : "-", argument_value(a, "--force"), &error) &&
           output_text(&output, &text, &error);

    text_free(&text);
    archive_close(archive);
    return good ? STATUS_OK : desk_fail(&error);
}
