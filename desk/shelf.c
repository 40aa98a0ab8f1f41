/* shelf.c - see shelf.h. What a row says becomes a description in YAML, which the parser of descriptions judges. */
#define _DEFAULT_SOURCE /* strsep, realpath */
#include "desk/shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "desk/desk.h"
#include "desk/reader.h"
#include "formats/images/images.h"
#include "formats/file.h"
#include "formats/plain.h"

enum { COLUMN_NAMES = 320 }; /* bytes */

static const struct {
    const char *name;
    bool required;
} columns[SHELF_COLUMNS] = {
    [SHELF_ACCESSION] = {"accession", true},
    [SHELF_REFERENCE] = {"reference", false},
    [SHELF_TITLE] = {"title", true},
    [SHELF_CREATOR] = {"creator", false},
    [SHELF_CUSTODIAN] = {"custodian", false},
    [SHELF_LANGUAGES] = {"languages", false},
    [SHELF_PROVENANCE] = {"provenance", false},
    [SHELF_RIGHTS] = {"rights", false},
    [SHELF_REASON] = {"rights-reason", false},
    [SHELF_REVIEW] = {"rights-review", false},
    [SHELF_IMAGES] = {"images", true},
    [SHELF_FORMAT] = {"format", false},
    [SHELF_MEMBER] = {"member", false},
    [SHELF_MACHINE] = {"machine", false},
    [SHELF_SOFTWARE] = {"software", false},
    [SHELF_DOCUMENTS_COLUMN] = {"documents", false},
    [SHELF_PASSWORDS] = {"passwords", false},
    [SHELF_FINDINGS] = {"findings", false},
    [SHELF_ERROR] = {"error", false},
};

/* --- The table --- */

static bool row_is_empty(const struct shelf *s, size_t line)
{
    size_t i = 0;

    while (i < s->table.columns && !*s->table.fields[line * s->table.columns + i])
        i++;
    return i == s->table.columns;
}

static bool column_is_empty(const struct shelf *s, size_t column)
{
    size_t line = 0;

    while (line <= s->table.rows && !*s->table.fields[line * s->table.columns + column])
        line++;
    return line > s->table.rows;
}

/* The columns, for one who named another. */
static const char *column_names(char names[COLUMN_NAMES])
{
    size_t length = (size_t)snprintf(names, COLUMN_NAMES, "the columns are");

    for (size_t c = 0; c < SHELF_COLUMNS; c++)
        length += (size_t)snprintf(names + length, COLUMN_NAMES - length, "%s%s", c ? ", " : " ", columns[c].name);
    return names;
}

static bool find_columns(struct shelf *s, struct error *error)
{
    char names[COLUMN_NAMES];

    for (size_t c = 0; c < SHELF_COLUMNS; c++)
        s->column[c] = SIZE_MAX;
    for (size_t i = 0; i < s->table.columns; i++) {
        size_t c = 0;

        while (c < SHELF_COLUMNS && strcasecmp(columns[c].name, s->table.fields[i]) != 0)
            c++;
        if (c == SHELF_COLUMNS && column_is_empty(s, i)) /* spreadsheets leave such */
            continue;
        if (c == SHELF_COLUMNS && s->table.columns == 1 && strpbrk(s->table.fields[i], ";\t"))
            return error_set(error, STATUS_INPUT, s->path, "line 1", "save the table with commas between its columns",
                             "is separated by semicolons or tabs, not by commas: \"%s\"", s->table.fields[i]);
        if (c == SHELF_COLUMNS)
            return error_set(error, STATUS_INPUT, s->path, "line 1", column_names(names),
                             "has a column \"%s\", which is not known", s->table.fields[i]);
        if (s->column[c] != SIZE_MAX)
            return error_set(error, STATUS_INPUT, s->path, "line 1", NULL, "has the column %s twice", columns[c].name);
        s->column[c] = i;
    }
    for (size_t c = 0; c < SHELF_COLUMNS; c++)
        if (columns[c].required && s->column[c] == SIZE_MAX)
            return error_set(error, STATUS_INPUT, s->path, "line 1", column_names(names), "lacks the column %s",
                             columns[c].name);
    return true;
}

static bool read_table(const char *path, struct text *text, struct error *error)
{
    char part[16384];
    FILE *file = fopen(path, "rb");
    size_t n;

    if (!file)
        return error_host(error, path, errno, "cannot open");
    while (text->length <= TABLE_LIMIT && (n = fread(part, 1, sizeof part, file)) > 0)
        text_add(text, part, n);
    bool good = !ferror(file) || error_host(error, path, errno, "cannot read");
    fclose(file);
    if (good && text->length > TABLE_LIMIT)
        good = error_set(error, STATUS_INPUT, path, NULL, NULL, "is longer than 16 MiB");
    return good && (!text->failed || error_host(error, path, ENOMEM, "cannot read"));
}

bool shelf_open(struct shelf *s, const char *path, const char *folder, struct error *error)
{
    struct text text = {.bytes = NULL};

    *s = (struct shelf){.path = path, .folder = folder};
    bool good = read_table(path, &text, error);
    text_add(&text, "", 1);
    good = good && (!text.failed || error_host(error, path, ENOMEM, "cannot read")) &&
           table_parse(text.bytes, text.length - 1, path, &s->table, error) && find_columns(s, error);
    text_free(&text);
    while (good && s->table.rows > 0 && row_is_empty(s, s->table.rows)) /* and such */
        s->table.rows--;
    return good &&
           (s->table.rows > 0 || error_set(error, STATUS_INPUT, path, NULL, NULL, "has no rows but empty ones"));
}

void shelf_close(struct shelf *s)
{
    table_free(&s->table);
}

const char *shelf_field(const struct shelf *s, size_t row, enum shelf_column column)
{
    return s->column[column] == SIZE_MAX ? "" : s->table.fields[(row + 1) * s->table.columns + s->column[column]];
}

void csv_field(struct text *to, const char *value)
{
    text_add(to, "\"", 1);
    for (; *value; value++)
        text_add(to, *value == '"' ? "\"\"" : value, *value == '"' ? 2 : 1);
    text_add(to, "\"", 1);
}

static void print_line(const struct shelf *s, char **fields, const char *last, struct text *to)
{
    for (size_t i = 0; i < s->table.columns; i++)
        if (i != s->column[SHELF_ERROR]) {
            csv_field(to, fields[i]);
            text_add(to, ",", 1);
        }
    csv_field(to, last);
    text_add(to, "\r\n", 2);
}

void shelf_print_header(const struct shelf *s, struct text *to)
{
    print_line(s, s->table.fields, columns[SHELF_ERROR].name, to);
}

void shelf_print_row(const struct shelf *s, size_t row, const char *message, struct text *to)
{
    print_line(s, s->table.fields + (row + 1) * s->table.columns, message, to);
}

/* --- A row --- */

struct row_reader {
    const struct shelf *shelf;
    size_t row;
    bool follow;
    struct shelf_row *to;
    struct error *error;
};

static const char *field(const struct row_reader *r, enum shelf_column column)
{
    return shelf_field(r->shelf, r->row, column);
}

static bool refuse(const struct row_reader *r, const char *remedy, const char *what, const char *which)
{
    return error_set(r->error, STATUS_INPUT, r->shelf->path, NULL, remedy, "%s%s", what, which);
}

static bool out_of_memory(const struct row_reader *r)
{
    return error_host(r->error, r->shelf->path, ENOMEM, "cannot read");
}

/* Calls `each` for each entry of a list, without blanks around it. */
static bool each_entry(struct row_reader *r, const char *list, bool (*each)(struct row_reader *r, char *entry))
{
    char *copy = strdup(list), *rest = copy, *entry;
    bool good = copy || out_of_memory(r);

    while (good && (entry = strsep(&rest, ";\n"))) {
        entry += strspn(entry, " \t\r");
        size_t length = strlen(entry);
        while (length > 0 && strchr(" \t\r", entry[length - 1]))
            length--;
        entry[length] = '\0';
        good = !length || each(r, entry);
    }
    free(copy);
    return good;
}

/* The folder in which the files are: *length bytes of what is returned. */
static const char *folder_of(const struct shelf *s, int *length)
{
    const char *slash = strrchr(s->path, '/');

    *length = s->folder ? (int)strlen(s->folder) : slash ? (int)(slash - s->path + (slash == s->path)) : 1;
    return s->folder ? s->folder : slash ? s->path : ".";
}

/* The path of a file that a row names, to be freed; null with *error. */
static char *path_of(const struct row_reader *r, const char *name)
{
    int length;
    const char *folder = folder_of(r->shelf, &length);
    size_t size = (size_t)length + strlen(name) + 2;
    char *path;

    if (!path_is_below(name)) {
        refuse(r, "name files below the folder of the table, or of --from", "names a file outside its folder: ", name);
        return NULL;
    }
    if ((path = malloc(size)))
        snprintf(path, size, "%.*s/%s", length, folder, name);
    else
        out_of_memory(r);
    return path;
}

/* A path without folder that the table is beside: "./NAME" is NAME. */
static char *file_of(const struct row_reader *r, const char *name)
{
    char *path = path_of(r, name);

    if (path && !strncmp(path, "./", 2))
        memmove(path, path + 2, strlen(path) - 1);
    return path;
}

/* --- The description --- */

static void add_quoted(struct text *to, const char *value)
{
    text_add(to, "\"", 1);
    for (; *value; value++)
        if (*value == '"' || *value == '\\')
            text_print(to, "\\%c", *value);
        else if ((uint8_t)*value < ' ')
            text_print(to, "\\x%02X", (unsigned)*value);
        else
            text_add(to, value, 1);
    text_add(to, "\"\n", 2);
}

static void add_key(const struct row_reader *r, struct text *to, const char *key, enum shelf_column column)
{
    const char *value = field(r, column);

    if (!*value)
        return;
    text_print(to, "%s: ", key);
    add_quoted(to, value);
}

struct listing {
    struct row_reader reader;
    struct text *to;
};

static bool add_item(struct row_reader *r, char *entry)
{
    struct text *to = ((struct listing *)r)->to;

    text_print(to, "  - ");
    add_quoted(to, entry);
    return true;
}

/* "name|version|licence|evidence" */
static bool add_software(struct row_reader *r, char *entry)
{
    static const char *const keys[] = {"  - name: ", "    version: ", "    licence: ", "    evidence: "};
    struct text *to = ((struct listing *)r)->to;
    char *part;

    for (size_t i = 0; (part = strsep(&entry, "|")); i++) {
        if (i == sizeof keys / sizeof keys[0])
            return refuse(r, NULL, "has software with more than name|version|licence|evidence: ", part);
        if (*part || i == 0) {
            text_print(to, "%s", keys[i]);
            add_quoted(to, part);
        }
    }
    return true;
}

static bool add_list(const struct row_reader *r, struct text *to, const char *key, enum shelf_column column,
                     bool (*each)(struct row_reader *r, char *entry))
{
    struct listing listing = {*r, to};

    if (!*field(r, column))
        return true;
    text_print(to, "%s:\n", key);
    return each_entry(&listing.reader, field(r, column), each);
}

static bool read_description(struct row_reader *r)
{
    struct text text = {.bytes = NULL};

    if (!*field(r, SHELF_TITLE))
        return refuse(r, NULL, "has no title", "");
    text_print(&text, "muniment: description 0\n");
    add_key(r, &text, "title", SHELF_TITLE);
    text_print(&text, "identifiers:\n  - ");
    add_quoted(&text, field(r, SHELF_ACCESSION));
    add_key(r, &text, "provenance", SHELF_PROVENANCE);
    add_key(r, &text, "rights", SHELF_RIGHTS);
    add_key(r, &text, "rights-reason", SHELF_REASON);
    add_key(r, &text, "rights-review", SHELF_REVIEW);
    add_key(r, &text, "reference", SHELF_REFERENCE);
    add_key(r, &text, "creator", SHELF_CREATOR);
    add_key(r, &text, "custodian", SHELF_CUSTODIAN);
    bool good = add_list(r, &text, "languages", SHELF_LANGUAGES, add_item) &&
                add_list(r, &text, "software", SHELF_SOFTWARE, add_software);
    if (good && text.failed)
        good = out_of_memory(r);
    good = good && description_manifest_parse(text.bytes, text.length, r->shelf->path, &r->to->description, r->error);
    if (!good && !strncmp(r->error->object, r->shelf->path, strlen(r->shelf->path)))
        snprintf(r->error->object, sizeof r->error->object, "%s", r->shelf->path); /* not a line of that text */
    text_free(&text);
    return good;
}

/* The name of the archive: the accession number, with what a file name should not hold as a dash. */
static bool name_archive(struct row_reader *r)
{
    const char *from = field(r, SHELF_ACCESSION);
    char *to = r->to->file;

    if (!*from)
        return refuse(r, NULL, "has no accession number", "");
    if (strlen(from) > 120)
        return refuse(r, NULL, "has an accession number of more than 120 bytes", "");
    for (; *from; from++, to++)
        *to = (*from >= 'a' && *from <= 'z') || (*from >= 'A' && *from <= 'Z') || (*from >= '0' && *from <= '9') ||
                      *from == '_' || (*from == '.' && to > r->to->file)
                  ? *from
                  : '-';
    strcpy(to, ".mun");
    return true;
}

/* What the row says, whatever the order of the columns. */
static void digest_row(struct row_reader *r)
{
    struct sha256 hash;

    sha256_begin(&hash);
    for (size_t c = 0; c < SHELF_ERROR; c++) {
        const char *value = field(r, (enum shelf_column)c);
        if (*value) {
            sha256_add(&hash, columns[c].name, strlen(columns[c].name) + 1);
            sha256_add(&hash, value, strlen(value) + 1);
        }
    }
    sha256_end(&hash, r->to->description.ingest.row);
}

/* --- Documents --- */

/* Whether a path stays in the folder when its links are followed: a donor's disk may have any. */
static bool stays_inside(const struct row_reader *r, const char *path)
{
    char name[PATH_MAX], folder[PATH_MAX], target[PATH_MAX];
    int length;
    const char *from = folder_of(r->shelf, &length);

    if (snprintf(name, sizeof name, "%.*s", length, from) >= (int)sizeof name || !realpath(name, folder) ||
        !realpath(path, target))
        return false;
    size_t inside = strlen(folder);
    return strncmp(target, folder, inside) == 0 && (target[inside] == '/' || inside == 1);
}

static bool is_file(const struct row_reader *r, const char *path)
{
    struct stat status;

    if (stat(path, &status))
        return error_set(r->error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, path, NULL,
                         strchr(path, '\\') ? "write / between folders" : NULL, "cannot open: %s", strerror(errno));
    if (!stays_inside(r, path))
        return error_set(r->error, STATUS_INPUT, path, NULL, "put the file itself there",
                         "is a link to a file outside its folder");
    return S_ISREG(status.st_mode) || error_set(r->error, STATUS_INPUT, path, NULL, NULL, "is no regular file");
}

/* docs/NAME, in the characters that a member's name has. */
static char *member_of(const char *path)
{
    const char *from = path_name(path);
    char name[NAME_SIZE] = "docs/", *to = name + strlen(name);

    if (strlen(from) > NAME_SIZE - 6)
        from += strlen(from) - (NAME_SIZE - 6); /* the ending counts */
    for (char *first = to; *from; from++, to++) {
        char c = *from >= 'A' && *from <= 'Z' ? (char)(*from + 'a' - 'A') : *from;
        *to = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c == '.' && to > first) ? c : '-';
    }
    *to = '\0';
    return strdup(name);
}

static bool add_document(struct row_reader *r, char *entry)
{
    struct shelf_row *to = r->to;
    struct sealed_file *document = &to->documents[to->document_count];

    if (to->document_count == SHELF_DOCUMENTS)
        return refuse(r, "pack some of them together", "has more than 256 documents", "");
    document->path = file_of(r, entry);
    if (!document->path)
        return false;
    to->document_count++;
    if (!is_file(r, document->path))
        return false;
    document->name = member_of(entry);
    if (!document->name)
        return out_of_memory(r);
    for (size_t i = 0; i + 1 < to->document_count; i++)
        if (!strcmp(to->documents[i].name, document->name))
            return refuse(r, "rename one of them", "has two documents of one name: ", document->name);
    return true;
}

static bool read_passwords(struct row_reader *r)
{
    if (!*field(r, SHELF_PASSWORDS))
        return true;
    r->to->passwords = file_of(r, field(r, SHELF_PASSWORDS));
    return r->to->passwords && is_file(r, r->to->passwords);
}

/* --- Images and the machine --- */

struct found_image {
    char *path; /* owned until it is placed */
    struct block disk;
    struct disk_survey survey;
    enum drive_slot slot; /* DRIVE_COUNT: where there is room */
};

struct images {
    struct row_reader reader;
    struct found_image found[DRIVE_COUNT];
    size_t count;
};

static bool open_image(struct row_reader *r, char *entry)
{
    struct images *all = (struct images *)r;
    struct found_image *image = &all->found[all->count];
    struct image_request request = {
        .format = r->to->format, .member = r->to->member, .follow = r->follow, .lock_in = desk_lock_reader};
    unsigned slot = 0;

    if (all->count == DRIVE_COUNT)
        return refuse(r, NULL, "has more images than a machine has drives", "");
    while (slot < DRIVE_COUNT && (strncmp(entry, drive_slot_names[slot], 3) != 0 || entry[3] != ':'))
        slot++;
    image->slot = (enum drive_slot)slot;
    image->path = file_of(r, slot < DRIVE_COUNT ? entry + 4 : entry);
    if (!image->path)
        return false;
    all->count++;
    return is_file(r, image->path) && image_open(image->path, &request, &image->disk, NULL, r->error) &&
           reader_survey(&image->disk, &image->survey, r->error);
}

static void add_systems(struct description_manifest *d, const struct disk_survey *survey)
{
    size_t n = 0;

    while (n < SOFTWARE_LIMIT && *d->software[n].name)
        n++;
    for (uint32_t i = 0; i < survey->system_count && n < SOFTWARE_LIMIT; i++) {
        size_t known = 0;
        while (known < n && strcmp(d->software[known].name, survey->systems[i].name) != 0)
            known++;
        if (known < n)
            continue;
        snprintf(d->software[n].name, sizeof d->software[n].name, "%s", survey->systems[i].name);
        snprintf(d->software[n].evidence, sizeof d->software[n].evidence, "%s", survey->systems[i].evidence);
        n++;
    }
}

/* A manifest with drives, in whose order the images come. */
static bool read_manifest(struct images *all, const char *name)
{
    struct row_reader *r = &all->reader;
    char *path = file_of(r, name), *text;
    size_t length, next = 0;

    if (!path)
        return false;
    bool good = is_file(r, path) && manifest_read_file(path, &text, &length, r->error);
    if (good) {
        good = machine_manifest_parse(text, length, path, &r->to->machine, r->error);
        free(text);
    }
    for (unsigned slot = 0; good && slot < DRIVE_COUNT; slot++) {
        if (!*r->to->machine.drives[slot].image)
            continue;
        if (next < all->count && (all->found[next].slot == DRIVE_COUNT || all->found[next].slot == slot))
            all->found[next++].slot = (enum drive_slot)slot;
        else
            good = error_set(r->error, STATUS_INPUT, path, NULL, "list the images in the order of the drives",
                             "has a medium in %s, but the row has no image for it", drive_slot_names[slot]);
    }
    if (good && next < all->count)
        good = refuse(r, "give the manifest drives with an image", "has more images than its manifest has drives", "");
    snprintf(r->to->machine_name, sizeof r->to->machine_name, "manifest");
    free(path);
    return good;
}

/* A ready-made machine: the one that suits the first disk, or that the row names. */
static bool suggest(struct images *all, const char *name)
{
    struct row_reader *r = &all->reader;
    struct suggestion suggestion = {.slot = DRIVE_FD0};
    size_t first = 0;

    for (size_t i = 0; i < all->count; i++)
        if (image_drive(&all->found[i].survey) == DRIVE_DISK) {
            first = i;
            break;
        }
    bool good = suggest_machine(&all->found[first].survey, name, &suggestion, r->error);
    if (good && all->found[first].slot != DRIVE_COUNT && all->found[first].slot != suggestion.slot)
        good = refuse(r, "give it to the drive that suits it", "has its first disk in ",
                      drive_slot_names[all->found[first].slot]);
    all->found[first].slot = suggestion.slot;
    snprintf(suggestion.machine.drives[suggestion.slot].image, 8, "sealed");
    for (size_t i = 0; good && i < all->count; i++)
        good = i == first ||
               suggestion_add(&suggestion, all->found[i].path, &all->found[i].survey, &all->found[i].slot, r->error);
    r->to->machine = suggestion.machine;
    memcpy(r->to->machine_name, suggestion.name, sizeof r->to->machine_name);
    suggestion_free(&suggestion);
    return good;
}

static bool place_images(struct images *all)
{
    struct row_reader *r = &all->reader;
    const char *machine = field(r, SHELF_MACHINE);
    size_t length = strlen(machine);
    bool is_manifest = length > 5 && !strcmp(machine + length - 5, ".yaml");

    if (all->count == 0)
        return refuse(r, NULL, "has no images", "");
    if (is_manifest ? !read_manifest(all, machine)
                    : !suggest(all, *machine && strcmp(machine, "suggested") != 0 ? machine : NULL))
        return false;
    for (size_t i = 0; i < all->count; i++) {
        r->to->images[all->found[i].slot] = all->found[i].path;
        all->found[i].path = NULL;
        add_systems(&r->to->description, &all->found[i].survey);
    }
    return true;
}

static bool read_images(const struct row_reader *r)
{
    struct images *all = calloc(1, sizeof *all);

    if (!all)
        return out_of_memory(r);
    all->reader = *r;
    bool good = each_entry(&all->reader, field(r, SHELF_IMAGES), open_image) && place_images(all);
    for (size_t i = 0; i < all->count; i++) {
        if (all->found[i].disk.close)
            all->found[i].disk.close(all->found[i].disk.context);
        disk_survey_free(&all->found[i].survey);
        free(all->found[i].path);
    }
    free(all);
    return good;
}

static bool read_words(struct row_reader *r)
{
    const char *format = field(r, SHELF_FORMAT), *findings = field(r, SHELF_FINDINGS);
    size_t known = 0;

    r->to->member = *field(r, SHELF_MEMBER) ? field(r, SHELF_MEMBER) : NULL;
    r->to->findings_accepted = !strcmp(findings, "accepted");
    if (*findings && !r->to->findings_accepted)
        return refuse(r, "leave it empty, or write accepted", "has another word for findings: ", findings);
    if (!*format)
        return true;
    while (image_format_names[known] && strcmp(image_format_names[known], format) != 0)
        known++;
    r->to->format = image_format_names[known];
    return r->to->format || refuse(r, "muniment(1) lists the formats", "has an unknown format of images: ", format);
}

bool shelf_row(const struct shelf *shelf, size_t row, bool follow, struct shelf_row *to, struct error *error)
{
    struct row_reader r = {shelf, row, follow, to, error};
    char place[96];

    memset(to, 0, sizeof *to);
    bool good = name_archive(&r) && read_description(&r) && read_words(&r) && read_passwords(&r) &&
                each_entry(&r, field(&r, SHELF_DOCUMENTS_COLUMN), add_document) && read_images(&r);
    digest_row(&r);
    snprintf(place, sizeof place, "row %zu, %.60s", row + 1, shelf_field(shelf, row, SHELF_ACCESSION));
    if (!good && !*error->place)
        plain_copy(error->place, sizeof error->place, place);
    return good;
}

void shelf_row_free(struct shelf_row *row)
{
    for (size_t i = 0; i < row->document_count; i++) {
        free((char *)row->documents[i].name);
        free((char *)row->documents[i].path);
    }
    for (size_t slot = 0; slot < DRIVE_COUNT; slot++)
        free(row->images[slot]);
    free(row->passwords);
    memset(row, 0, sizeof *row);
}
