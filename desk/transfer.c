/* transfer.c - the subcommand bag: archives in a BagIt bag (RFC 8493), to be handed to another archive. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk/act.h"
#include "desk/bag.h"
#include "desk/desk.h"
#include "desk/premis.h"
#include "desk/progress.h"
#include "desk/shelf.h"
#include "formats/file.h"
#include "formats/plain.h"
#include "verify/evidence/evidence.h"
#include "verify/fixity/fixity.h"

struct transfer {
    const struct arguments *arguments;
    uint64_t archives;
    struct bag bag;
    struct text info, table; /* owned: what begins bag-info.txt, archives.csv */
    struct text *premis;     /* owned, one for each archive */
    struct bag_tag *tags;    /* owned: the table, and what premis holds */
    char (*names)[NAME_MAX + 1];
};

static bool goes_on(void *context, uint64_t done, uint64_t total)
{
    (void)context, (void)done, (void)total;
    return !interrupted();
}

/* What lies in the bag must be sound: its copy is read once more. What a derived archive inherits lies in its parent.
 */
static bool check_copy(const char *path, const char *copy, struct error *error)
{
    struct verify_request request = {.path = copy, .method = VERIFY_QUICK, .own = true, .progress = goes_on};
    struct verify_result result;

    if (!archive_verify(&request, &result, error))
        return false;
    return result.verdict <= VERDICT_UNKNOWN_SIGNER || result.verdict == VERDICT_INHERITED ||
           error_set(error, STATUS_WRONG, path, NULL, "`muniment verify` reports more; `muniment repair` may mend it",
                     "is damaged, or its signature does not fit");
}

static void add_info(struct text *info, const char *label, const char *value)
{
    char shown[1024];

    plain_copy(shown, sizeof shown, value);
    text_print(info, "%s: %s\n", label, shown);
}

static void add_row(struct transfer *t, const char *name, const struct premis_subject *s)
{
    const struct description_manifest *d = archive_description(s->archive);
    hex_digest digest;

    hex_encode(s->digest, digest);
    const char *const fields[] = {
        name, archive_machine_root(s->archive), d->reference, d->identifiers ? d->identifier[0] : "", d->title, digest};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        csv_field(&t->table, fields[i]);
        text_add(&t->table, ",", 1);
    }
    text_print(&t->table, "%" PRIu64 "\r\n", s->size);
    add_info(&t->info, "External-Description", d->title);
    for (uint32_t i = 0; i < d->identifiers; i++)
        add_info(&t->info, "External-Identifier", d->identifier[i]);
    add_info(&t->info, "Muniment-Machine-Root", archive_machine_root(s->archive));
}

/* The batches of evidence in a folder beside an archive (spec/evidence.md) go with it. Two archives may share a folder.
 */
static bool take_folder(struct transfer *t, const char *folder, struct error *error)
{
    char from[PATH_MAX + NAME_MAX + 2], to[2 * NAME_MAX + 16];
    const char *name = path_name(folder);
    uint8_t digest[DIGEST_SIZE];
    struct dirent *entry;
    uint64_t size;
    bool good = true;
    DIR *batches = opendir(folder);

    if (!batches)
        return errno == ENOENT || error_host(error, folder, errno, "cannot read the folder");
    snprintf(from, sizeof from, "%.3800s/data/%.255s", t->bag.folder, name);
    if (mkdir(from, 0777) != 0) {
        good = errno == EEXIST || error_host(error, from, errno, "cannot make");
        closedir(batches);
        return good;
    }
    while (good && (entry = readdir(batches))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(from, sizeof from, "%.4000s/%.255s", folder, entry->d_name);
        snprintf(to, sizeof to, "%.255s/%.255s", name, entry->d_name);
        good = bag_copy(&t->bag, from, to, &size, digest, error);
    }
    closedir(batches);
    return good;
}

static bool take_evidence(struct transfer *t, const char *path, const struct archive *archive, struct error *error)
{
    struct evidence_folders beside;
    bool good = evidence_folders(path, archive_signature(archive)->content, &beside) ||
                error_host(error, path, ENAMETOOLONG, "cannot look for evidence of");

    for (size_t i = 0; good && i < EVIDENCE_FOLDERS; i++)
        good = take_folder(t, beside.paths[i], error);
    return good;
}

/* Who vouches for an archive, and who may see it, is said by what lies beside it, and not beside its copy. */
static bool judge_original(const struct transfer *t, const char *path, struct premis_subject *s, struct error *error)
{
    struct archive *original = desk_open_archive(t->arguments, path, error);
    bool good = original;

    if (good && strcmp(archive_signature(original)->statement, archive_signature(s->archive)->statement) != 0)
        good = error_set(error, STATUS_INPUT, path, NULL, NULL, "was replaced by another file while it was copied");
    if (good) {
        rights_say(t->arguments, original, s->rights);
        rights_review(t->arguments, original, s->review);
    }
    archive_close(original);
    return good;
}

static bool take_archive(struct transfer *t, size_t i, struct error *error)
{
    const char *path = t->arguments->operands[i], *name = path_name(path);
    struct premis_subject s = {.path = path, .log = argument_value(t->arguments, "--log")};
    char copy[PATH_MAX];

    if (strlen(name) > NAME_MAX - strlen(".premis.xml") || *name == '.')
        return error_set(error, STATUS_INPUT, path, NULL, "rename it", "has a name that the bag cannot have");
    if (snprintf(copy, sizeof copy, "%s/data/%s", t->bag.folder, name) >= (int)sizeof copy)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "the path is too long");
    if (!access(copy, F_OK))
        return error_set(error, STATUS_USAGE, path, NULL, "rename one of them", "has the name of another one");
    if (!bag_copy(&t->bag, path, name, &s.size, s.digest, error) || !check_copy(path, copy, error))
        return false;
    t->archives++;
    struct archive *archive = archive_open(copy, NULL, error);
    s.archive = archive;
    bool good = archive && judge_original(t, path, &s, error) && take_evidence(t, path, archive, error) &&
                premis_print(&t->premis[i], &s, error);
    if (good)
        add_row(t, name, &s);
    snprintf(t->names[i], sizeof t->names[i], "%s.premis.xml", name);
    t->tags[i + 1] = (struct bag_tag){t->names[i], &t->premis[i]};
    archive_close(archive);
    return good;
}

static bool make_bag(struct transfer *t, struct error *error)
{
    const char *path = argument_value(t->arguments, "-o");
    size_t count = t->arguments->operand_count;
    char folder[PATH_MAX];
    bool good;

    if (snprintf(folder, sizeof folder, "%s.muniment-%ld.tmp", path, (long)getpid()) >= (int)sizeof folder)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "the path is too long");
    t->premis = calloc(count, sizeof *t->premis);
    t->tags = calloc(count + 1, sizeof *t->tags);
    t->names = calloc(count, sizeof *t->names);
    good = (t->premis && t->tags && t->names) || error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    good = good && bag_begin(&t->bag, t->arguments, path, folder, error);
    text_print(&t->table, "file,machine-root,reference,identifier,title,sha256,size\r\n");
    for (size_t i = 0; good && i < count; i++)
        good = take_archive(t, i, error);
    if (t->tags)
        t->tags[0] = (struct bag_tag){"archives.csv", &t->table};
    good = good && bag_end_archives(&t->bag, &t->info, t->tags, count + 1, error);
    bag_abandon(&t->bag);
    for (size_t i = 0; t->premis && i < count; i++)
        text_free(&t->premis[i]);
    text_free(&t->info);
    text_free(&t->table);
    free(t->premis);
    free(t->tags);
    free(t->names);
    return good;
}

static enum status bag_archives(const struct arguments *a, struct act *act)
{
    struct transfer t = {.arguments = a};
    struct error error;
    char count[24];

    bool good = make_bag(&t, &error);
    if (good) {
        plain_print(stdout, t.bag.path);
        printf(": %" PRIu64 " archive%s, %" PRIu64 " bytes\n", t.archives, t.archives == 1 ? "" : "s", t.bag.bytes);
        snprintf(count, sizeof count, "%" PRIu64, t.archives);
        act_fact(act, "files", count);
        act_fact(act, "bag", t.bag.path);
    }
    bag_release(&t.bag);
    return good ? STATUS_OK : desk_fail(&error);
}

enum status bag_run(const struct arguments *a)
{
    return act_run(a, "bag", bag_archives);
}
