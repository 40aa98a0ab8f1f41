/* cue.c - compact discs as cue sheet and files of frames (CDRWIN's manual, "Cuesheet Commands"; ECMA-130 §14; sessions
 * in comments, as drive images of Redump and IsoBuster have them), and one such file by itself.
 *
 * The disk is what a drive reads as data, sectors of 2,048 bytes from the first track's index 1 to the end of the last
 * track of data. What is no data is unreadable, as it is to a program that reads data: tracks of sound, what lies
 * between sessions, frames of form 2, and frames that do not fit their error detection code. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/images/reader.h"

enum { FRAME = 2352, HEADER = 16, SUBHEADER = 8, FORM_2 = 0x20, USER_DATA = 2048 };
enum { SECTORS_A_FRAME = USER_DATA / SECTOR_SIZE, SHEET_LIMIT = 1 << 20, TRACKS = 99 };
enum { FRAMES_A_SECOND = 75, FRAMES_LIMIT = 100 * 60 * FRAMES_A_SECOND };
enum { LEAD_OUT = 6750, LATER_LEAD_OUT = 2250, LEAD_IN = 4500, PREGAP = 150 }; /* frames between sessions */

enum contents { DATA, HEADED, XA, SOUND }; /* 2,048 bytes; a whole frame; one from its subheader on; none */

static const struct track_type {
    const char *name;
    uint16_t frame;
    enum contents contents;
} types[] = {
    {"MODE1/2048", 2048, DATA}, {"MODE1/2352", 2352, HEADED}, {"MODE1/2448", 2448, HEADED}, {"MODE2/2048", 2048, DATA},
    {"MODE2/2336", 2336, XA},   {"MODE2/2352", 2352, HEADED}, {"MODE2/2448", 2448, HEADED}, {"CDI/2336", 2336, XA},
    {"CDI/2352", 2352, HEADED}, {"AUDIO", 2352, SOUND},       {"CDG", 2448, SOUND},
};

struct track {
    const struct track_type *type;
    uint32_t source, pregap; /* frames that no file has */
    uint32_t between;        /* frames from the session before to this one, if it is another */
    uint32_t start, index;   /* in the file: of the track with what leads to it, and of index 1 */
    bool started, indexed;   /* whether they were given */
    unsigned session;
    int64_t first;   /* of the disc: the frame of `start`, counted from the first track's index 1 */
    uint32_t frames; /* from `start` on */
    uint64_t offset; /* of `start` in the file, in bytes */
};

struct disc {
    struct track track[TRACKS];
    unsigned count;
    unsigned session;                   /* that the sheet has come to, counted from 0 */
    uint32_t lead_out, lead_in, pregap; /* between sessions, as the sheet says it; 0: as the standard does */
    uint32_t crc[256];
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

/* What a comment says of sessions. */
static void take_comment(struct disc *disc, const char *key, const char *value)
{
    unsigned long session;

    if (!strcasecmp(key, "LEAD-OUT"))
        read_time(value, &disc->lead_out);
    else if (!strcasecmp(key, "LEAD-IN"))
        read_time(value, &disc->lead_in);
    else if (!strcasecmp(key, "PREGAP"))
        read_time(value, &disc->pregap);
    else if (!strcasecmp(key, "SESSION") && (session = strtoul(value, NULL, 10)) > 0 && session <= TRACKS)
        disc->session = (unsigned)session - 1;
}

/* Frames from the session before to this one. */
static uint32_t between_sessions(const struct disc *disc, unsigned before)
{
    return (disc->lead_out ? disc->lead_out
            : before       ? LATER_LEAD_OUT
                           : LEAD_OUT) +
           (disc->lead_in ? disc->lead_in : LEAD_IN) + (disc->pregap ? disc->pregap : PREGAP);
}

static const char *take_track(struct disc *disc, const char *type, uint32_t file)
{
    struct track *t = &disc->track[disc->count];

    if (disc->count == TRACKS || !file)
        return file ? "has more than 99 tracks" : "has a track without a file";
    *t = (struct track){.type = find_type(type), .source = file, .session = disc->session};
    if (disc->count && t[-1].session > t->session)
        return "has sessions that are not in order";
    if (disc->count && t[-1].session < t->session) {
        t->between = between_sessions(disc, t[-1].session);
        disc->lead_out = disc->lead_in = disc->pregap = 0;
    }
    disc->count++;
    return t->type ? NULL : "has a track of a type that this program does not know";
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
    if (!strcasecmp(command, "TRACK"))
        return take_track(disc, second, *file);
    if (!strcasecmp(command, "REM"))
        take_comment(disc, word, second);
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
        at += t->pregap + t->between;
        if (t->between && t->index - t->start == PREGAP) { /* which the file has */
            if (t->between < PREGAP)
                return image_wrong(image, NULL, error, "has sessions that overlap");
            at -= PREGAP;
        }
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
        snprintf(note, sizeof note, "%u, %s, %u frames%s", n + 1, t->type->name, t->frames,
                 t->between ? ", of another session" : "");
        if (!image_add_note(image, "track", note, error))
            return false;
        if (t->type->contents == SOUND)
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
    image->cluster_size = USER_DATA;
    for (uint32_t n = 0; n < 256; n++) {
        disc->crc[n] = n;
        for (int bit = 0; bit < 8; bit++)
            disc->crc[n] = disc->crc[n] >> 1 ^ (disc->crc[n] & 1 ? 0xD8018001u : 0);
    }
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
    piece->source = t->source;
    piece->offset = t->offset + (uint64_t)(frame - t->first) * t->type->frame;
    if (t->type->contents == DATA) {
        piece->kind = PIECE_STORED;
        piece->offset += inside * SECTOR_SIZE;
        piece->sectors = (uint64_t)(t->first + t->frames - frame) * SECTORS_A_FRAME - inside;
        return true;
    }
    piece->kind = PIECE_PACKED;
    piece->cluster = (uint64_t)frame;
    piece->inside = inside;
    piece->sectors = SECTORS_A_FRAME - inside;
    piece->length = t->type->contents == XA ? FRAME - HEADER : FRAME;
    return true;
}

static bool fits_code(const struct disc *disc, const uint8_t *bytes, size_t size)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = sum >> 8 ^ disc->crc[(sum ^ bytes[i]) & 0xFF];
    return sum == get_le32(bytes + size);
}

/* The 2,048 bytes of a frame, whose mode is in its header and its form in its subheader. */
static bool cue_unpack(struct image *image, const struct piece *piece, uint8_t *cluster, struct error *error)
{
    const struct disc *disc = image->state;
    uint8_t frame[FRAME] = {0}, *subheader = frame + HEADER;

    if (!source_read(&image->sources[piece->source], piece->offset, frame + FRAME - piece->length, piece->length,
                     error))
        return false;
    bool headed = piece->length == FRAME, first = headed && frame[15] == 1, second = !headed || frame[15] == 2;
    const uint8_t *data = first ? subheader : subheader + SUBHEADER;
    bool sound = first ? fits_code(disc, frame, HEADER + USER_DATA)
                       : second && !(subheader[2] & FORM_2) && fits_code(disc, subheader, SUBHEADER + USER_DATA);

    image->spoilt = !sound;
    memcpy(cluster, data, USER_DATA);
    return sound || image_wrong_at(image, piece->source, piece->offset, error,
                                   "has a frame that does not fit its error detection code");
}

const struct reader cue_reader = {
    .name = "cue", .recognise = cue_recognise, .open = cue_open, .locate = cue_locate, .unpack = cue_unpack};
