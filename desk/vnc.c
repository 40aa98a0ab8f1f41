/* vnc.c - see vnc.h. */
#define _DEFAULT_SOURCE /* S_ISSOCK, getrandom */
#include "desk/vnc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "desk/sockets.h"
#include "desk/tls.h"
#include "formats/message.h"
#include "formats/monotonic.h"
#include "formats/text.h"

#define HANDSHAKE_SECONDS 20 /* that a viewer may take */
#define REFUSALS_MOST 5      /* wrong passwords, after which nobody is let in */
#define REFUSAL_SECONDS 30   /* for so long */
#define OUTPUT_MOST 65536u   /* bytes that may wait to be sent before a viewer is no longer listened to */
#define SECRET_MOST 255u     /* bytes of a password */
#define CERTIFICATE_DAYS 3650

struct vnc_socket {
    int descriptor;
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path]; /* empty: a port */
    bool control;
    struct rfb_settings settings, view_settings; /* the second: of viewers at a control socket that only look */
};

struct vnc_viewer {
    int descriptor;
    SSL *tls; /* null: plain */
    struct rfb_viewer *rfb;
    uint64_t since;
    bool over;                /* what is to be sent still is, then it goes */
    bool tls_handshake;       /* under way */
    bool tls_read, tls_write; /* what TLS waits for */
};

struct vnc {
    const struct vnc_request *request;
    struct rfb_desk desk;
    SSL_CTX *tls;
    char password[SECRET_MOST + 1], viewer_password[SECRET_MOST + 1];
    struct vnc_socket sockets[VNC_SOCKETS];
    unsigned socket_count;
    int spare; /* descriptor, of socket_shed; 0: none yet */
    struct vnc_viewer viewers[VNC_VIEWERS];
    unsigned viewer_count;
    unsigned refusals;
    uint64_t refused_until;
    unsigned width, height; /* of the last frame */
    struct machine_indicators indicators;
    void (*command)(void *context, char byte, int descriptor);
    void *command_context;
};

static void random_bytes(void *context, uint8_t *bytes, size_t count)
{
    (void)context;
    if (RAND_bytes(bytes, (int)count) != 1)
        abort(); /* never a challenge that can be foreseen */
}

/* --- Passwords and TLS --- */

static bool read_passwords(struct vnc *v, struct error *error)
{
    const char *path = v->request->password_file;
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    char *const lines[] = {v->password, v->viewer_password};
    FILE *file;

    if (*v->password)
        return true;
    if (!path) {
        uint8_t bytes[RFB_PASSWORD];
        random_bytes(NULL, bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++)
            v->password[i] = letters[bytes[i] % 32];
        fprintf(stderr, "muniment: VNC: the password is %s\n", v->password);
        return true;
    }
    file = fopen(path, "r");
    if (!file)
        return error_host(error, path, errno, "cannot open");
    for (size_t i = 0; i < 2 && fgets(lines[i], SECRET_MOST + 1, file); i++)
        lines[i][strcspn(lines[i], "\r\n")] = '\0';
    fclose(file);
    return *v->password || error_set(error, STATUS_INPUT, path, "line 1", NULL, "holds no password");
}

static bool tls_failed(const char *object, struct error *error)
{
    char reason[128] = "";

    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    return error_set(error, STATUS_INPUT, object, NULL, NULL, "cannot be used for TLS: %s", reason);
}

/* A certificate that says nothing but its own key: viewers ask their user, who compares what is printed. */
static bool make_certificate(struct vnc *v, struct error *error)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *name = certificate ? X509_get_subject_name(certificate) : NULL;
    uint8_t serial[8], print[32];
    unsigned size = sizeof print;
    bool good;

    random_bytes(NULL, serial, sizeof serial);
    serial[0] &= 0x7F;
    good = key && name && X509_set_version(certificate, 2) == 1 &&
           ASN1_STRING_set(X509_get_serialNumber(certificate), serial, sizeof serial) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), 0) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * CERTIFICATE_DAYS) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"muniment", -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
           X509_sign(certificate, key, EVP_sha256()) > 0 && SSL_CTX_use_certificate(v->tls, certificate) == 1 &&
           SSL_CTX_use_PrivateKey(v->tls, key) == 1 && X509_digest(certificate, EVP_sha256(), print, &size) == 1;
    if (good) {
        fputs("muniment: VNC: the certificate is new, its SHA-256 is ", stderr);
        for (unsigned i = 0; i < size; i++)
            fprintf(stderr, "%02x", print[i]);
        putc('\n', stderr);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return good || tls_failed("certificate", error);
}

static bool begin_tls(struct vnc *v, struct error *error)
{
    const char *path = v->request->certificate;

    if (v->tls)
        return true;
    v->tls = SSL_CTX_new(TLS_server_method());
    if (!v->tls || SSL_CTX_set_min_proto_version(v->tls, TLS1_2_VERSION) != 1)
        return tls_failed("TLS", error);
    SSL_CTX_set_mode(v->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(v->tls, SSL_SESS_CACHE_OFF);
    if (!path)
        return make_certificate(v, error);
    return (SSL_CTX_use_certificate_chain_file(v->tls, path) == 1 &&
            SSL_CTX_use_PrivateKey_file(v->tls, path, SSL_FILETYPE_PEM) == 1) ||
           (tls_check(path, path, error) && tls_failed(path, error));
}

/* --- Listening --- */

struct vnc *vnc_open(const struct vnc_request *request, const struct rfb_desk *desk, struct error *error)
{
    struct vnc *v = calloc(1, sizeof *v);

    if (!v) {
        error_set(error, STATUS_HOST, "VNC", NULL, NULL, "out of memory");
        return NULL;
    }
    v->request = request;
    v->desk = *desk;
    v->desk.random = random_bytes;
    return v;
}

static bool bind_path(struct vnc_socket *s, const char *path, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat there;
    mode_t mask;
    int bound;

    if (strlen(path) >= sizeof address.sun_path)
        return error_host(error, path, ENAMETOOLONG, "cannot listen");
    strcpy(address.sun_path, path);
    s->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->descriptor < 0)
        return error_host(error, path, errno, "cannot listen");
    /* A socket that a killed run left: nobody listens. */
    if (lstat(path, &there) == 0 && S_ISSOCK(there.st_mode)) {
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (probe >= 0 && connect(probe, (struct sockaddr *)&address, sizeof address) < 0 && errno == ECONNREFUSED)
            unlink(path);
        close(probe);
    }
    mask = umask(0177);
    bound = bind(s->descriptor, (struct sockaddr *)&address, sizeof address);
    umask(mask);
    if (bound < 0)
        return error_host(error, path, errno, "cannot listen");
    strcpy(s->path, path);
    return true;
}

/* host is a numeric address, in brackets if it holds colons, or localhost. */
static bool bind_port(struct vnc *v, struct vnc_socket *s, const char *where, char *host, const char *port,
                      struct error *error)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    size_t length = strlen(host);
    int on = 1;
    bool good;

    if (!strcmp(host, "localhost"))
        strcpy(host, "127.0.0.1");
    if (*host == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        host++;
    }
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return error_set(error, STATUS_USAGE, where, NULL, "give a numeric address, such as 127.0.0.1:5900",
                         "is no address and port");
    s->settings.tls_only = !socket_is_loopback(found->ai_addr);
    s->settings.tls = true;
    s->descriptor = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    good = s->descriptor >= 0 && setsockopt(s->descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(s->descriptor, found->ai_addr, found->ai_addrlen) == 0;
    if (!good)
        error_host(error, where, errno, "cannot listen");
    freeaddrinfo(found);
    if (!good || !read_passwords(v, error) || !begin_tls(v, error))
        return false;
    s->settings.password = v->password;
    s->settings.viewer_password = *v->viewer_password ? v->viewer_password : NULL;
    return true;
}

/* What was bound: a port of 0 has become another. */
static void say_where(const struct vnc_socket *s)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[INET6_ADDRSTRLEN + 16] = "", port[8] = "";

    if (!*s->path && getsockname(s->descriptor, (struct sockaddr *)&address, &size) == 0)
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    fprintf(stderr, "muniment: VNC: listening at %s%s%s%s\n", s->path, host, *port ? " port " : "", port);
}

bool vnc_listen(struct vnc *v, const char *where, struct error *error)
{
    char place[512];
    const char *comma = strrchr(where, ',');
    bool view = comma && !strcmp(comma, ",view");
    size_t length = view ? (size_t)(comma - where) : strlen(where);
    struct vnc_socket *s = &v->sockets[v->socket_count];
    char *colon;

    if (v->socket_count == VNC_SOCKETS)
        return error_set(error, STATUS_USAGE, where, NULL, NULL, "is one socket too many; there may be %u",
                         VNC_SOCKETS);
    if (!length || length >= sizeof place)
        return error_set(error, STATUS_USAGE, "--display", NULL, "give vnc:PATH or vnc:ADDRESS:PORT",
                         "vnc: has no place to listen at");
    memcpy(place, where, length);
    place[length] = '\0';
    *s = (struct vnc_socket){.descriptor = -1,
                             .settings = {.name = v->request->name, .layout = v->request->layout, .view_only = view}};
    v->socket_count++;
    colon = strrchr(place, ':');
    if (colon && !strchr(place, '/')) {
        *colon = '\0';
        if (!bind_port(v, s, where, place, colon + 1, error))
            return false;
    } else if (!bind_path(s, place, error)) {
        return false;
    }
    if (!v->spare)
        v->spare = socket_spare(s->descriptor);
    if (listen(s->descriptor, (int)VNC_VIEWERS) < 0)
        return error_host(error, place, errno, "cannot listen");
    say_where(s);
    return true;
}

bool vnc_control(struct vnc *v, int socket, void (*command)(void *context, char byte, int descriptor), void *context)
{
    struct vnc_socket *s = &v->sockets[v->socket_count];

    if (v->socket_count == VNC_SOCKETS)
        return false;
    v->socket_count++;
    *s = (struct vnc_socket){
        .descriptor = socket, .control = true, .settings = {.name = v->request->name, .layout = v->request->layout}};
    s->view_settings = s->settings;
    s->view_settings.view_only = true;
    v->command = command;
    v->command_context = context;
    return true;
}

/* --- Viewers --- */

static void drop(struct vnc *v, unsigned i)
{
    struct vnc_viewer *c = &v->viewers[i];

    if (rfb_was_refused(c->rfb) && ++v->refusals >= REFUSALS_MOST) {
        v->refusals = 0;
        v->refused_until = monotonic_seconds() + REFUSAL_SECONDS;
        fprintf(stderr, "muniment: VNC: %u wrong passwords; nobody is let in for %u seconds\n", REFUSALS_MOST,
                REFUSAL_SECONDS);
    }
    rfb_close(c->rfb);
    SSL_free(c->tls);
    close(c->descriptor);
    *c = v->viewers[--v->viewer_count];
}

static void add_viewer(struct vnc *v, const struct rfb_settings *settings, int descriptor)
{
    struct vnc_viewer *c = &v->viewers[v->viewer_count];

    if (v->viewer_count == VNC_VIEWERS || (settings->password && monotonic_seconds() < v->refused_until)) {
        close(descriptor);
        return;
    }
    *c = (struct vnc_viewer){.descriptor = descriptor,
                             .rfb = rfb_open(settings, &v->desk, v->width, v->height),
                             .since = monotonic_seconds()};
    if (!c->rfb) {
        close(descriptor);
        return;
    }
    rfb_indicate(c->rfb, &v->indicators);
    v->viewer_count++;
}

static void accept_viewer(struct vnc *v, const struct vnc_socket *s)
{
    int descriptor = accept(s->descriptor, NULL, NULL), on = 1;

    if (descriptor < 0) {
        socket_shed(s->descriptor, &v->spare);
        return;
    }
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    if (!*s->path)
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    add_viewer(v, &s->settings, descriptor);
}

/* A message at a control socket. What is handed over does not block. */
static void take_control(struct vnc *v, struct vnc_socket *s)
{
    char byte = 0;
    int descriptor = -1;
    size_t count = 1;
    ssize_t got = message_receive(s->descriptor, &byte, 1, &descriptor, &count, 0);

    if (got < 0 && errno == EAGAIN)
        return;
    if (descriptor >= 0 && (byte == 'v' || byte == 'w'))
        add_viewer(v, byte == 'v' ? &s->settings : &s->view_settings, descriptor);
    else
        v->command(v->command_context, got > 0 ? byte : 0, descriptor);
}

/* The result of an SSL function as that of read and write. */
static ssize_t tls_result(struct vnc_viewer *c, int result)
{
    int reason = result > 0 ? SSL_ERROR_NONE : SSL_get_error(c->tls, result);

    c->tls_read = reason == SSL_ERROR_WANT_READ;
    c->tls_write = reason == SSL_ERROR_WANT_WRITE;
    if (result > 0)
        return result;
    ERR_clear_error();
    errno = c->tls_read || c->tls_write ? EAGAIN : ECONNRESET;
    return -1;
}

static ssize_t viewer_read(struct vnc_viewer *c, uint8_t *bytes, size_t size)
{
    return c->tls ? tls_result(c, SSL_read(c->tls, bytes, (int)size)) : read(c->descriptor, bytes, size);
}

static ssize_t viewer_write(struct vnc_viewer *c, const uint8_t *bytes, size_t size)
{
    return c->tls ? tls_result(c, SSL_write(c->tls, bytes, size < 1u << 20 ? (int)size : 1 << 20))
                  : write(c->descriptor, bytes, size);
}

/* False: the viewer is gone. */
static bool send_output(struct vnc_viewer *c)
{
    size_t size;

    for (;;) {
        const uint8_t *bytes = rfb_output(c->rfb, &size);
        if (!size)
            return true;
        ssize_t sent = viewer_write(c, bytes, size);
        if (sent < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        rfb_sent(c->rfb, (size_t)sent);
    }
}

static size_t waiting(const struct vnc_viewer *c)
{
    size_t size;

    rfb_output(c->rfb, &size);
    return size;
}

static bool shake_hands(struct vnc *v, struct vnc_viewer *c)
{
    if (!c->tls) {
        c->tls = SSL_new(v->tls);
        if (!c->tls || SSL_set_fd(c->tls, c->descriptor) != 1)
            return false;
        c->tls_handshake = true;
    }
    if (tls_result(c, SSL_accept(c->tls)) < 0)
        return errno == EAGAIN;
    c->tls_handshake = false;
    rfb_tls_begun(c->rfb);
    return true;
}

/* False: the viewer is gone. */
static bool take_input(struct vnc *v, struct vnc_viewer *c)
{
    uint8_t bytes[16384];

    while (!c->over && waiting(c) < OUTPUT_MOST) {
        if (rfb_wants_tls(c->rfb) || c->tls_handshake) {
            if (!send_output(c))
                return false;
            if (waiting(c))
                return true;
            if (!shake_hands(v, c))
                return false;
            if (c->tls_handshake)
                return true;
        }
        /* What precedes TLS is taken byte by byte: what follows it is not the protocol's. */
        size_t size = c->tls || rfb_watches(c->rfb) ? sizeof bytes : 1;
        ssize_t got = viewer_read(c, bytes, size);
        if (got == 0)
            return false;
        if (got < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        c->over = !rfb_take(c->rfb, bytes, (size_t)got);
    }
    return true;
}

static bool serve(struct vnc *v, struct vnc_viewer *c, bool readable)
{
    if (readable && !take_input(v, c))
        return false;
    if (!c->tls_handshake && !send_output(c))
        return false;
    if (c->over && !waiting(c))
        return false;
    return rfb_watches(c->rfb) || monotonic_seconds() - c->since < HANDSHAKE_SECONDS;
}

/* --- From outside --- */

unsigned vnc_watching(const struct vnc *v)
{
    unsigned count = 0;

    for (unsigned i = 0; v && i < v->viewer_count; i++)
        count += rfb_watches(v->viewers[i].rfb);
    return count;
}

unsigned vnc_poll(struct vnc *v, struct pollfd polled[VNC_POLLED])
{
    unsigned count = 0;

    for (unsigned i = 0; v && i < v->viewer_count; i++) {
        const struct vnc_viewer *c = &v->viewers[i];
        bool writes = c->tls_write || (!c->tls_handshake && waiting(c) && !c->tls_read);
        polled[count++] = (struct pollfd){
            .fd = c->descriptor,
            .events = (short)((waiting(c) < OUTPUT_MOST && !c->over ? POLLIN : 0) | (writes ? POLLOUT : 0))};
    }
    for (unsigned i = 0; v && i < v->socket_count; i++)
        polled[count++] = (struct pollfd){.fd = v->sockets[i].descriptor, .events = POLLIN};
    return count;
}

void vnc_serve(struct vnc *v, const struct pollfd *polled, unsigned count)
{
    unsigned viewers = v ? count - v->socket_count : 0;

    for (unsigned i = viewers; i-- > 0;) /* backwards: one that goes is replaced by the last */
        if (!serve(v, &v->viewers[i],
                   polled[i].revents & ~POLLOUT ||
                       (v->viewers[i].tls && (v->viewers[i].tls_handshake || SSL_pending(v->viewers[i].tls)))))
            drop(v, i);
    for (unsigned i = 0; v && i < v->socket_count; i++)
        if (polled[viewers + i].revents && v->sockets[i].control)
            take_control(v, &v->sockets[i]);
        else if (polled[viewers + i].revents)
            accept_viewer(v, &v->sockets[i]);
}

void vnc_indicate(struct vnc *v, const struct machine_indicators *indicators)
{
    if (!v)
        return;
    v->indicators = *indicators;
    for (unsigned i = 0; i < v->viewer_count; i++)
        rfb_indicate(v->viewers[i].rfb, indicators);
}

void vnc_copied(struct vnc *v, const uint8_t *text, size_t length)
{
    for (unsigned i = 0; v && i < v->viewer_count; i++)
        rfb_copied(v->viewers[i].rfb, text, length);
}

bool vnc_hears(const struct vnc *v)
{
    for (unsigned i = 0; v && i < v->viewer_count; i++)
        if (rfb_hears(v->viewers[i].rfb))
            return true;
    return false;
}

void vnc_heard(struct vnc *v, const int16_t *frames, size_t count)
{
    for (unsigned i = 0; v && i < v->viewer_count; i++)
        rfb_heard(v->viewers[i].rfb, frames, count);
}

void vnc_show(struct vnc *v, const struct frame *frame, bool anywhere)
{
    if (!v)
        return;
    v->width = frame->width;
    v->height = frame->height;
    for (unsigned i = v->viewer_count; i-- > 0;) {
        struct rfb_viewer *rfb = v->viewers[i].rfb;
        rfb_frame_changed(rfb, frame, anywhere);
        if (rfb_wants_update(rfb) && (!rfb_update(rfb, frame) || !send_output(&v->viewers[i])))
            drop(v, i);
    }
}

bool vnc_is_asked(const struct vnc *v)
{
    for (unsigned i = 0; v && i < v->viewer_count; i++)
        if (rfb_asks(v->viewers[i].rfb))
            return true;
    return false;
}

void vnc_close(struct vnc *v)
{
    if (!v)
        return;
    while (v->viewer_count)
        drop(v, v->viewer_count - 1);
    for (unsigned i = 0; i < v->socket_count; i++) {
        if (v->sockets[i].descriptor >= 0)
            close(v->sockets[i].descriptor);
        if (*v->sockets[i].path)
            unlink(v->sockets[i].path);
    }
    SSL_CTX_free(v->tls);
    OPENSSL_cleanse(v->password, sizeof v->password);
    OPENSSL_cleanse(v->viewer_password, sizeof v->viewer_password);
    free(v);
}
