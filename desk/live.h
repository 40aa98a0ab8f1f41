/* live.h - a session that somebody watches: what people do reaches the machine, what it shows reaches them, and it runs
 * no faster than it did.
 *
 * Everything here happens between two slices. What a viewer does enters through the session's recorder and has no other
 * way in: so a journal repeats it. */
#ifndef MUNIMENT_DESK_LIVE_H
#define MUNIMENT_DESK_LIVE_H

#include "desk/layouts.h"
#include "desk/options.h"
#include "desk/session.h"

struct live;

/* Reads --display, --speed and what belongs to them. *live is null if there is no display. The caller calls live_close
 * in any case. */
bool live_open(const struct arguments *arguments, struct live **live, struct error *error);
#define LIVE_STAY 'k'    /* a command: somebody is still there */
#define LIVE_IDLE 'i'    /* by itself: nobody has done anything for too long, */
#define LIVE_LONGEST 'm' /* or it has run for too long */
#define LIVE_HEAR 'a'    /* the same with a stream, to which the machine's sound is written */
#define LIVE_EARS 4u     /* such streams at a time */
#define LIVE_WARNING 120 /* seconds before a session leaves by itself that live_left says so */

/* A session whose viewers and commands come at a control socket (vnc_control), and which leaves when nobody has done
 * anything in it for idle_seconds, or when it has run for most_seconds; 0: it does not. Null: *error says why. */
struct live *live_at(const char *name, const struct layout *layout, int control, unsigned idle_seconds,
                     unsigned most_seconds, struct error *error);
/* In how many seconds it will leave by itself, if that is soon; 0: it will not. */
unsigned live_left(const struct live *live);
/* What the machine plays, as machine_host.sound gives it: to those who hear it. What they do not take at once is
 * lost. live may be null. */
void live_sound(struct live *live, const int16_t *frames, size_t count);
/* The command at which it left, or LIVE_IDLE or LIVE_LONGEST; 0: the socket's other end is gone, or there was none. */
char live_command(const struct live *live);
/* Joins it to a session, which has begun. */
void live_begin(struct live *live, struct session *session);
/* A script drives the machine now, or no more: then nobody needs it to be slow if nobody watches. */
void live_scripted(struct live *live, bool scripted);
/* The guest copied text. live may be null. */
void live_copied(struct live *live, const uint8_t *text, size_t length);
/* Gives the terminal back: what is printed from now on is read there. live may be null. */
void live_stop(struct live *live);
/* Shows the end, and closes. live may be null. */
void live_close(struct live *live);

#endif
