/* gate.h - who may ask for what: the desk's routes, its links and its cookies.
 *
 * The gate speaks to people. It holds no key and opens no archive: what it cannot answer itself it asks the steward
 * (steward.h), which decides again. It is plain code without sockets, so that it is tested and fuzzed without any. */
#ifndef MUNIMENT_DESK_GATE_H
#define MUNIMENT_DESK_GATE_H

#include "archive/archive.h"
#include "desk/http.h"

#define GATE_PEOPLE 64u       /* that are in at a time */
#define GATE_LINKS 64u        /* that wait to be used */
#define GATE_LINK_SECONDS 600 /* that one waits */
#define GATE_IDLE_SECONDS 43200
#define GATE_SECRET 64     /* hexadecimal digits of a link and of a cookie: 256 bits */
#define GATE_MESSAGE 61440 /* bytes of a question to the steward, at most */

enum gate_role { ROLE_READER, ROLE_ARCHIVIST };

struct gate_settings {
    void *context;
    const char *const *hosts; /* what may stand in Host, and after the scheme in Origin; a null at the end */
    const char *scheme;       /* "http" or "https" */
    const char *cookie;       /* its name */
    void (*random)(void *context, uint8_t *bytes, size_t count);
    uint64_t (*seconds)(void *context); /* of a clock that only goes forward */
    /* Sends a question, ending with NUL. False: it cannot be sent. */
    bool (*ask)(void *context, const char *question);
    void (*answer)(struct http_exchange *x, const struct http_answer *answer); /* http_answer_with */
    bool (*join)(struct http_exchange *x, int stream);                         /* http_join */
    void (*end)(struct http_exchange *x);                                      /* http_end */
};

struct gate;

/* Settings must outlive it. Null: out of memory. */
struct gate *gate_open(const struct gate_settings *settings);
void gate_close(struct gate *g);

/* A link that lets somebody in, of whom the office's log knows nothing yet; as that person, or with an empty name as a
 * new one. False: too many wait to be used. */
bool gate_link(struct gate *g, enum gate_role role, const char *person, char secret[GATE_SECRET + 1]);

/* As those of struct http_site. */
void gate_request(struct gate *g, struct http_exchange *x, const struct http_request *request);
bool gate_permits(struct gate *g, const struct http_request *request);
void gate_opened(struct gate *g, struct http_exchange *x, const struct http_request *request);
void gate_gone(struct gate *g, struct http_exchange *x);

/* The steward answers question `id`: with an HTTP status, and the body or, for a screen, a stream; -1: none. The gate
 * takes the descriptor over. */
void gate_answered(struct gate *g, unsigned id, unsigned status, const char *type, uint64_t length, int descriptor);

/* The headers of every answer, as struct http_site has them. */
extern const char *const gate_headers[];

#endif
