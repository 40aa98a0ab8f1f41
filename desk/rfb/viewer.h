/* viewer.h - a viewer, for the files of desk/rfb/. */
#ifndef MUNIMENT_DESK_RFB_VIEWER_H
#define MUNIMENT_DESK_RFB_VIEWER_H

#include "desk/rfb/encode.h"
#include "desk/rfb/rfb.h"
#include "desk/rfb/typist.h"
#include "formats/text.h"

enum rfb_phase {
    PHASE_VERSION,
    PHASE_SECURITY,
    PHASE_VENCRYPT_VERSION,
    PHASE_VENCRYPT_TYPE,
    PHASE_TLS,
    PHASE_PLAIN,
    PHASE_RESPONSE,
    PHASE_INIT,
    PHASE_MESSAGES,
    PHASE_ENCODINGS, /* within SetEncodings */
    PHASE_CUT_TEXT,  /* within ClientCutText */
    PHASE_OVER
};

/* What a viewer can, beside encodings of rectangles; one bit each. */
enum rfb_feature {
    CAN_COPY = 1,
    CAN_CURSOR = 2,
    CAN_RESIZE = 4,
    CAN_RESIZE_EXTENDED = 8,
    CAN_LEDS = 16,
    CAN_KEYS = 32,
    CAN_MOTION = 64,
    CAN_FENCE = 128,
    CAN_CONTINUE = 256,
    CAN_HEAR = 512,
    CAN_LAYOUT = 1024
};

struct rfb_area { /* x1 and y1 are not of it */
    unsigned x0, y0, x1, y1;
};

/* Its sound (audio.c). */
struct audio {
    bool enabled, playing;
    uint8_t format, sides; /* as the viewer's message has them */
    uint32_t rate;         /* frames a second */
    uint32_t next;         /* where its next frame lies after our last one, in rate-ths of the way to ours */
    uint32_t quiet;        /* our frames of silence so far */
    int16_t last[2];       /* our last frame */
};

#define RFB_INPUT 1024u /* bytes: more than any part that must be whole to be read */

struct rfb_viewer {
    const struct rfb_settings *settings;
    const struct rfb_desk *desk;
    enum rfb_phase phase;
    const char *reason;
    bool refused, view_only;
    uint32_t security; /* VeNCrypt's sub-type, or the type */
    uint8_t challenge[16];
    uint8_t input[RFB_INPUT];
    size_t input_count;
    struct text output;
    size_t sent; /* of it */

    struct encoder encoder;
    unsigned features, announced; /* of enum rfb_feature; what the viewer was told that we can */
    uint32_t encodings_left;
    bool encoding_chosen;
    uint32_t cut_left;
    uint8_t cut[RFB_CUT_TEXT];
    size_t cut_count;

    struct typist typist;
    unsigned buttons;
    uint8_t wheel_buttons; /* bits 3 and 4 of the last mask */
    uint16_t pointer_x, pointer_y;
    bool pointer_known;
    struct machine_indicators shown; /* as the viewer was told; leds FFh: not yet */
    struct machine_indicators indicators;

    bool requested, continuous;       /* an update, updates */
    struct rfb_area forced;           /* is sent even if it is the same; empty: nothing */
    unsigned width, height;           /* of the viewer's framebuffer */
    uint32_t *shadow;                 /* what it shows: width x height */
    struct frame_span *changed;       /* of the picture's rows, since the last update; height of them */
    bool dirty;                       /* there are any, or the size changed */
    bool resized;                     /* the viewer is to be told a size, */
    uint8_t size_reason, size_result; /* why, and what came of what it asked */
    struct audio audio;
};

/* --- update.c --- */

/* Gives the viewer a framebuffer of this size, of which it is to be sent all. False: out of memory. */
bool viewer_resize(struct rfb_viewer *v, unsigned width, unsigned height);
void viewer_all_changed(struct rfb_viewer *v);

/* --- audio.c --- */

void audio_begin(struct audio *audio);
/* A message about sound, of which at least four bytes are there: how much of it was used; 0: more is needed; -1: it is
 * none. */
int audio_message(struct rfb_viewer *v, const uint8_t *at, size_t have);

/* --- auth.c --- */

/* What VNC Authentication answers to a challenge. False: the host has no DES. */
bool vnc_response(const char *password, const uint8_t challenge[16], uint8_t response[16]);
/* In a time that does not depend on where they differ. */
bool same_secret(const uint8_t *a, const uint8_t *b, size_t size);

#endif
