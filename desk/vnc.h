/* vnc.h - the sockets at which VNC viewers come in (desk/rfb/rfb.h is the protocol).
 *
 * A Unix socket is for its owner alone (mode 0600). A port asks for a password; one that other hosts reach speaks TLS
 * only (VeNCrypt). */
#ifndef MUNIMENT_DESK_VNC_H
#define MUNIMENT_DESK_VNC_H

#include <poll.h>

#include "desk/rfb/rfb.h"
#include "formats/error.h"

#define VNC_VIEWERS 16u
#define VNC_SOCKETS 4u
#define VNC_POLLED (VNC_VIEWERS + VNC_SOCKETS)

struct vnc;

struct vnc_request {
    const char *name;            /* of the desktop */
    const char *password_file;   /* a line, and another for viewers that only look; null: one is made up, and printed */
    const char *certificate;     /* PEM, with its private key; null: one is made */
    const struct layout *layout; /* of the guest */
};

/* Desk and request's texts must outlive it; desk.random is not used: it has its own. Null: *error says why. */
struct vnc *vnc_open(const struct vnc_request *request, const struct rfb_desk *desk, struct error *error);
/* PATH or ADDRESS:PORT, and ",view" for viewers that only look. Says on standard error where it listens. */
bool vnc_listen(struct vnc *v, const char *where, struct error *error);
/* Takes viewers in that another process hands over: at a socket of messages, a byte each. 'v' comes with the stream of
 * a viewer (SCM_RIGHTS), 'w' with that of one that only looks; any other byte, and 0 at the socket's end, is given to
 * command, with the descriptor that came with it, which it takes over, or -1. */
bool vnc_control(struct vnc *v, int socket, void (*command)(void *context, char byte, int descriptor), void *context);
void vnc_close(struct vnc *v);

/* v may be null in all that follows: nobody is there. */

/* Viewers past the handshake. */
unsigned vnc_watching(const struct vnc *v);
/* What to wait for; returns how many. */
unsigned vnc_poll(struct vnc *v, struct pollfd polled[VNC_POLLED]);
/* Takes what came, and sends what can be sent. */
void vnc_serve(struct vnc *v, const struct pollfd *polled, unsigned count);

void vnc_indicate(struct vnc *v, const struct machine_indicators *indicators);
void vnc_copied(struct vnc *v, const uint8_t *text, size_t length);
/* Whether some viewer hears; and what the machine made, for those that do. */
bool vnc_hears(const struct vnc *v);
void vnc_heard(struct vnc *v, const int16_t *frames, size_t count);
/* As rfb_frame_changed; and sends every viewer that asked what it has not seen. Those that come later begin with its
 * size. */
void vnc_show(struct vnc *v, const struct frame *frame, bool anywhere);
/* Whether some viewer has asked for an update. */
bool vnc_is_asked(const struct vnc *v);

#endif
