/* atapi.c - a CD-ROM drive (SFF-8020i 2.6, INF-8090; MMC-2 where later systems ask for it).
 *
 * A packet is a row of the table below, which fills the buffer with what it answers; READ fills it again and again. The
 * host takes the answer in chunks of at most the byte count that it gave, or by DMA. Data discs with one track; audio
 * commands answer as a drive does that has no audio track. */
#include "emu/devices/atapi.h"

#include <string.h>

#include "emu/devices/ata_task.h"

enum {
    REASON_OUT = 0,
    REASON_COMMAND = 1,
    REASON_IN = 2,
    REASON_DONE = 3
}; /* Interrupt Reason, in the Sector Count register */
enum { SENSE_NONE = 0, SENSE_NOT_READY = 2, SENSE_MEDIUM = 3, SENSE_ILLEGAL = 5, SENSE_ATTENTION = 6 };
/* clang-format off */
enum { ASC_NO_MEDIUM = 0x3A, ASC_MEDIUM_CHANGED = 0x28, ASC_RESET = 0x29, ASC_NOT_SAVED = 0x39,
       ASC_OPCODE = 0x20, ASC_FIELD = 0x24, ASC_LENGTH = 0x1A, ASC_PARAMETER = 0x26, ASC_RANGE = 0x21, ASC_UNREADABLE = 0x11, ASC_LOCKED = 0x53,
       ASC_MODE = 0x64 };
/* clang-format on */
enum { MODE_SELECT_6 = 0x15, MODE_SENSE_6 = 0x1A, MODE_SELECT_10 = 0x55, MODE_SENSE_10 = 0x5A };
enum { EVENT_NEW_MEDIUM = 2, EVENT_MEDIUM_GONE = 3 };
#define FEATURE_DMA 1
#define CD_SECTOR 2048u
#define CD_SECTORS_PER_BUFFER ((uint32_t)sizeof(((struct ata *)0)->buffer) / CD_SECTOR)
#define LEAD_OUT 0xAA

static uint32_t big16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t big32(const uint8_t *p)
{
    return big16(p) << 16 | big16(p + 2);
}

static void put_big32(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t disc_sectors(struct ata *a)
{
    return (uint32_t)(ata_selected(a)->drive->sectors / (CD_SECTOR / SECTOR_SIZE));
}

/* The block at which the last session begins; 0: there is one. */
static uint32_t last_session(struct ata *a)
{
    const struct block *medium = ata_selected(a)->drive->medium;

    return medium ? (uint32_t)(medium->session / (CD_SECTOR / SECTOR_SIZE)) : 0;
}

/* How many sessions there are, and so tracks: of more than two, the first and the last are shown. */
static uint8_t session_count(struct ata *a)
{
    return last_session(a) ? 2 : 1;
}

static bool has_disc(const struct ata_unit *u)
{
    return u->drive->medium && !u->tray_open;
}

/* --- The end of a packet, and its data --- */

static void succeed(struct ata *a)
{
    ata_selected(a)->sense_key = SENSE_NONE;
    ata_selected(a)->sense_code = 0;
    a->now.count = REASON_DONE;
    ata_complete(a, 0);
}

static void fail(struct ata *a, uint8_t key, uint8_t code)
{
    ata_selected(a)->sense_key = key;
    ata_selected(a)->sense_code = code;
    a->now.count = REASON_DONE;
    ata_complete(a, (uint8_t)(key << 4 | ERROR_ABRT));
}

static bool by_dma(const struct ata *a)
{
    return a->now.feature & FEATURE_DMA && a->dma;
}

/* Whether the command takes a parameter list from the host. */
static bool takes_parameters(const struct ata *a)
{
    return a->packet[0] == MODE_SELECT_6 || a->packet[0] == MODE_SELECT_10;
}

/* The next chunk between buffer and host. */
static void next_chunk(struct ata *a)
{
    uint32_t limit = a->now.mid | (uint32_t)a->now.high << 8, rest = a->length - a->position;

    if (!limit || limit == 0xFFFF)
        limit = 0xFFFE;
    if (rest > limit)
        rest = limit & ~1u; /* only the last chunk may be odd */
    if (!rest)
        rest = 1;
    a->chunk = a->position + rest;
    a->now.count = takes_parameters(a) ? REASON_OUT : REASON_IN;
    a->chunk_limit = (uint16_t)limit;
    a->now.mid = (uint8_t)rest;
    a->now.high = (uint8_t)(rest >> 8);
    a->status = READY | STATUS_DRQ;
    ata_interrupt(a, true);
}

static void take_chunk_limit(struct ata *a)
{
    a->now.mid = (uint8_t)a->chunk_limit;
    a->now.high = (uint8_t)(a->chunk_limit >> 8);
}

/* What is in the buffer has been given: more of a READ, or the end. */
static void buffer_given(struct ata *a)
{
    a->length = a->position = 0;
    if (a->remaining)
        ata_busy(a, (uint64_t)SECTOR_US * 4);
    else
        succeed(a);
}

/* Gives the buffer's first `length` bytes to the host. */
static void give(struct ata *a, uint32_t length)
{
    a->length = length;
    a->position = 0;
    if (!length) {
        succeed(a);
    } else if (!by_dma(a)) {
        next_chunk(a);
    } else if (ata_dma_move(a, length, true)) {
        buffer_given(a);
    }
}

/* Gives an answer, cut to the allocation length of the packet. */
static void answer(struct ata *a, uint32_t length, uint32_t allocation)
{
    give(a, length < allocation ? length : allocation);
}

/* --- The commands --- */

static void test_unit_ready(struct ata *a)
{
    succeed(a);
}

static void request_sense(struct ata *a)
{
    struct ata_unit *u = ata_selected(a);

    a->buffer[0] = 0x70;
    a->buffer[2] = u->sense_key;
    a->buffer[7] = 10;
    a->buffer[12] = u->sense_code;
    answer(a, 18, a->packet[4]);
}

static void inquiry(struct ata *a)
{
    if (a->packet[1] & 1) { /* no vital product data */
        fail(a, SENSE_ILLEGAL, ASC_FIELD);
        return;
    }
    a->buffer[0] = 5;    /* CD-ROM */
    a->buffer[1] = 0x80; /* removable */
    a->buffer[3] = 0x21;
    a->buffer[4] = 31;
    memcpy(a->buffer + 8, "MUNIMENTARCHIVED CD-ROM 0   ", 28);
    answer(a, 36, a->packet[4]);
}

static void start_stop(struct ata *a)
{
    struct ata_unit *u = ata_selected(a);
    bool moves = a->packet[4] & 2, open = moves && !(a->packet[4] & 1);

    if (open && u->locked) {
        fail(a, has_disc(u) ? SENSE_ILLEGAL : SENSE_NOT_READY, ASC_LOCKED);
        return;
    }
    if (moves && open != u->tray_open && u->drive->medium) {
        u->media_event = open ? EVENT_MEDIUM_GONE : EVENT_NEW_MEDIUM;
        u->attention = open ? u->attention : ASC_MEDIUM_CHANGED;
    }
    if (moves)
        u->tray_open = open;
    succeed(a);
}

static void prevent_removal(struct ata *a)
{
    ata_selected(a)->locked = a->packet[4] & 1;
    succeed(a);
}

static void read_capacity(struct ata *a)
{
    put_big32(a->buffer, disc_sectors(a) - 1);
    put_big32(a->buffer + 4, CD_SECTOR);
    give(a, 8);
}

static void begin_read(struct ata *a, uint32_t first, uint32_t count)
{
    if (first > disc_sectors(a) || count > disc_sectors(a) - first) {
        fail(a, SENSE_ILLEGAL, ASC_RANGE);
        return;
    }
    a->sector = first;
    a->remaining = count;
    buffer_given(a);
}

static void read_10(struct ata *a)
{
    begin_read(a, big32(a->packet + 2), big16(a->packet + 7));
}

static void read_12(struct ata *a)
{
    begin_read(a, big32(a->packet + 2), big32(a->packet + 6));
}

/* Only the user data of mode 1 sectors. */
static void read_cd(struct ata *a)
{
    uint32_t count = big32(a->packet + 5) & 0xFFFFFF;

    if ((a->packet[9] & 0xF8) == 0x10)
        begin_read(a, big32(a->packet + 2), count);
    else if (!(a->packet[9] & 0xF8))
        succeed(a);
    else
        fail(a, SENSE_ILLEGAL, ASC_MODE);
}

/* Minutes, seconds and frames, with the two seconds of pre-gap, as a sector; before the first one there is none. */
static uint32_t from_msf(const uint8_t *p)
{
    return (p[0] * 60u + p[1]) * 75u + p[2] - 150u;
}

static void read_cd_msf(struct ata *a)
{
    uint32_t first = from_msf(a->packet + 3), end = from_msf(a->packet + 6);

    if (end < first || (a->packet[9] & 0xF8 && (a->packet[9] & 0xF8) != 0x10))
        fail(a, SENSE_ILLEGAL, end < first ? ASC_FIELD : ASC_MODE);
    else if (a->packet[9] & 0xF8)
        begin_read(a, first, end - first);
    else
        succeed(a);
}

static void seek(struct ata *a)
{
    if (big32(a->packet + 2) >= disc_sectors(a))
        fail(a, SENSE_ILLEGAL, ASC_RANGE);
    else
        succeed(a);
}

/* An address as LBA, or as minutes, seconds and frames with the two seconds of pre-gap. */
static void put_address(uint8_t *p, uint32_t lba, bool msf)
{
    uint32_t frame = lba + 150;

    if (!msf) {
        put_big32(p, lba);
        return;
    }
    p[0] = 0;
    p[1] = (uint8_t)(frame / (75 * 60));
    p[2] = (uint8_t)(frame / 75 % 60);
    p[3] = (uint8_t)(frame % 75);
}

static uint8_t *put_track(uint8_t *p, uint8_t number, uint32_t lba, bool msf)
{
    p[1] = 0x14; /* data track */
    p[2] = number;
    put_address(p + 4, lba, msf);
    return p + 8;
}

/* Sectors are of mode 1: READ HEADER. */
static void read_header(struct ata *a)
{
    uint32_t sector = big32(a->packet + 2);

    if (sector >= disc_sectors(a)) {
        fail(a, SENSE_ILLEGAL, ASC_RANGE);
        return;
    }
    a->buffer[0] = 1;
    put_address(a->buffer + 4, sector, a->packet[1] & 2);
    answer(a, 8, big16(a->packet + 7));
}

/* Blocks of lead-out, lead-in and pregap between the first session and the next (ECMA-394). */
enum { BETWEEN_SESSIONS = 6750 + 4500 + 150 };

/* The table as the lead-in of a session has it (format 2); a session has one track. */
static uint8_t *put_full_toc(struct ata *a, uint8_t *p, uint8_t session)
{
    const uint8_t points[] = {0xA0, 0xA1, 0xA2, session}; /* first track, last track, lead-out, the track */
    uint32_t next = session == 1 ? last_session(a) : 0;
    uint32_t end = next ? (next > BETWEEN_SESSIONS ? next - BETWEEN_SESSIONS : 0) : disc_sectors(a);

    for (unsigned i = 0; i < sizeof points; i++, p += 11) {
        uint8_t address[4] = {0, session};
        if (i >= 2)
            put_address(address, i == 2 ? end : session == 1 ? 0 : last_session(a), true);
        p[0] = session;
        p[1] = 0x14;
        p[3] = points[i];
        memcpy(p + 8, address + 1, 3);
    }
    return p;
}

static void read_toc(struct ata *a)
{
    bool msf = a->packet[1] & 2;
    uint8_t format = a->packet[2] & 15 ? a->packet[2] & 15 : a->packet[9] >> 6, *end = a->buffer + 4;
    uint8_t last = session_count(a), first = a->packet[6];

    if (format > 2 || (!format && first > last && first != LEAD_OUT) || (format == 2 && first > last)) {
        fail(a, SENSE_ILLEGAL, ASC_FIELD);
        return;
    }
    a->buffer[2] = 1; /* first and last track, or session */
    a->buffer[3] = last;
    if (format == 1)
        first = last;
    for (uint8_t n = first ? first : 1; n <= last; n++)
        end = format == 2 ? put_full_toc(a, end, n) : put_track(end, n, n == 1 ? 0 : last_session(a), msf);
    if (!format)
        end = put_track(end, LEAD_OUT, disc_sectors(a), msf);
    a->buffer[1] = (uint8_t)(end - a->buffer - 2);
    answer(a, (uint32_t)(end - a->buffer), big16(a->packet + 7));
}

/* Formats: 1 position, 2 catalogue number, 3 recording code; there are no such numbers, and nothing plays. */
static void read_subchannel(struct ata *a)
{
    static const uint8_t lengths[4] = {0, 12, 20, 20};
    uint8_t format = a->packet[3];

    a->buffer[1] = 0x15; /* no audio status */
    if (!(a->packet[2] & 0x40)) {
        answer(a, 4, big16(a->packet + 7));
        return;
    }
    if (!format || format > 3) {
        fail(a, SENSE_ILLEGAL, ASC_FIELD);
        return;
    }
    a->buffer[3] = lengths[format];
    a->buffer[4] = format;
    if (format != 2) {
        a->buffer[5] = 0x14;
        a->buffer[6] = 1;
    }
    if (format == 1) {
        a->buffer[7] = 1;
        put_address(a->buffer + 8, 0, a->packet[1] & 2);
        put_address(a->buffer + 12, 0, a->packet[1] & 2);
    }
    answer(a, 4u + lengths[format], big16(a->packet + 7));
}

/* --- Mode pages: SFF-8020i section 10.8 --- */

enum { PAGE_CURRENT, PAGE_CHANGEABLE, PAGE_DEFAULT, PAGE_SAVED };
enum { ALL_PAGES = 0x3F, PAGE_CAPABILITIES = 0x2A };

/* Error recovery, CD-ROM, audio control; then bit by bit what MODE SELECT can change of them: how to recover and how
 * often to try, the time until the drive rests, and which channel of a disc sounds at either output, how loud. */
static const uint8_t mode_defaults[ATAPI_MODE_BYTES] = {
    0x01, 6, 0, 0, 0, 0, 0, 0, 0x0D, 6, 0, 0, 0, 60, 0, 75, 0x0E, 14, 4, 0, 0, 0, 0, 0, 1, 0xFF, 2, 0xFF,
};
static const uint8_t mode_changeable[ATAPI_MODE_BYTES] = {
    0, 0, 0x3F, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0x0F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0F, 0xFF, 0x0F, 0xFF,
};
static const uint8_t capabilities[20] = {
    PAGE_CAPABILITIES, 18, 0, 0, 0x01, 0, 0x29, 0, 0x02, 0xC2, 0, 2, 0, 128, 0x02, 0xC2};
static const uint8_t nothing[sizeof capabilities] = {PAGE_CAPABILITIES, 18};

/* Length of a page in a list of them, with its two bytes of header. */
static uint32_t page_length(const uint8_t *page)
{
    return 2u + page[1];
}

/* Where the page of this number lies among those that can be changed, or null. */
static uint8_t *find_page(struct ata_unit *u, uint8_t number)
{
    for (uint32_t at = 0; at < ATAPI_MODE_BYTES; at += page_length(mode_defaults + at))
        if (mode_defaults[at] == number)
            return u->mode + at;
    return NULL;
}

static uint32_t put_pages(struct ata_unit *u, uint8_t *to, uint8_t number, unsigned control)
{
    uint32_t used = 0;

    for (uint32_t at = 0; at < ATAPI_MODE_BYTES; at += page_length(mode_defaults + at)) {
        const uint8_t *page = mode_defaults + at;
        if (number != ALL_PAGES && number != page[0])
            continue;
        memcpy(to + used,
               control == PAGE_CURRENT      ? u->mode + at
               : control == PAGE_CHANGEABLE ? mode_changeable + at
                                            : page,
               page_length(page));
        memcpy(to + used, page, 2);
        used += page_length(page);
    }
    if (number == ALL_PAGES || number == PAGE_CAPABILITIES) {
        memcpy(to + used, control == PAGE_CHANGEABLE ? nothing : capabilities, sizeof capabilities);
        used += sizeof capabilities;
    }
    return used;
}

/* A header of 4 (MODE SENSE(6)) or 8 bytes, and pages. */
static void mode_sense(struct ata *a)
{
    struct ata_unit *u = ata_selected(a);
    bool six = a->packet[0] == MODE_SENSE_6;
    uint8_t control = a->packet[2] >> 6;
    uint32_t header = six ? 4 : 8, pages = put_pages(u, a->buffer + header, a->packet[2] & ALL_PAGES, control);

    if (!pages || control == PAGE_SAVED) {
        fail(a, SENSE_ILLEGAL, pages ? ASC_NOT_SAVED : ASC_FIELD);
        return;
    }
    a->buffer[six ? 0 : 1] = (uint8_t)(header + pages - (six ? 1 : 2));
    a->buffer[six ? 1 : 2] = u->tray_open ? 0x71 : has_disc(u) ? 0x01 : 0x70; /* open; 120 mm data disc; none */
    answer(a, header + pages, six ? a->packet[4] : big16(a->packet + 7));
}

/* Takes a page as the host gave it. False: it would change what cannot be changed. */
static bool take_page(struct ata_unit *u, const uint8_t *page)
{
    uint8_t *mine = find_page(u, page[0] & ALL_PAGES);
    const uint8_t *changeable = mine ? mode_changeable + (mine - u->mode) : NULL;

    if (!mine || page[1] != mode_defaults[mine - u->mode + 1])
        return false;
    for (uint32_t i = 2; i < page_length(page); i++)
        if ((page[i] ^ mine[i]) & ~changeable[i])
            return false;
    memcpy(mine + 2, page + 2, page[1]);
    return true;
}

/* MODE SELECT's parameter list is in the buffer: header, block descriptors, pages. */
static void take_parameters(struct ata *a, uint32_t length)
{
    bool six = a->packet[0] == MODE_SELECT_6;
    uint32_t header = six ? 4 : 8, at = header + (six ? a->buffer[3] : big16(a->buffer + 6));

    if (length && (length < header || at > length)) {
        fail(a, SENSE_ILLEGAL, ASC_LENGTH);
        return;
    }
    for (; at < length; at += page_length(a->buffer + at))
        if (length - at < 2 || page_length(a->buffer + at) > length - at) {
            fail(a, SENSE_ILLEGAL, ASC_LENGTH);
            return;
        } else if (!take_page(ata_selected(a), a->buffer + at)) {
            fail(a, SENSE_ILLEGAL, ASC_PARAMETER);
            return;
        }
    succeed(a);
}

/* The host's bytes come by DMA or have come; then the list is taken. */
static void parameters_due(struct ata *a)
{
    uint32_t length = a->length;

    if (by_dma(a) && !ata_dma_move(a, length, false))
        return;
    a->length = a->position = 0;
    take_parameters(a, length);
}

/* Pages in the standard's format, which the drive keeps until a reset. */
static void mode_select(struct ata *a)
{
    uint32_t length = a->packet[0] == MODE_SELECT_6 ? a->packet[4] : big16(a->packet + 7);

    if (!(a->packet[1] & 0x10) || a->packet[1] & 1 || length > sizeof a->buffer) {
        fail(a, SENSE_ILLEGAL, ASC_FIELD);
        return;
    }
    a->length = length;
    a->position = 0;
    if (!length)
        succeed(a);
    else if (by_dma(a))
        parameters_due(a);
    else
        next_chunk(a);
}

static void mechanism_status(struct ata *a)
{
    a->buffer[1] = ata_selected(a)->tray_open ? 0x10 : 0;
    a->buffer[5] = 1;
    answer(a, 8, big16(a->packet + 8));
}

static void disc_information(struct ata *a)
{
    a->buffer[1] = 32;
    a->buffer[2] = 0x0E;                                           /* complete, last session complete */
    a->buffer[3] = 1;                                              /* first track */
    a->buffer[4] = a->buffer[5] = a->buffer[6] = session_count(a); /* and tracks of the last: from, to */
    answer(a, 34, big16(a->packet + 7));
}

/* Features (MMC-2 §5): code, version with bits 1 always and 0 now, length, data. Those that read a disc are there now
 * if one is in. */
static void get_configuration(struct ata *a)
{
    /* clang-format off */
    static const uint8_t features[][12] = {
        {0x00, 0x00, 0x03, 4, 0x00, 0x08, 0x01},                   /* profiles: CD-ROM */
        {0x00, 0x01, 0x03, 8, 0, 0, 0, 2, 1},                      /* core: ATAPI */
        {0x00, 0x03, 0x03, 4, 0x29},                               /* removable: a tray that locks and ejects */
        {0x00, 0x10, 0x00, 8, 0, 0, CD_SECTOR >> 8, 0, 0, 1, 0},   /* readable at random */
        {0x00, 0x1E, 0x00, 0},                                     /* reads CDs */
    };
    /* clang-format on */
    uint8_t type = a->packet[1] & 3, *end = a->buffer + 8, disc = has_disc(ata_selected(a));
    uint32_t first = big16(a->packet + 2);

    for (unsigned i = 0; i < sizeof features / sizeof *features; i++) {
        const uint8_t *feature = features[i];
        bool now = disc || feature[2] & 1;
        if (type == 2 ? big16(feature) != first : big16(feature) < first || (type == 1 && !now))
            continue;
        memcpy(end, feature, 4u + feature[3]);
        end[2] |= now;
        if (!i)
            end[6] = disc;
        end += 4 + feature[3];
    }
    a->buffer[3] = (uint8_t)(end - a->buffer - 4);
    a->buffer[7] = disc ? 8 : 0; /* current profile: CD-ROM */
    answer(a, (uint32_t)(end - a->buffer), big16(a->packet + 7));
}

/* Polled events of the media class; each is reported once. */
static void get_event_status(struct ata *a)
{
    struct ata_unit *u = ata_selected(a);
    bool media = a->packet[4] & 0x10;

    if (!(a->packet[1] & 1)) {
        fail(a, SENSE_ILLEGAL, ASC_FIELD);
        return;
    }
    a->buffer[1] = media ? 6 : 2;
    a->buffer[2] = media ? 4 : 0x80;
    a->buffer[3] = 0x10;
    a->buffer[4] = media ? u->media_event : 0;
    a->buffer[5] = (uint8_t)(has_disc(u) << 1 | u->tray_open);
    if (media && big16(a->packet + 7) > 4)
        u->media_event = 0;
    answer(a, media ? 8 : 4, big16(a->packet + 7));
}

/* Playing needs an audio track. */
static void play(struct ata *a)
{
    fail(a, SENSE_ILLEGAL, ASC_MODE);
}

enum { NEEDS_MEDIUM = 1, KEEPS_ATTENTION = 2 };

static const struct packet_command {
    uint8_t opcode, flags;
    void (*run)(struct ata *a);
} packet_commands[] = {
    {0x00, NEEDS_MEDIUM, test_unit_ready},
    {0x03, KEEPS_ATTENTION, request_sense},
    {0x12, KEEPS_ATTENTION, inquiry},
    {MODE_SENSE_6, 0, mode_sense},
    {0x1B, 0, start_stop},
    {0x1E, 0, prevent_removal},
    {0x25, NEEDS_MEDIUM, read_capacity},
    {0x44, NEEDS_MEDIUM, read_header},
    {0x48, NEEDS_MEDIUM, play},
    {0xB9, NEEDS_MEDIUM, read_cd_msf},
    {MODE_SELECT_6, 0, mode_select},
    {MODE_SELECT_10, 0, mode_select},
    {0x28, NEEDS_MEDIUM, read_10},
    {0x2B, NEEDS_MEDIUM, seek},
    {0x42, NEEDS_MEDIUM, read_subchannel},
    {0x43, NEEDS_MEDIUM, read_toc},
    {0x46, KEEPS_ATTENTION, get_configuration},
    {0x4A, KEEPS_ATTENTION, get_event_status},
    {0x45, NEEDS_MEDIUM, play},
    {0x47, NEEDS_MEDIUM, play},
    {0xA5, NEEDS_MEDIUM, play},
    {0x4B, NEEDS_MEDIUM, play},
    {0x4E, NEEDS_MEDIUM, test_unit_ready},
    {0x51, NEEDS_MEDIUM, disc_information},
    {MODE_SENSE_10, 0, mode_sense},
    {0xA8, NEEDS_MEDIUM, read_12},
    {0xBB, 0, test_unit_ready},
    {0xBD, 0, mechanism_status},
    {0xBE, NEEDS_MEDIUM, read_cd},
};

/* A medium that was inserted or removed is reported once, by a unit attention. */
static void notice_media(struct ata_unit *u)
{
    if (u->seen_media != u->drive->media) {
        u->seen_media = u->drive->media;
        u->attention = ASC_MEDIUM_CHANGED;
        u->media_event = u->drive->medium ? EVENT_NEW_MEDIUM : EVENT_MEDIUM_GONE;
        u->tray_open = false;
    }
}

static void run_packet(struct ata *a)
{
    struct ata_unit *u = ata_selected(a);
    const struct packet_command *c = packet_commands;
    const struct packet_command *end = c + sizeof packet_commands / sizeof *packet_commands;

    notice_media(u);
    while (c < end && c->opcode != a->packet[0])
        c++;
    memset(a->buffer, 0, sizeof a->buffer);
    if (c == end) {
        fail(a, SENSE_ILLEGAL, ASC_OPCODE);
    } else if (u->attention && !(c->flags & KEEPS_ATTENTION)) {
        uint8_t code = u->attention;
        u->attention = 0;
        fail(a, SENSE_ATTENTION, code);
    } else if (c->flags & NEEDS_MEDIUM && !has_disc(u)) {
        fail(a, SENSE_NOT_READY, ASC_NO_MEDIUM);
    } else {
        c->run(a);
    }
}

/* The next sectors of a READ. */
static void read_sectors(struct ata *a)
{
    uint32_t count = a->remaining < CD_SECTORS_PER_BUFFER ? a->remaining : CD_SECTORS_PER_BUFFER, done;
    const uint32_t each = CD_SECTOR / SECTOR_SIZE;

    switch (drive_read(ata_selected(a)->drive, a->sector * each, count * each, a->buffer, &done)) {
    case DRIVE_FAILED: return; /* the machine stops here */
    case DRIVE_BAD_SECTOR:     /* those before it are given first */
        count = done / each;
        if (!count) {
            fail(a, SENSE_MEDIUM, ASC_UNREADABLE);
            return;
        }
        break;
    case DRIVE_OK: break;
    }
    a->sector += count;
    a->remaining -= count;
    give(a, count * CD_SECTOR);
}

/* --- The commands of the task file --- */

static void identify(struct ata *a)
{
    memset(a->buffer, 0, SECTOR_SIZE);
    ata_put_word(a, 0, 0x85C0); /* ATAPI, CD-ROM, removable, 12-byte packets, DRQ within 50 us */
    ata_put_text(a, 10, 10, "MUNIMENT-CD");
    ata_put_text(a, 23, 4, "0");
    ata_put_text(a, 27, 20, "MUNIMENT ARCHIVED CD-ROM");
    ata_put_word(a, 49, a->dma ? 0x0B00 : 0x0A00);
    ata_put_dma_modes(a);
    ata_put_word(a, 64, 3);
    for (unsigned word = 65; word <= 68; word++)
        ata_put_word(a, word, 120);
    ata_put_word(a, 71, 30);
    ata_put_word(a, 72, 30);
    ata_put_word(a, 80, 0x1E);
    ata_put_word(a, 82, 0x0218); /* DEVICE RESET, PACKET, power management */
    ata_put_word(a, 83, 0x4000);
    ata_put_word(a, 84, 0x4000);
    ata_put_word(a, 85, 0x0218);
    ata_put_word(a, 87, 0x4000);
}

/* --- Called by the channel --- */

/* Commands of disks are aborted, with the signature where that says what the device is. */
void atapi_execute(struct ata *a, uint8_t opcode)
{
    ata_selected(a)->fresh = opcode == 0x08;
    if (ata_power_command(a, opcode))
        return;
    switch (opcode) {
    case 0x08: /* DEVICE RESET */
        atapi_reset(ata_selected(a));
        ata_show_signature(a);
        a->error = 1;
        a->status = READY; /* though this drive shows 00h */
        break;
    case 0xA0: /* PACKET: the device asks for the command's twelve bytes */
        ata_selected(a)->power = POWER_ACTIVE;
        a->now.count = REASON_COMMAND;
        a->chunk_limit = (uint16_t)(a->now.mid | a->now.high << 8);
        ata_data_phase(a, sizeof a->packet);
        break;
    case 0xA1: /* IDENTIFY PACKET DEVICE */ ata_busy(a, ACCESS_US); break;
    case 0xEF: ata_set_features(a); break;
    default: ata_show_signature(a); ata_complete(a, ERROR_ABRT);
    }
}

void atapi_due(struct ata *a)
{
    if (a->command == 0xA1) {
        identify(a);
        ata_data_phase(a, SECTOR_SIZE);
        ata_interrupt(a, true);
    } else if (a->length && takes_parameters(a)) {
        parameters_due(a);
    } else if (a->length) {
        give(a, a->length); /* it waited for the bus master */
    } else if (a->remaining) {
        read_sectors(a);
    } else {
        run_packet(a);
    }
}

bool atapi_takes_data(const struct ata *a)
{
    return a->command == 0xA0 && (a->now.count == REASON_COMMAND || a->now.count == REASON_OUT);
}

void atapi_moved(struct ata *a)
{
    if (a->command != 0xA0) { /* IDENTIFY PACKET DEVICE */
        a->length = a->position = 0;
        a->status = READY;
    } else if (a->now.count == REASON_COMMAND) {
        memcpy(a->packet, a->buffer, sizeof a->packet);
        a->length = a->position = 0;
        a->now.count = 0;
        ata_busy(a, ACCESS_US);
    } else {
        take_chunk_limit(a);
        if (a->position < a->length)
            next_chunk(a);
        else if (takes_parameters(a))
            ata_busy(a, SECTOR_US);
        else
            buffer_given(a);
    }
}

void atapi_reset(struct ata_unit *u)
{
    u->sense_key = u->sense_code = 0;
    u->attention = ASC_RESET;
    u->locked = false;
    memcpy(u->mode, mode_defaults, sizeof u->mode);
}
