/* rfb.h - the public header of desk/rfb/: the server's side of the Remote Framebuffer Protocol, version 3.8 (RFC 6143),
 * by which a VNC viewer sees a machine's picture and acts on it.
 *
 * A viewer here is the protocol without its socket: bytes go in and out, so that it is tested and fuzzed without one.
 * What the viewer does comes out as calls of struct rfb_desk, and has no other effect. Encodings: Raw, CopyRect, Zlib,
 * ZRLE; and of the registry of the IANA and of rfbproto (community): Cursor (-239), DesktopSize (-223),
 * ExtendedDesktopSize (-308), QEMU Pointer Motion Change (-257), QEMU Extended Key Event (-258), QEMU Audio (-259),
 * QEMU LED State (-261), Fence (-312), Continuous Updates (-313); security types None, VNC Authentication, VeNCrypt
 * with X509Vnc and X509Plain. */
#ifndef MUNIMENT_DESK_RFB_H
#define MUNIMENT_DESK_RFB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "desk/layouts.h"
#include "emu/emu.h"

struct rfb_viewer;

#define RFB_PASSWORD 8 /* characters of a password that VNC Authentication looks at */
/* A pseudo-encoding of our own, with the number of a layout (layouts.h) added: the guest's, as the viewer says. A
 * rectangle of it, without the number, says by its x how many symbols since the last one no keys of it type. */
#define RFB_LAYOUT 0x4D554E00
#define RFB_CUT_TEXT 4096u /* bytes of a text that is pasted, at most; more is cut off */

/* A movement of the pointer: dx and dy from where it was; and where it is, in 65,536ths of the picture's sides, if
 * `placed`. buttons as machine_pointer. */
struct rfb_pointer {
    int dx, dy, wheel;
    bool placed;
    uint16_t x, y;
    unsigned buttons;
};

/* What viewers look at and act on. */
struct rfb_desk {
    void *context;
    void (*key)(void *context, uint8_t key, bool down); /* in codes of machine_key */
    void (*pointer)(void *context, const struct rfb_pointer *pointer);
    void (*cut)(void *context, const uint8_t *text, size_t length); /* Latin-1: was copied on the viewer's side */
    void (*random)(void *context, uint8_t *bytes, size_t count);    /* unpredictable bytes */
};

struct rfb_settings {
    const char *name;                       /* of the desktop */
    const char *password, *viewer_password; /* the second is for looking only; null: none. Without the first, nobody is
                                               asked */
    bool tls;                               /* VeNCrypt is offered, */
    bool tls_only;                          /* and nothing else */
    bool view_only;                         /* keys and pointer are ignored */
    const struct layout *layout;            /* of the guest */
};

/* width and height are those of the picture now, 0 if there is none: a viewer that cannot follow another size is shown
 * so much. Settings and desk must outlive the viewer. Null: out of memory. */
struct rfb_viewer *rfb_open(const struct rfb_settings *settings, const struct rfb_desk *desk, unsigned width,
                            unsigned height);
/* Lets go of every key and button that the viewer holds, and frees it. */
void rfb_close(struct rfb_viewer *v);

/* Takes bytes from the viewer. False: it is to be disconnected, once the output is sent; rfb_reason says why. While
 * rfb_wants_tls, it takes none. */
bool rfb_take(struct rfb_viewer *v, const uint8_t *bytes, size_t count);
const char *rfb_reason(const struct rfb_viewer *v);
/* Whether that was a wrong password. */
bool rfb_was_refused(const struct rfb_viewer *v);

/* What is to be sent; rfb_sent takes the first of it away. */
const uint8_t *rfb_output(const struct rfb_viewer *v, size_t *count);
void rfb_sent(struct rfb_viewer *v, size_t count);

/* Whether TLS is to begin, once the output is sent; rfb_tls_begun says that it has. */
bool rfb_wants_tls(const struct rfb_viewer *v);
void rfb_tls_begun(struct rfb_viewer *v);

/* Whether it is past the handshake. */
bool rfb_watches(const struct rfb_viewer *v);

/* What else the machine shows: LEDs as machine_indicators, whether the guest asks for positions of the pointer. */
void rfb_indicate(struct rfb_viewer *v, const struct machine_indicators *indicators);
/* The guest copied text. */
void rfb_copied(struct rfb_viewer *v, const uint8_t *text, size_t length);

/* Whether it hears; and what the machine made: frames of two sides, 48,000 a second. */
bool rfb_hears(const struct rfb_viewer *v);
void rfb_heard(struct rfb_viewer *v, const int16_t *frames, size_t count);

/* The picture has changed where frame->changed says, or anywhere. To be called with every frame. */
void rfb_frame_changed(struct rfb_viewer *v, const struct frame *frame, bool anywhere);
/* Whether it has asked for an update and would take one; and if, whether there is anything to send. */
bool rfb_asks(const struct rfb_viewer *v);
bool rfb_wants_update(const struct rfb_viewer *v);
/* Adds an update to the output, if anything differs from what the viewer has. False: out of memory. */
bool rfb_update(struct rfb_viewer *v, const struct frame *frame);

#endif
