/* receipt.c - writing and checking receipts. */
#define _DEFAULT_SOURCE /* fts */
#include "desk/receipt.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk/desk.h"
#include "desk/proof.h"
#include "desk/reader.h"
#include "desk/receipt_text.h"
#include "formats/codepage.h"
#include "formats/file.h"
#include "formats/plain.h"
#include "formats/volumes/volumes.h"
#include "verify/fixity/fixity.h"

enum { RECEIPT_LIMIT = 1 << 30, PIECE = 1 << 16, MISSING_LIMIT = 1000 /* characters */ };

/* --- Writing --- */

void receipt_begin(struct text *t, const struct arguments *a, const struct desk_volume *v, bool session,
                   const char *date)
{
    const struct archive_signature *s = archive_signature(v->disk.archive);
    const char *reason = argument_value(a, "--override");

    text_print(t, RECEIPT_FIRST "machine-root: %s\ncontent: %s\nsigner: %s\n", archive_machine_root(v->disk.archive),
               s->content, archive_signature_fits(v->disk.archive) ? s->signer : "none");
    text_print(t, "drive: %s %" PRIu32 "\nstate: %s\n", drive_slot_names[v->disk.slot], v->number,
               session ? "session" : "sealed");
    if (v->code_page != 437)
        text_print(t, "code-page: %u\n", v->code_page);
    if (reason) {
        text_print(t, "override: ");
        receipt_name(t, reason);
        text_print(t, "\n");
    }
    text_print(t, "date: %s\n", date);
}

static void add_file(struct text *t, const char *kind, const char *name, const char *path, uint64_t size,
                     const uint8_t digest[DIGEST_SIZE])
{
    hex_digest hex;

    hex_encode(digest, hex);
    text_print(t, "%s: %s %" PRIu64 " ", kind, hex, size);
    receipt_name(t, name);
    text_print(t, " ");
    receipt_name(t, path);
}

void receipt_file(struct text *t, const char *name, const char *path, uint64_t size, const uint8_t digest[DIGEST_SIZE])
{
    add_file(t, "file", name, path, size, digest);
    text_print(t, "\n");
}

void receipt_damaged(struct text *t, const char *name, const char *path, uint64_t size,
                     const uint8_t digest[DIGEST_SIZE], const char *missing)
{
    const size_t length = strlen(missing);

    add_file(t, "damaged", name, path, size, digest);
    text_print(t, " ");
    for (size_t i = 0; i < length && i < MISSING_LIMIT; i++)
        text_add(t, missing[i] == ' ' ? "," : missing + i, 1);
    text_print(t, length > MISSING_LIMIT ? "...\n" : "\n");
}

bool receipt_withheld(struct text *t, struct text *kept, const char *path, uint64_t size,
                      const uint8_t digest[DIGEST_SIZE], struct error *error)
{
    uint8_t salt[DIGEST_SIZE], commitment[DIGEST_SIZE];
    size_t from = kept->length;
    hex_digest hex;

    if (getrandom(salt, sizeof salt, 0) != sizeof salt)
        return error_host(error, path, errno, "cannot draw a salt");
    hex_encode(salt, hex);
    text_print(kept, "%s ", hex);
    hex_encode(digest, hex);
    text_print(kept, "%s %" PRIu64 " ", hex, size);
    receipt_name(kept, path);
    if (kept->failed)
        return error_host(error, path, ENOMEM, "cannot keep");
    sha256(kept->bytes + from, kept->length - from, commitment);
    hex_encode(commitment, hex);
    text_print(t, "withheld: %s\n", hex);
    text_print(kept, "\n");
    return true;
}

/* --- Reading --- */

struct receipt {
    const struct arguments *arguments;
    const char *path;
    char folder[PATH_MAX]; /* with a slash at its end, or empty */
    char *text;            /* owned, with NUL */
    size_t size;
    hex_digest root, content;
    char slot[8];
    uint32_t partition;
    uint16_t code_page;
    bool session;
    struct archive *archive; /* of --archive; or null */
    struct block disk;
    struct files files;
    struct text names;       /* char * to each name in the bag */
    struct text commitments; /* DIGEST_SIZE bytes each */
    struct proof_check proof;
    uint64_t named, here, damaged, withheld, shown, wrong;
};

bool is_receipt(const char *path)
{
    return !strcmp(path_name(path), "receipt.txt");
}

static void report_wrong(void *context, const char *object, const char *what)
{
    struct receipt *r = context;

    r->wrong++;
    plain_print(stdout, r->path);
    printf(": ");
    plain_print(stdout, object);
    printf(": %s\n", what);
}

/* The signature, which lies beside the receipt, and whose it is. */
static bool check_signature(struct receipt *r, struct error *error)
{
    char path[PATH_MAX + 16], *pem = NULL, *signature = NULL;
    uint8_t digest[DIGEST_SIZE];
    size_t pem_size = 0, size = 0, count;
    hex_digest signer;
    bool trusted = false;

    snprintf(path, sizeof path, "%sreceipt.pem", r->folder);
    bool good = receipt_read_file(path, 65536, &pem, &pem_size, error);
    snprintf(path, sizeof path, "%sreceipt.sig", r->folder);
    good = good && receipt_read_file(path, 65536, &signature, &size, error);
    if (good && (size != SIGNATURE_SIZE || !public_key_digest(pem, pem_size, false, digest) ||
                 !signature_fits(pem, pem_size, (const uint8_t *)signature, r->text, r->size)))
        good = error_set(error, STATUS_WRONG, r->path, NULL, "trust nothing in it",
                         "has a signature that does not fit");
    if (good) {
        const char **keys = argument_values(r->arguments, "--trust", &count);
        hex_encode(digest, signer);
        good = keys ? signer_is_trusted(keys, count, signer, &trusted, error)
                    : error_host(error, r->path, ENOMEM, "cannot verify");
        free(keys);
        if (good && !trusted)
            good = error_set(error, STATUS_WRONG, r->path, NULL, "compare the key with what the office published",
                             "is signed by %s, whom no --trust names", signer);
    }
    free(pem);
    free(signature);
    return good;
}

static bool parse_head(struct receipt *r, char **at)
{
    char *value, *line;
    hex_digest signer;
    unsigned partition;
    int used = 0;

    receipt_next_line(at);
    if (!receipt_read_digest(receipt_value(receipt_next_line(at), "machine-root"), r->root) ||
        !receipt_read_digest(receipt_value(receipt_next_line(at), "content"), r->content) ||
        !(value = receipt_value(receipt_next_line(at), "signer")) ||
        !(receipt_read_digest(value, signer) || !strcmp(value, "none")) ||
        !(value = receipt_value(receipt_next_line(at), "drive")) ||
        sscanf(value, "%7[a-z0-9] %u%n", r->slot, &partition, &used) != 2 || value[used])
        return false;
    r->partition = partition;
    if (!(value = receipt_value(receipt_next_line(at), "state")) ||
        (strcmp(value, "sealed") && strcmp(value, "session")))
        return false;
    r->session = *value == 's' && value[2] == 's';
    line = receipt_next_line(at);
    r->code_page = 437;
    if ((value = receipt_value(line, "code-page"))) {
        r->code_page = (uint16_t)strtoul(value, NULL, 10);
        if (strspn(value, "0123456789") != strlen(value) || strlen(value) > 4 || !codepage_known(r->code_page))
            return false;
        line = receipt_next_line(at);
    }
    if ((value = receipt_value(line, "override"))) {
        if (!receipt_read_name(value))
            return false;
        line = receipt_next_line(at);
    }
    value = receipt_value(line, "date");
    return value && strlen(value) == 10 && strspn(value, "0123456789-") == 10;
}

/* --- The files beside it --- */

static void check_beside(struct receipt *r, const char *name, uint64_t size, const uint8_t digest[DIGEST_SIZE])
{
    char path[2 * PATH_MAX];
    uint8_t piece[PIECE], found[DIGEST_SIZE];
    struct sha256 hash;
    uint64_t total = 0;
    ssize_t count;

    snprintf(path, sizeof path, "%s%s", r->folder, name);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (descriptor < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            report_wrong(r, name, "cannot be read");
        return;
    }
    r->here++;
    sha256_begin(&hash);
    while ((count = read(descriptor, piece, sizeof piece)) > 0 && total <= size) {
        sha256_add(&hash, piece, (size_t)count);
        total += (uint64_t)count;
    }
    sha256_end(&hash, found);
    close(descriptor);
    if (count < 0)
        report_wrong(r, name, "cannot be read");
    else if (total != size || memcmp(found, digest, DIGEST_SIZE))
        report_wrong(r, name, "is not the file that was signed");
}

/* --- The archive --- */

static bool open_archive(struct receipt *r, struct error *error)
{
    const char *path = argument_value(r->arguments, "--archive");
    struct archive_folders folders;
    struct disk_survey survey;
    enum drive_slot slot = 0;

    if (!path)
        return true;
    bool good = desk_folders(r->arguments, &folders, error) && (r->archive = archive_open(path, &folders, error));
    free(folders.paths);
    if (!good)
        return false;
    if (strcmp(archive_machine_root(r->archive), r->root) || strcmp(archive_signature(r->archive)->content, r->content))
        return error_set(error, STATUS_WRONG, path, NULL, NULL, "is not the archive of the receipt");
    if (r->session)
        return true;
    for (struct archive *a = r->archive; archive_is_derived(a, NULL, NULL);) /* the reader can open no file */
        if (!(a = archive_parent(a, error)))
            return false;
    while (slot < DRIVE_COUNT && strcmp(drive_slot_names[slot], r->slot))
        slot++;
    error_set(error, STATUS_WRONG, path, NULL, NULL, "has no disk %s", r->slot);
    if (slot == DRIVE_COUNT || !archive_disk(r->archive, slot, &r->disk, error))
        return false;
    good = reader_survey(&r->disk, &survey, error);
    for (uint32_t i = 0; good && i < survey.volume_count && !r->files.system; i++)
        if (survey.volumes[i].number == r->partition) {
            survey.volumes[i].code_page = r->code_page;
            good = reader_open(&r->disk, &survey.volumes[i], &r->files, error);
        }
    disk_survey_free(&survey);
    return good && (r->files.system || error_set(error, STATUS_WRONG, path, NULL, NULL, "has no such volume"));
}

static bool file_digest(struct receipt *r, const struct file_entry *entry, uint8_t digest[DIGEST_SIZE])
{
    uint8_t piece[PIECE];
    struct sha256 hash;
    struct error error;
    uint64_t at = 0;
    size_t got = 1;

    sha256_begin(&hash);
    while (at < entry->size && got > 0 &&
           r->files.system->read(r->files.context, entry, at, piece, sizeof piece, &got, &error)) {
        sha256_add(&hash, piece, got);
        at += got;
    }
    sha256_end(&hash, digest);
    return at == entry->size;
}

static void check_in_archive(struct receipt *r, const char *path, uint64_t size, const uint8_t digest[DIGEST_SIZE])
{
    uint8_t found[DIGEST_SIZE];
    struct file_entry entry;
    struct error error;

    if (!r->files.system)
        return;
    if (!files_find(&r->files, path, &entry, &error) || entry.size != size || !file_digest(r, &entry, found) ||
        memcmp(found, digest, DIGEST_SIZE))
        report_wrong(r, path, "is not so in the archive");
}

/* --- Lines --- */

/* Splits "SHA256 SIZE rest". */
static char *digest_and_size(char *value, uint8_t digest[DIGEST_SIZE], uint64_t *size)
{
    char *end;

    if (strlen(value) < 66 || !hex_decode(value, digest) || value[64] != ' ' || value[65] < '0' || value[65] > '9')
        return NULL;
    errno = 0;
    unsigned long long number = strtoull(value + 65, &end, 10);
    *size = number;
    return !errno && *end == ' ' ? end + 1 : NULL;
}

/* whole: it is not a file of which something is missing, which the archive has not either. */
static bool check_file(struct receipt *r, char *value, bool whole)
{
    uint8_t digest[DIGEST_SIZE];
    uint64_t size;
    char *name = digest_and_size(value, digest, &size), *path = name ? strchr(name, ' ') : NULL;
    char *missing = path && !whole ? strchr(path + 1, ' ') : NULL;

    if (!path || (!whole && (!missing || missing[1 + strspn(missing + 1, "0123456789-,.")])))
        return false;
    *path++ = '\0';
    if (missing)
        *missing = '\0';
    if (!receipt_read_name(name) || !receipt_read_name(path) || !receipt_name_is_inside(name))
        return false;
    r->named++;
    text_add(&r->names, &name, sizeof name);
    check_beside(r, name, size, digest);
    if (whole)
        check_in_archive(r, path, size, digest);
    r->damaged += !whole;
    return true;
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, DIGEST_SIZE);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether each line of --shown is one that was committed to. */
static void check_shown(struct receipt *r, const char *path, const char *shown)
{
    struct text *c = &r->commitments;
    uint8_t digest[DIGEST_SIZE];
    bool strange = false;

    if (c->length)
        qsort(c->bytes, c->length / DIGEST_SIZE, DIGEST_SIZE, by_digest);
    for (const char *at = shown, *feed; at && *at; at = feed ? feed + 1 : NULL) {
        feed = strchr(at, '\n');
        sha256(at, feed ? (size_t)(feed - at) : strlen(at), digest);
        bool known = c->length && bsearch(digest, c->bytes, c->length / DIGEST_SIZE, DIGEST_SIZE, by_digest);
        r->shown += known;
        strange |= !known;
    }
    if (strange)
        report_wrong(r, path, "has lines that the receipt does not commit to");
}

/* Whether the receipt names each file of the bag that lies beside it. */
static bool check_bag(struct receipt *r, struct error *error)
{
    const size_t count = r->names.length / sizeof(char *);
    char folder[PATH_MAX + 8], *const paths[] = {folder, NULL};
    int reason = 0;
    FTSENT *e;

    snprintf(folder, sizeof folder, "%sdata", r->folder);
    if (access(folder, F_OK) && errno == ENOENT)
        return true;
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    while (walk && !reason && (errno = 0, e = fts_read(walk))) {
        const char *name = e->fts_path + strlen(r->folder);
        if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
            reason = e->fts_errno;
        else if (e->fts_info != FTS_D && e->fts_info != FTS_DP &&
                 !(count && bsearch(&name, r->names.bytes, count, sizeof name, by_name)))
            report_wrong(r, name, "lies in the bag, and the receipt does not name it");
    }
    reason = reason ? reason : errno;
    if (walk)
        fts_close(walk);
    return !reason || error_host(error, folder, reason, "cannot be read");
}

static bool check_lines(struct receipt *r, struct error *error)
{
    const char *shown_path = argument_value(r->arguments, "--shown");
    char *copy = malloc(r->size + 1), *at = copy, *line, *value, *shown = NULL;
    uint8_t commitment[DIGEST_SIZE];
    size_t size;
    bool good = (copy || error_host(error, r->path, ENOMEM, "cannot verify")) &&
                (!shown_path || receipt_read_file(shown_path, RECEIPT_LIMIT, &shown, &size, error));

    if (good) {
        memcpy(copy, r->text, r->size + 1);
        bool formed = strlen(r->text) == r->size && parse_head(r, &at);
        good = formed ? open_archive(r, error) : true;
        while (good && formed && *at) {
            line = receipt_next_line(&at);
            if ((value = receipt_value(line, "file")))
                formed = check_file(r, value, true);
            else if ((value = receipt_value(line, "damaged")))
                formed = check_file(r, value, false);
            else if ((formed = (value = receipt_value(line, "withheld")) && strlen(value) == 64 &&
                               hex_decode(value, commitment))) {
                r->withheld++;
                text_add(&r->commitments, commitment, sizeof commitment);
            }
        }
        if (good && !formed)
            good = error_set(error, STATUS_INPUT, r->path, NULL, NULL, "is no receipt of version 0");
        if (good && (r->names.failed || r->commitments.failed))
            good = error_host(error, r->path, ENOMEM, "cannot verify");
        if (good)
            check_shown(r, shown_path, shown);
        if (good && r->names.length)
            qsort(r->names.bytes, r->names.length / sizeof(char *), sizeof(char *), by_name);
        r->proof = (struct proof_check){
            .folder = r->folder,
            .machine_root = r->root,
            .content = r->content,
            .names = (const char *const *)r->names.bytes,
            .count = r->names.length / sizeof(char *),
            .wrong = report_wrong,
            .context = r,
        };
        good = good && check_bag(r, error) && proof_check(&r->proof, error);
    }
    text_free(&r->names);
    text_free(&r->commitments);
    free(shown);
    free(copy);
    return good;
}

static void print_result(const struct receipt *r)
{
    plain_print(stdout, r->path);
    if (r->wrong)
        printf(": %" PRIu64 " finding%s\n", r->wrong, r->wrong == 1 ? "" : "s");
    else
        printf(": the office signed it\n");
    printf("  machine-root  %s\n  files         %" PRIu64 ", %" PRIu64 " of them here\n", r->root, r->named, r->here);
    if (r->damaged)
        printf("  damaged       %" PRIu64 ": the receipt says which of their bytes are missing\n", r->damaged);
    if (r->withheld)
        printf("  withheld      %" PRIu64 ", %" PRIu64 " of them shown\n", r->withheld, r->shown);
    if (r->proof.present)
        printf("  proof         %" PRIu64 " file%s here lie%s on the sealed disk, by %" PRIu64 " of its chunks\n",
               r->proof.files, r->proof.files == 1 ? "" : "s", r->proof.files == 1 ? "s" : "", r->proof.chunks);
    if (r->archive)
        printf("  archive       %s\n", r->session ? "the one of the receipt; the files are a session's output"
                                       : r->wrong ? "compared"
                                                  : "holds these bytes under these paths");
}

enum status receipt_verify(const struct arguments *a, const char *path)
{
    struct receipt r = {.arguments = a, .path = path};
    const char *slash = strrchr(path, '/');
    struct error error;

    snprintf(r.folder, sizeof r.folder, "%.*s", slash ? (int)(slash + 1 - path) : 0, path);
    bool good = receipt_read_file(path, RECEIPT_LIMIT, &r.text, &r.size, &error) && check_signature(&r, &error) &&
                check_lines(&r, &error);
    if (good)
        print_result(&r);
    files_close(&r.files);
    if (r.disk.close)
        r.disk.close(r.disk.context);
    archive_close(r.archive);
    free(r.text);
    return !good ? desk_fail(&error) : r.wrong ? STATUS_WRONG : STATUS_OK;
}
