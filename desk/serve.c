/* serve.c - the subcommand serve: the desk in a browser. It begins a gate (gate.h), which is locked in and speaks to
 * people, and is itself the steward (steward.h), which speaks to the gate alone. */
#define _GNU_SOURCE /* getentropy, CLOCK_BOOTTIME */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "desk/desk.h"
#include "desk/gate.h"
#include "desk/jail.h"
#include "desk/jobs.h"
#include "desk/progress.h"
#include "desk/seat.h"
#include "desk/sockets.h"
#include "desk/steward.h"
#include "formats/message.h"

#define DEFAULT_LISTEN "127.0.0.1:8620"
#define HOSTS_MOST 16

struct serving {
    const struct arguments *arguments;
    int listening;
    char own_hosts[2][80];
    const char *hosts[HOSTS_MOST + 1];
    char cookie[32], place[80];
    const char *certificate, *key; /* of TLS; null: none */
    bool https;                    /* people reach it by that: with a certificate, or behind a proxy */
};

/* --- The gate's process --- */

struct gate_process {
    struct gate *gate;
    const char *place; /* of the desk */
    struct http *http;
    int steward;
    bool over;
};

static void random_bytes(void *context, uint8_t *bytes, size_t count)
{
    (void)context;
    if (getentropy(bytes, count))
        abort(); /* never a secret that can be foreseen */
}

static uint64_t seconds(void *context)
{
    struct timespec now;

    (void)context;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec;
}

static bool ask(void *context, const char *question)
{
    const struct gate_process *p = context;

    return send(p->steward, question, strlen(question), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

/* For whoever reads what the desk prints. stdio would ask what its descriptor is, which the jail does not permit. */
static void print_link(const struct gate_process *p)
{
    char secret[GATE_SECRET + 1], text[256] = "Too many links wait to be used; ask again in ten minutes.\n";

    if (gate_link(p->gate, ROLE_ARCHIVIST, "", secret))
        snprintf(text, sizeof text, "Open this link within ten minutes; it works once:\n%s/#%s\n", p->place, secret);
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        fputs("muniment: serve: the link cannot be printed\n", stderr);
}

/* An answer: "NUMBER STATUS LENGTH TYPE", and a descriptor. */
static void take_answer(struct gate_process *p)
{
    char text[128], type[64] = "";
    int descriptor = -1;
    size_t count = 1;
    ssize_t got = message_receive(p->steward, text, sizeof text - 1, &descriptor, &count, MSG_DONTWAIT);
    unsigned id, status;
    uint64_t length;

    if (got == 0 || (got < 0 && errno != EAGAIN))
        p->over = true;
    text[got > 0 ? got : 0] = '\0';
    if (got > 0 && sscanf(text, "%u %u %" SCNu64 " %63s", &id, &status, &length, type) == 4)
        gate_answered(p->gate, id, status, type, length, descriptor);
    else if (descriptor >= 0)
        close(descriptor);
    else if (!strcmp(text, STEWARD_ALIVE))
        ask(p, STEWARD_ALIVE);
    else if (!strcmp(text, STEWARD_LINK))
        print_link(p);
}

static void on_request(void *context, struct http_exchange *x, const struct http_request *request)
{
    gate_request(((struct gate_process *)context)->gate, x, request);
}

static bool on_permits(void *context, const struct http_request *request)
{
    return gate_permits(((struct gate_process *)context)->gate, request);
}

static void on_opened(void *context, struct http_exchange *x, const struct http_request *request)
{
    gate_opened(((struct gate_process *)context)->gate, x, request);
}

static void on_gone(void *context, struct http_exchange *x)
{
    gate_gone(((struct gate_process *)context)->gate, x);
}

static void on_readable(void *context, int descriptor)
{
    (void)descriptor;
    take_answer(context);
}

static enum status run_gate(struct serving *v, int steward)
{
    struct gate_process p = {.place = v->place, .steward = steward};
    struct gate_settings settings = {.context = &p,
                                     .hosts = v->hosts,
                                     .scheme = v->https ? "https" : "http",
                                     .cookie = v->cookie,
                                     .random = random_bytes,
                                     .seconds = seconds,
                                     .ask = ask,
                                     .answer = http_answer_with,
                                     .join = http_join,
                                     .end = http_end};
    const struct http_site site = {.context = &p,
                                   .request = on_request,
                                   .permits = on_permits,
                                   .opened = on_opened,
                                   .gone = on_gone,
                                   .readable = on_readable,
                                   .certificate = v->certificate,
                                   .key = v->key,
                                   .headers = gate_headers};
    struct error error;

    setenv("TZ", "UTC0", 1); /* who dates a certificate asks the host's clock for its zone */
    tzset();
    p.gate = gate_open(&settings);
    p.http = p.gate ? http_open(&site, &error) : NULL;
    if (!p.gate)
        error_set(&error, STATUS_HOST, "serve", NULL, NULL, "out of memory");
    if (!p.http || !jail_enter(JAIL_GATE, NULL, 0, &(struct jail_limits){.memory = UINT64_C(1) << 30}, &error))
        return desk_fail(&error);
    if (http_listen(p.http, v->listening) && http_watch(p.http, steward))
        http_run(p.http, &p.over);
    return STATUS_OK;
}

/* --- The place --- */

static bool bad_place(const char *place, struct error *error)
{
    return error_set(error, STATUS_USAGE, "--listen", NULL, "give ADDRESS:PORT, such as " DEFAULT_LISTEN,
                     "\"%.100s\" is no address of this host alone; others take a --certificate", place);
}

/* A socket that systemd listens at (sd_listen_fds), or a new one at a loopback address. */
static bool listen_at(struct serving *v, const char *place, struct error *error)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    const char *activated = getenv("LISTEN_FDS"), *process = getenv("LISTEN_PID"), *colon = strrchr(place, ':');
    struct addrinfo *found = NULL;
    char host[64];
    int on = 1;
    bool good;

    if (activated && process && !strcmp(activated, "1") && strtol(process, NULL, 10) == getpid()) {
        v->listening = 3;
        return true;
    }
    if (!colon || colon - place >= (int)sizeof host)
        return bad_place(place, error);
    snprintf(host, sizeof host, "%.*s", (int)(colon - place), place);
    if (!strcmp(host, "localhost"))
        strcpy(host, "127.0.0.1");
    if (*host == '[') {
        memmove(host, host + 1, strlen(host));
        host[strcspn(host, "]")] = '\0';
    }
    if (getaddrinfo(host, colon + 1, &hints, &found))
        return bad_place(place, error);
    if (!v->certificate && !socket_is_loopback(found->ai_addr)) {
        freeaddrinfo(found);
        return bad_place(place, error);
    }
    v->listening = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    good = (v->listening >= 0 && setsockopt(v->listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
            bind(v->listening, found->ai_addr, found->ai_addrlen) == 0 && listen(v->listening, 64) == 0) ||
           error_host(error, place, errno, "cannot listen");
    freeaddrinfo(found);
    return good;
}

/* By which names people may call it: those of the address, or those that --host gives to the proxy before it. */
static bool name_hosts(struct serving *v, struct error *error)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    size_t position = 0, count = 0;
    char port[8] = "0", host[INET6_ADDRSTRLEN] = "127.0.0.1", after[9] = "";
    const char *name;

    if (getsockname(v->listening, (struct sockaddr *)&address, &size) == 0)
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    while ((name = argument_next(v->arguments, "--host", &position))) {
        if (count == HOSTS_MOST)
            return error_set(error, STATUS_USAGE, "--host", NULL, NULL, "is given too often");
        v->hosts[count++] = name;
    }
    v->https = count > 0 || v->certificate;
    snprintf(v->cookie, sizeof v->cookie, v->https ? "__Host-muniment" : "muniment-%s", port);
    if (count) {
        snprintf(v->place, sizeof v->place, "https://%.60s", v->hosts[0]);
        return true;
    }
    if (strcmp(port, v->https ? "443" : "80") != 0) /* browsers leave the usual one out */
        snprintf(after, sizeof after, ":%s", port);
    snprintf(v->own_hosts[0], sizeof v->own_hosts[0], strchr(host, ':') ? "[%s]%s" : "%s%s", host, after);
    snprintf(v->own_hosts[1], sizeof v->own_hosts[1], "localhost%s", after);
    for (size_t i = 0; i < 2; i++)
        v->hosts[i] = v->own_hosts[i];
    snprintf(v->place, sizeof v->place, "http%s://%.70s", v->https ? "s" : "", v->own_hosts[0]);
    return true;
}

/* Where sessions stand: --state, or a folder of this user's for this library. */
static bool find_state(const struct serving *v, const char *library, char state[PATH_MAX], struct error *error)
{
    const char *given = argument_value(v->arguments, "--state"), *home = getenv("XDG_STATE_HOME"),
               *user = getenv("HOME");
    uint8_t digest[DIGEST_SIZE];
    char hex[65], path[PATH_MAX], *real;

    sha256(library, strlen(library), digest);
    hex_encode(digest, hex);
    if (given)
        snprintf(path, sizeof path, "%s", given);
    else if (home && *home == '/')
        snprintf(path, sizeof path, "%.3000s/muniment/desk-%.16s", home, hex);
    else
        snprintf(path, sizeof path, "%.3000s/.local/state/muniment/desk-%.16s",
                 user && *user == '/' ? user : "/var/lib", hex);
    for (char *at = path + 1; *at; at++) /* the folders above it */
        if (*at == '/') {
            *at = '\0';
            mkdir(path, 0700);
            *at = '/';
        }
    if (mkdir(path, 0700) && errno != EEXIST)
        return error_host(error, path, errno, "cannot make");
    real = realpath(path, NULL);
    if (!real || strlen(real) > 3800)
        return free(real), error_host(error, path, real ? ENAMETOOLONG : errno, "cannot open");
    strcpy(state, real);
    free(real);
    return true;
}

/* --- Together --- */

/* Begins a gate; its end of the socket, or -1. */
static int begin_gate(struct serving *v, pid_t *process, struct error *error)
{
    int ends[2];
    pid_t parent = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return error_host(error, "serve", errno, "cannot begin the gate"), -1;
    fflush(stdout);
    *process = fork();
    if (*process == 0) {
        for (int i = STDERR_FILENO + 1; i < 1024; i++)
            if (i != ends[1] && i != v->listening)
                close(i);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        _exit(getppid() == parent ? (int)run_gate(v, ends[1]) : STATUS_HOST);
    }
    close(ends[1]);
    if (*process > 0)
        return ends[0];
    close(ends[0]);
    return error_host(error, "serve", errno, "cannot begin the gate"), -1;
}

/* The gate may fall; sessions do not. Who was signed in needs a new link. */
static enum status run(struct serving *v, struct steward *steward, struct error *error)
{
    struct falls falls = {.count = 0};
    int status = 0, gate;
    pid_t process;

    do {
        gate = begin_gate(v, &process, error);
        if (gate < 0)
            return desk_fail(error);
        const bool again = steward_run(steward, gate);
        close(gate);
        kill(process, SIGKILL); /* it has nothing to lose, and might not hear SIGTERM; one that ends keeps its status */
        while (waitpid(process, &status, 0) < 0 && errno == EINTR)
            continue;
        if (!again)
            return STATUS_OK;
        if (WIFEXITED(status))
            return (enum status)WEXITSTATUS(status); /* it has said why */
        fprintf(stderr, "muniment: serve: the gate was ended by signal %d; another begins\n", WTERMSIG(status));
    } while (falls_again(&falls, seconds(NULL) * 1000));
    error_set(error, STATUS_HOST, "serve", NULL, "report it", "more than %u gates have fallen within an hour",
              FALLS_MOST);
    return desk_fail(error);
}

enum status serve_run(const struct arguments *arguments)
{
    struct serving v = {.arguments = arguments,
                        .listening = -1,
                        .certificate = argument_value(arguments, "--certificate"),
                        .key = argument_value(arguments, "--certificate-key")};
    const char *place = argument_value(arguments, "--listen"), *engine = argument_value(arguments, "--engine");
    char *library = realpath(arguments->operands[0], NULL), state[PATH_MAX];
    struct steward *steward = NULL;
    struct error error;
    enum status status;

    if (engine && strcmp(engine, "translator") != 0 && !seat_interprets(arguments)) {
        error_set(&error, STATUS_USAGE, "--engine", NULL, "say translator or interpreter", "cannot be \"%.100s\"",
                  engine);
        free(library);
        return desk_fail(&error);
    }
    if (v.key && !v.certificate) {
        error_set(&error, STATUS_USAGE, "--certificate-key", NULL, "name its certificate with --certificate",
                  "is of no use alone");
        free(library);
        return desk_fail(&error);
    }
    if (!v.key)
        v.key = v.certificate; /* one file may have both */
    if (!library || strlen(library) > 3800) {
        error_host(&error, arguments->operands[0], library ? ENAMETOOLONG : errno, "cannot open");
        free(library);
        return desk_fail(&error);
    }
    if (!freopen("/dev/null", "r", stdin)) /* no process of the desk reads the terminal */
        close(STDIN_FILENO);
    if (listen_at(&v, place ? place : DEFAULT_LISTEN, &error) && name_hosts(&v, &error) &&
        find_state(&v, library, state, &error))
        steward = steward_open(arguments, library, state, &error);
    status = steward ? run(&v, steward, &error) : desk_fail(&error);
    if (steward)
        steward_close(steward);
    if (v.listening >= 0)
        close(v.listening);
    free(library);
    return status;
}
