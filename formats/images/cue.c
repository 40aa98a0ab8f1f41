/* cue.c - compact discs as cue sheet and files of frames (CDRWIN's manual, "Cuesheet Commands"; ECMA-130 §14), and one
 * such file by itself.
 *
 * The disk is what a drive reads as data, sectors of 2,048 bytes from the first track's index 1 to the end of the last
 * track of data; tracks of sound among them are unreadable, as they are to a program that reads data. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/images/reader.h"

enum { FRAME = 2352, USER_DATA = 2048, SECTORS_A_FRAME = USER_DATA / SECTOR_SIZE, SHEET_LIMIT = 1 << 20, TRACKS = 99 };
enum { FRAMES_A_SECOND = 75, FRAMES_LIMIT = 100 * 60 * FRAMES_A_SECOND };

/* Where the 2,048 bytes are in a frame of a track. */
static const struct track_type {
    const char *name;
    uint16_t frame, data; /* data 0xFFFF: there are none */
} types[] = {
    {"MODE1/2048", 2048, 0}, {"MODE1/2352", 2352, 16}, {"MODE1/2448", 2448, 16}, {"MODE2/2048", 2048, 0},
    {"MODE2/2336", 2336, 8}, {"MODE2/2352", 2352, 24}, {"MODE2/2448", 2448, 24}, {"CDI/2336", 2336, 8},
    {"CDI/2352", 2352, 24},  {"AUDIO", 2352, 0xFFFF},  {"CDG", 2448, 0xFFFF},
};

struct track {
    const struct track_type *type;
    uint32_t source, pregap; /* frames that no file has */
    uint32_t start, index;   /* in the file: of the track with what leads to it, and of index 1 */
    bool started, indexed;   /* whether they were given */
    int64_t first;           /* of the disc: the frame of `start`, counted from the first track's index 1 */
    uint32_t frames;         /* from `start` on */
    uint64_t offset;         /* of `start` in the file, in bytes */
};

struct disc {
    struct track track[TRACKS];
    unsigned count;
};

static const uint8_t sync_pattern[12] = {0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0};

static bool is_frame(const struct probe *probe)
{
    return !memcmp(probe->head, sync_pattern, sizeof sync_pattern) && probe->head_size >= 16 &&
           (probe->head[15] == 1 || probe->head[15] == 2);
}

/* --- The sheet --- */

/* The next word of a line, or what is in quotes. Returns what follows it. */
static const char *take_word(const char *line, char *word, size_t size)
{
    size_t length;

    line += strspn(line, " \t");
    length = *line == '"' ? strcspn(line + 1, "\"\r\n") : strcspn(line, " \t\r\n");
    snprintf(word, size, "%.*s", (int)length, line + (*line == '"'));
    line += length + (*line == '"');
    return line + (*line == '"');
}

static bool read_time(const char *text, uint32_t *frames)
{
    unsigned minutes, seconds, rest;
    char more;

    if (sscanf(text, "%3u:%2u:%2u%c", &minutes, &seconds, &rest, &more) != 3 || seconds > 59 || rest >= FRAMES_A_SECOND)
        return false;
    *frames = (minutes * 60 + seconds) * FRAMES_A_SECOND + rest;
    return *frames < FRAMES_LIMIT;
}

static const struct track_type *find_type(const char *name)
{
    for (size_t n = 0; n < sizeof types / sizeof *types; n++)
        if (!strcasecmp(name, types[n].name))
            return &types[n];
    return NULL;
}

/* What a line says; those about titles, codes and the like say nothing here. Null, or what is wrong with it. */
static const char *take_line(struct image *image, struct disc *disc, const char *line, uint32_t *file,
                             struct error *error)
{
    struct track *t = disc->count ? &disc->track[disc->count - 1] : NULL;
    char command[16], word[NAME_MAX + 1], second[16];

    line = take_word(line, command, sizeof command);
    line = take_word(line, word, sizeof word);
    take_word(line, second, sizeof second);
    if (!strcasecmp(command, "FILE")) {
        if (strcasecmp(second, "BINARY"))
            return "has a file that is not BINARY";
        return image_add_named(image, word, "track", file, error) ? NULL : "";
    }
    if (!strcasecmp(command, "TRACK")) {
        if (disc->count == TRACKS || !*file)
            return *file ? "has more than 99 tracks" : "has a track without a file";
        disc->track[disc->count] = (struct track){.type = find_type(second), .source = *file};
        return disc->track[disc->count++].type ? NULL : "has a track of a type that this program does not know";
    }
    if (!strcasecmp(command, "PREGAP"))
        return t && read_time(word, &t->pregap) ? NULL : "has a pregap that is none";
    if (!strcasecmp(command, "INDEX")) {
        bool one = !strcmp(word, "01") || !strcmp(word, "1"), zero = !strcmp(word, "00") || !strcmp(word, "0");
        uint32_t at;
        if (!t || !read_time(second, &at))
            return "has an index that is none";
        if ((one || zero) && !t->started)
            t->start = at, t->started = true;
        if (one)
            t->index = at, t->indexed = true;
    }
    return NULL;
}

/* Lengths and places of the tracks, one after the other. */
static bool lay_out(struct image *image, struct disc *disc, struct error *error)
{
    int64_t at = 0;
    uint64_t offset = 0;

    for (unsigned n = 0; n < disc->count; n++) {
        struct track *t = &disc->track[n], *next = n + 1 < disc->count ? t + 1 : NULL;
        uint64_t size = image->sources[t->source].size;
        if (!t->indexed || t->index < t->start)
            return image_wrong(image, NULL, error, "has a track without a beginning");
        if (n == 0 || t[-1].source != t->source) {
            offset = 0;
            t->start = 0; /* what is before the first index leads to it */
        }
        if (n == 0)
            at = -(int64_t)t->index;
        at += t->pregap;
        t->first = at;
        t->offset = offset;
        if (next && next->source == t->source) {
            if (next->start <= t->start)
                return image_wrong(image, NULL, error, "has tracks that are not in order");
            t->frames = next->start - t->start;
        } else if (offset < size && (size - offset) / t->type->frame < FRAMES_LIMIT) {
            t->frames = (uint32_t)((size - offset) / t->type->frame);
        }
        offset += (uint64_t)t->frames * t->type->frame;
        if (!t->frames || offset > size)
            return image_wrong_at(image, t->source, size, error, "ends before its tracks do");
        at += t->frames;
    }
    return true;
}

/* The size of the disk, and what in it is no data. */
static bool measure(struct image *image, const struct disc *disc, struct error *error)
{
    int64_t end = 0;
    char note[64];

    for (unsigned n = 0; n < disc->count; n++) {
        const struct track *t = &disc->track[n];
        snprintf(note, sizeof note, "%u, %s, %u frames", n + 1, t->type->name, t->frames);
        if (!image_add_note(image, "track", note, error))
            return false;
        if (t->type->data == 0xFFFF)
            continue;
        if (t->first > end &&
            !image_add_bad(image, (uint64_t)end * SECTORS_A_FRAME, (uint64_t)(t->first - end) * SECTORS_A_FRAME, error))
            return false;
        end = t->first + t->frames;
    }
    image->size = end > 0 ? (uint64_t)end * USER_DATA : 0;
    return end > 0 || image_wrong(image, NULL, error, "is a disc without data");
}

static bool take_sheet(struct image *image, struct disc *disc, const struct probe *probe, struct error *error)
{
    char *text = probe->size < SHEET_LIMIT ? calloc(1, (size_t)probe->size + 1) : NULL;
    uint32_t file = 0;
    bool good = text ? source_read(&image->sources[0], 0, text, (size_t)probe->size, error)
                     : image_wrong(image, NULL, error, "is too long for a cue sheet");

    for (const char *line = text; good && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *wrong = take_line(image, disc, line, &file, error);
        good = !wrong || (*wrong && image_wrong_at(image, 0, (uint64_t)(line - text), error, wrong));
    }
    free(text);
    return good && (disc->count || image_wrong(image, NULL, error, "has no tracks"));
}

/* --- The reader --- */

/* A sheet is text with a FILE and a TRACK in it. */
static bool cue_recognise(const struct probe *probe)
{
    const char *dot = strrchr(probe->name, '.');
    char head[sizeof probe->head + 1];

    if (is_frame(probe))
        return true;
    if (!dot || strcasecmp(dot, ".cue"))
        return false;
    memcpy(head, probe->head, sizeof probe->head);
    head[probe->head_size] = '\0';
    for (char *c = head; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return strstr(head, "FILE ") && strstr(head, "TRACK ");
}

static bool cue_open(struct image *image, const struct probe *probe, struct error *error)
{
    struct disc *disc = image_state(image, sizeof *disc, error);

    if (!disc)
        return false;
    snprintf(image->info.title, sizeof image->info.title, "compact disc");
    if (!is_frame(probe)) {
        if (!take_sheet(image, disc, probe, error))
            return false;
    } else {
        disc->track[0] = (struct track){
            .type = find_type(probe->head[15] == 1 ? "MODE1/2352" : "MODE2/2352"), .started = true, .indexed = true};
        disc->count = 1;
    }
    return lay_out(image, disc, error) && measure(image, disc, error);
}

static bool cue_locate(struct image *image, uint64_t sector, struct piece *piece, struct error *error)
{
    const struct disc *disc = image->state;
    int64_t frame = (int64_t)(sector / SECTORS_A_FRAME);
    uint32_t inside = sector % SECTORS_A_FRAME;
    const struct track *t = disc->track;

    (void)error;
    while (frame >= t->first + t->frames) /* what is beyond the last of data is not asked for */
        t++;
    piece->kind = PIECE_STORED;
    piece->source = t->source;
    piece->sectors = t->type->frame == USER_DATA ? (uint64_t)(t->first + t->frames - frame) * SECTORS_A_FRAME - inside
                                                 : SECTORS_A_FRAME - inside;
    piece->offset = t->offset + (uint64_t)(frame - t->first) * t->type->frame + t->type->data + inside * SECTOR_SIZE;
    return true;
}

const struct reader cue_reader = {.name = "cue", .recognise = cue_recognise, .open = cue_open, .locate = cue_locate};
