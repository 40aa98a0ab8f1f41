/* viewer.c - what a viewer says: the handshake (RFC 6143, 7.1 to 7.3) and its messages (7.5). */
#include "desk/rfb/viewer.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_LIMIT 255u         /* bytes of a name or password */
#define CUT_TEXT_LIMIT (1u << 24) /* bytes that a viewer may send in one text, of which most are ignored */
#define FENCE_LIMIT 64u           /* bytes of payload */
#define FENCE_FLAGS 7u            /* block before, block after, sync next: all follow from the order of messages */
#define FENCE_REQUEST 0x80000000u
#define WHEEL_STEP 1
#define COPIES_WAITING (1u << 20) /* bytes that wait for a viewer, above which it is not sent what the guest copied */

enum {
    SECURITY_NONE = 1,
    SECURITY_VNC = 2,
    SECURITY_VENCRYPT = 19,
    VENCRYPT_X509_VNC = 261,
    VENCRYPT_X509_PLAIN = 262
};

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

static void put32(struct text *t, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};

    text_add(t, bytes, sizeof bytes);
}

static void put8(struct text *t, uint8_t value)
{
    text_add(t, &value, 1);
}

/* Ends the connection: returns -1 for what reads. */
static int over(struct rfb_viewer *v, const char *reason)
{
    v->phase = PHASE_OVER;
    v->reason = reason;
    return -1;
}

/* --- The handshake. Each function gets what has come, and returns how much of it it used; 0: it needs more; -1: the
 * connection is over. --- */

static int read_version(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    const struct rfb_settings *s = v->settings;

    if (have < 12)
        return 0;
    if (memcmp(at, "RFB 003.008\n", 12))
        return over(v, "the viewer does not speak RFB 3.8");
    if (!s->password) {
        text_add(&v->output, "\1\1", 2);
    } else if (s->tls && !s->tls_only) {
        text_add(&v->output, "\2\23\2", 3);
    } else {
        put8(&v->output, 1);
        put8(&v->output, s->tls ? SECURITY_VENCRYPT : SECURITY_VNC);
    }
    v->phase = PHASE_SECURITY;
    return 12;
}

static void challenge(struct rfb_viewer *v)
{
    v->desk->random(v->desk->context, v->challenge, sizeof v->challenge);
    text_add(&v->output, v->challenge, sizeof v->challenge);
    v->phase = PHASE_RESPONSE;
}

static void admit(struct rfb_viewer *v, bool view_only)
{
    v->view_only = v->view_only || view_only;
    put32(&v->output, 0);
    v->phase = PHASE_INIT;
}

static int refuse(struct rfb_viewer *v)
{
    static const char reason[] = "wrong password";

    put32(&v->output, 1);
    put32(&v->output, sizeof reason - 1);
    text_add(&v->output, reason, sizeof reason - 1);
    v->refused = true;
    return over(v, reason);
}

static int read_security(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    const struct rfb_settings *s = v->settings;

    if (!have)
        return 0;
    v->security = at[0];
    if (at[0] == SECURITY_NONE && !s->password) {
        admit(v, false);
    } else if (at[0] == SECURITY_VNC && s->password && !s->tls_only) {
        challenge(v);
    } else if (at[0] == SECURITY_VENCRYPT && s->password && s->tls) {
        text_add(&v->output, "\0\2", 2);
        v->phase = PHASE_VENCRYPT_VERSION;
    } else {
        return over(v, "the viewer chose a security type that was not offered");
    }
    return 1;
}

static int read_vencrypt_version(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    if (have < 2)
        return 0;
    if (at[0] != 0 || at[1] != 2) {
        put8(&v->output, 1);
        return over(v, "the viewer does not speak VeNCrypt 0.2");
    }
    text_add(&v->output, "\0\2", 2); /* it may; two sub-types */
    put32(&v->output, VENCRYPT_X509_PLAIN);
    put32(&v->output, VENCRYPT_X509_VNC);
    v->phase = PHASE_VENCRYPT_TYPE;
    return 2;
}

static int read_vencrypt_type(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    if (have < 4)
        return 0;
    v->security = get32(at);
    if (v->security != VENCRYPT_X509_VNC && v->security != VENCRYPT_X509_PLAIN) {
        put8(&v->output, 0);
        return over(v, "the viewer chose a security type that was not offered");
    }
    put8(&v->output, 1);
    v->phase = PHASE_TLS;
    return 4;
}

void rfb_tls_begun(struct rfb_viewer *v)
{
    v->phase = PHASE_PLAIN;
    if (v->security == VENCRYPT_X509_VNC)
        challenge(v);
}

static bool is_secret(const char *secret, const uint8_t *given, size_t size)
{
    uint8_t padded[2][SECRET_LIMIT + 1] = {{0}, {0}};

    if (!secret || strlen(secret) > SECRET_LIMIT || size > SECRET_LIMIT)
        return false;
    memcpy(padded[0], secret, strlen(secret));
    memcpy(padded[1], given, size);
    return same_secret(padded[0], padded[1], sizeof *padded) && size == strlen(secret);
}

static int read_plain(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    uint32_t user, password;

    if (have < 8)
        return 0;
    user = get32(at);
    password = get32(at + 4);
    if (user > SECRET_LIMIT || password > SECRET_LIMIT)
        return over(v, "a name or password is too long");
    if (have < 8 + user + password)
        return 0;
    at += 8 + user; /* whatever the name */
    if (is_secret(v->settings->password, at, password))
        admit(v, false);
    else if (is_secret(v->settings->viewer_password, at, password))
        admit(v, true);
    else
        return refuse(v);
    return (int)(8 + user + password);
}

static bool answers(const struct rfb_viewer *v, const char *password, const uint8_t *response)
{
    uint8_t expected[16];

    return password && vnc_response(password, v->challenge, expected) && same_secret(expected, response, 16);
}

static int read_response(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    if (have < 16)
        return 0;
    if (answers(v, v->settings->password, at))
        admit(v, false);
    else if (answers(v, v->settings->viewer_password, at))
        admit(v, true);
    else
        return refuse(v);
    return 16;
}

static int read_init(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    uint8_t format[16];

    (void)at; /* others are never sent away */
    if (!have)
        return 0;
    put32(&v->output, v->width << 16 | v->height);
    encoder_offer(format);
    text_add(&v->output, format, sizeof format);
    put32(&v->output, (uint32_t)strlen(v->settings->name));
    text_add(&v->output, v->settings->name, strlen(v->settings->name));
    v->phase = PHASE_MESSAGES;
    return 1;
}

/* --- Messages: as the functions above, called when all of a message's fixed length has come. --- */

static int set_format(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    (void)have;
    if (!encoder_set_format(&v->encoder, at + 4))
        return over(v, "the viewer asked for a pixel format that is none");
    if (v->encoder.mapped)
        encoder_colour_map(&v->output);
    return 20;
}

static int set_encodings(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    (void)have;
    v->encodings_left = get16(at + 2);
    v->encoding_chosen = false;
    v->encoder.encoding = ENCODING_RAW;
    v->features = 0;
    v->phase = v->encodings_left ? PHASE_ENCODINGS : PHASE_MESSAGES;
    return 4;
}

static int read_encoding(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    static const struct {
        int32_t number;
        unsigned feature;
    } features[] = {{ENCODING_COPY, CAN_COPY}, {-239, CAN_CURSOR}, {-223, CAN_RESIZE}, {-308, CAN_RESIZE_EXTENDED},
                    {-261, CAN_LEDS},          {-258, CAN_KEYS},   {-257, CAN_MOTION}, {-312, CAN_FENCE},
                    {-313, CAN_CONTINUE},      {-259, CAN_HEAR}};
    int32_t number;

    if (have < 4)
        return 0;
    number = (int32_t)get32(at);
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        if (features[i].number == number)
            v->features |= features[i].feature;
    if (!v->encoding_chosen && (number == ENCODING_RAW || number == ENCODING_ZLIB || number == ENCODING_ZRLE)) {
        v->encoding_chosen = true;
        v->encoder.encoding = number;
    }
    if ((number & ~0xFF) == RFB_LAYOUT && layout_numbered(number & 0xFF)) {
        v->typist.layout = layout_numbered(number & 0xFF);
        v->features |= CAN_LAYOUT;
    }
    if (number >= -256 && number <= -247)
        v->encoder.level = number + 256 > 0 ? number + 256 : 1;
    if (--v->encodings_left)
        return 4;
    v->phase = PHASE_MESSAGES;
    /* These two are announced by messages of their own. */
    if (v->features & ~v->announced & CAN_FENCE) {
        put32(&v->output, 248u << 24);
        put32(&v->output, FENCE_REQUEST);
        put8(&v->output, 0);
    }
    if (v->features & ~v->announced & CAN_CONTINUE)
        put8(&v->output, 150);
    v->announced |= v->features & (CAN_FENCE | CAN_CONTINUE | CAN_COPY);
    return 4;
}

/* The part of an area that lies in the viewer's framebuffer. */
static struct rfb_area clip(const struct rfb_viewer *v, const uint8_t *at)
{
    struct rfb_area a = {get16(at), get16(at + 2), get16(at) + get16(at + 4), get16(at + 2) + get16(at + 6)};

    a.x1 = a.x1 < v->width ? a.x1 : v->width;
    a.y1 = a.y1 < v->height ? a.y1 : v->height;
    return a.x0 < a.x1 && a.y0 < a.y1 ? a : (struct rfb_area){0, 0, 0, 0};
}

static int request_update(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    (void)have;
    v->requested = true;
    if (at[1])
        return 10;
    v->forced = v->forced.x0 < v->forced.x1 ? (struct rfb_area){0, 0, v->width, v->height} : clip(v, at + 2);
    v->resized = v->resized || v->features & CAN_RESIZE_EXTENDED;
    return 10;
}

static int key_event(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    (void)have;
    if (!v->view_only)
        typist_symbol(&v->typist, get32(at + 4), at[1], v->indicators.leds & 4);
    return 8;
}

/* The buttons 4 and 5 are the wheel: each press of one is a step. */
static int pointer_event(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    static const unsigned buttons[3] = {POINTER_LEFT, POINTER_MIDDLE, POINTER_RIGHT};
    const bool relative = v->features & CAN_MOTION && v->announced & CAN_MOTION && !v->shown.positions;
    unsigned x = get16(at + 2), y = get16(at + 4), pressed = at[1] & ~v->wheel_buttons;
    struct rfb_pointer p = {.wheel = 0};

    (void)have;
    if (v->view_only)
        return 6;
    for (unsigned i = 0; i < 3; i++)
        p.buttons |= at[1] >> i & 1 ? buttons[i] : 0;
    p.wheel = pressed & 16 ? WHEEL_STEP : pressed & 8 ? -WHEEL_STEP : 0;
    if (relative) {
        p.dx = (int)x - 0x7FFF;
        p.dy = (int)y - 0x7FFF;
    } else {
        p.placed = v->width && v->height;
        x = x < v->width ? x : v->width - 1;
        y = y < v->height ? y : v->height - 1;
        p.x = (uint16_t)((2 * (uint64_t)x + 1) * 32768 / (v->width ? v->width : 1));
        p.y = (uint16_t)((2 * (uint64_t)y + 1) * 32768 / (v->height ? v->height : 1));
        p.dx = v->pointer_known ? (int)x - v->pointer_x : 0;
        p.dy = v->pointer_known ? (int)y - v->pointer_y : 0;
        v->pointer_x = (uint16_t)x;
        v->pointer_y = (uint16_t)y;
    }
    v->pointer_known = !relative;
    v->wheel_buttons = at[1] & 24;
    v->buttons = p.buttons;
    v->desk->pointer(v->desk->context, &p);
    return 6;
}

static int cut_text(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    (void)have;
    v->cut_left = get32(at + 4);
    v->cut_count = 0;
    if (v->cut_left > CUT_TEXT_LIMIT)
        return over(v, "the viewer sent a text that is too long");
    v->phase = v->cut_left ? PHASE_CUT_TEXT : PHASE_MESSAGES;
    return 8;
}

static int read_cut_text(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    size_t used = have < v->cut_left ? have : v->cut_left, room = sizeof v->cut - v->cut_count;

    memcpy(v->cut + v->cut_count, at, used < room ? used : room);
    v->cut_count += used < room ? used : room;
    v->cut_left -= (uint32_t)used;
    if (!v->cut_left) {
        v->phase = PHASE_MESSAGES;
        if (!v->view_only)
            v->desk->cut(v->desk->context, v->cut, v->cut_count);
    }
    return (int)used;
}

static int enable_updates(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    (void)have;
    if (!(v->announced & CAN_CONTINUE))
        return over(v, "the viewer sent a message that was not offered");
    if (v->continuous && !at[1])
        put8(&v->output, 150);
    v->continuous = at[1];
    return 10;
}

static int fence(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    uint32_t flags = get32(at + 4);
    unsigned length = at[8];

    if (length > FENCE_LIMIT)
        return over(v, "the viewer sent a fence that is too long");
    if (have < 9 + length)
        return 0;
    if (flags & FENCE_REQUEST) {
        put32(&v->output, 248u << 24);
        put32(&v->output, flags & FENCE_FLAGS);
        put8(&v->output, (uint8_t)length);
        text_add(&v->output, at + 9, length);
    }
    return (int)(9 + length);
}

/* The guest decides on its size. */
static int set_size(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    size_t length = 8 + 16 * (size_t)at[6];

    if (at[6] > 16)
        return over(v, "the viewer named too many screens");
    if (have < length)
        return 0;
    v->size_reason = 1; /* the viewer asked, */
    v->size_result = 1; /* and it is prohibited */
    v->resized = v->resized || v->features & CAN_RESIZE_EXTENDED;
    return (int)length;
}

/* Key codes are those of set 1, bit 7 standing for the E0 prefix; but Pause and Print have others. */
static int qemu_key(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    uint32_t code;

    if (have < 12)
        return 0;
    code = get32(at + 8);
    if (v->view_only)
        return 12;
    code = code == 0xC6 ? 0xE1 : code == 0x54 ? 0xB7 : code;
    if (code && code < 256)
        typist_key(&v->typist, (uint8_t)code, get16(at + 2));
    else
        typist_symbol(&v->typist, get32(at + 4), get16(at + 2), v->indicators.leds & 4);
    return 12;
}

static int qemu_message(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    const bool hears = at[1] == 1 && v->announced & CAN_HEAR;
    const int used = at[1] == 0 ? qemu_key(v, at, have) : hears ? audio_message(v, at, have) : -1;

    return used < 0 ? over(v, "the viewer sent a message that was not offered") : used;
}

static int read_message(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    static const struct {
        uint8_t type, size; /* fixed part */
        int (*read)(struct rfb_viewer *v, const uint8_t *at, size_t have);
    } messages[] = {{0, 20, set_format},   {2, 4, set_encodings}, {3, 10, request_update},   {4, 8, key_event},
                    {5, 6, pointer_event}, {6, 8, cut_text},      {150, 10, enable_updates}, {248, 9, fence},
                    {251, 8, set_size},    {255, 4, qemu_message}};

    for (size_t i = 0; i < sizeof messages / sizeof *messages && have; i++)
        if (messages[i].type == at[0])
            return have < messages[i].size ? 0 : messages[i].read(v, at, have);
    return have ? over(v, "the viewer sent a message that is unknown") : 0;
}

static int read_part(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    static int (*const reads[])(struct rfb_viewer * v, const uint8_t *at, size_t have) = {
        [PHASE_VERSION] = read_version,
        [PHASE_SECURITY] = read_security,
        [PHASE_VENCRYPT_VERSION] = read_vencrypt_version,
        [PHASE_VENCRYPT_TYPE] = read_vencrypt_type,
        [PHASE_PLAIN] = read_plain,
        [PHASE_RESPONSE] = read_response,
        [PHASE_INIT] = read_init,
        [PHASE_MESSAGES] = read_message,
        [PHASE_ENCODINGS] = read_encoding,
        [PHASE_CUT_TEXT] = read_cut_text,
    };

    if (v->phase == PHASE_OVER)
        return -1;
    if (v->phase == PHASE_TLS)
        return have ? over(v, "the viewer spoke before TLS began") : 0;
    return have ? reads[v->phase](v, at, have) : 0;
}

bool rfb_take(struct rfb_viewer *v, const uint8_t *bytes, size_t count)
{
    while (count || v->input_count) {
        size_t room = sizeof v->input - v->input_count, taken = count < room ? count : room, used = 0;
        int part = 0;
        memcpy(v->input + v->input_count, bytes, taken);
        v->input_count += taken;
        bytes += taken;
        count -= taken;
        while ((part = read_part(v, v->input + used, v->input_count - used)) > 0)
            used += (size_t)part;
        if (part < 0)
            return false;
        memmove(v->input, v->input + used, v->input_count - used);
        v->input_count -= used;
        if (!count)
            break;
    }
    if (v->output.failed)
        over(v, "out of memory");
    return v->phase != PHASE_OVER;
}

/* --- From and to the outside --- */

static void press_key(void *context, uint8_t key, bool down)
{
    struct rfb_viewer *v = context;

    v->desk->key(v->desk->context, key, down);
}

struct rfb_viewer *rfb_open(const struct rfb_settings *settings, const struct rfb_desk *desk, unsigned width,
                            unsigned height)
{
    struct rfb_viewer *v = calloc(1, sizeof *v);

    if (!v)
        return NULL;
    v->settings = settings;
    v->desk = desk;
    v->view_only = settings->view_only;
    v->shown.leds = 0xFF;
    v->typist = (struct typist){.layout = settings->layout, .key = press_key, .context = v};
    encoder_begin(&v->encoder);
    audio_begin(&v->audio);
    text_add(&v->output, "RFB 003.008\n", 12);
    if (viewer_resize(v, width ? width : 640, height ? height : 480) && !v->output.failed)
        return v;
    rfb_close(v);
    return NULL;
}

void rfb_close(struct rfb_viewer *v)
{
    typist_rest(&v->typist);
    if (v->buttons)
        v->desk->pointer(v->desk->context, &(struct rfb_pointer){.buttons = 0});
    encoder_end(&v->encoder);
    text_free(&v->output);
    free(v->shadow);
    free(v->changed);
    free(v);
}

const char *rfb_reason(const struct rfb_viewer *v)
{
    return v->reason;
}

bool rfb_was_refused(const struct rfb_viewer *v)
{
    return v->refused;
}

const uint8_t *rfb_output(const struct rfb_viewer *v, size_t *count)
{
    *count = v->output.length - v->sent;
    return (const uint8_t *)v->output.bytes + v->sent;
}

void rfb_sent(struct rfb_viewer *v, size_t count)
{
    v->sent += count;
    if (2 * v->sent < v->output.length)
        return;
    v->output.length -= v->sent;
    memmove(v->output.bytes, v->output.bytes + v->sent, v->output.length);
    v->sent = 0;
}

bool rfb_wants_tls(const struct rfb_viewer *v)
{
    return v->phase == PHASE_TLS;
}

bool rfb_watches(const struct rfb_viewer *v)
{
    return v->phase >= PHASE_MESSAGES && v->phase < PHASE_OVER;
}

void rfb_indicate(struct rfb_viewer *v, const struct machine_indicators *indicators)
{
    v->indicators = *indicators;
}

void rfb_copied(struct rfb_viewer *v, const uint8_t *text, size_t length)
{
    if (!rfb_watches(v) || v->output.length - v->sent > COPIES_WAITING)
        return;
    put32(&v->output, 3u << 24);
    put32(&v->output, (uint32_t)length);
    text_add(&v->output, text, length);
}
