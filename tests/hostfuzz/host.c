/* host.c - trials on the processor of this host: an x86-64 under Linux, in compatibility mode.
 *
 * The process is a 64-bit one. modify_ldt(2) gives it segments below 4 GiB, where the arena is mapped and nothing else.
 * A batch is entered and left by a signal: the handler keeps the caller's registers, and its frame leads to the first
 * trial. From slot to slot no kernel is needed: a slot loads registers, segments and flags, runs its instruction, and
 * saves what came out. What faults comes to the handler, which continues with the next. A trial that transfers control
 * or loads a segment register is begun by the return from the handler, with TF set, and ended by the trap. */
#define _GNU_SOURCE
#include "tests/hostfuzz/hostfuzz.h"

#if defined __x86_64__ && defined __linux__
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE_64 0x33

/* What a slot loads, as POPAD, four POPs, POPFD and LSS take it. */
struct slot_in {
    uint32_t general[8], ds, es, fs, gs, flags, esp, ss, pad;
};
/* What it saves: PUSHFD and PUSHAD, and ESP before them. */
struct slot_out {
    uint32_t general[8], flags, esp;
};
struct control {
    struct slot_in in[SLOTS];
    struct slot_out out[SLOTS];
};
_Static_assert(sizeof(struct control) <= CONTROL_SIZE, "slots fit");

/* What the signal handler works on. It gets no argument. */
static struct {
    struct fuzz *fuzz;
    struct control *control;
    unsigned at, fast_end, trap_end;
    bool entering, lost;
    gregset_t caller;
    uint64_t fs_base;
} host;

static const uint8_t host_register[8] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI};

/* --- The handler --- It runs with whatever FS a trial left, and may use nothing that is thread-local. */

/* Flags that a return from a signal takes from the program, not from its frame; and alignment is not checked here. */
static void set_own_flags(uint64_t flags)
{
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; andq %0, (%%rsp); orq %1, (%%rsp); popfq; lea 128(%%rsp), %%rsp"
                     :
                     : "r"(~(uint64_t)(FLAG_AC | FLAG_NT | FLAG_ID)), "r"(flags)
                     : "cc", "memory");
}

static void record(struct outcome *o, const greg_t *g, const uint16_t data[4])
{
    struct state *s = &o->after;

    for (unsigned n = 0; n < 8; n++)
        s->reg[n] = (uint32_t)g[host_register[n]];
    s->eip = (uint32_t)g[REG_RIP];
    s->flags = (uint32_t)g[REG_EFL];
    s->selector[SEG_CS] = (uint16_t)g[REG_CSGSFS];
    s->selector[SEG_SS] = (uint16_t)(g[REG_CSGSFS] >> 48);
    s->selector[SEG_DS] = data[0];
    s->selector[SEG_ES] = data[1];
    s->selector[SEG_FS] = data[2];
    s->selector[SEG_GS] = data[3];
    o->vector = (unsigned)g[REG_TRAPNO];
    o->error = has_error_code(o->vector) ? (uint32_t)g[REG_ERR] : 0;
    o->cr2 = o->vector == EXC_PF ? (uint32_t)g[REG_CR2] : 0;
}

/* A signal that came from the slots: from a trial, or from the HLT behind them. */
static void slot_left(const greg_t *g, const uint16_t data[4])
{
    uint32_t eip = (uint32_t)g[REG_RIP], slot = eip / SLOT_SIZE;

    if (slot < host.fast_end) {
        struct trial *t = &host.fuzz->trial[slot];
        host.lost |= eip - t->before.eip > t->length || (uint16_t)g[REG_CSGSFS] != code_selector(host.fuzz);
        record(&t->host, g, data);
        host.at = slot + 1;
    } else {
        host.lost |= eip != host.fast_end * SLOT_SIZE;
        host.at = host.fast_end;
    }
}

/* The frame that the handler returns through leads to the next trial, or back to the caller. */
static void proceed(greg_t *g)
{
    if (host.lost || host.at == host.trap_end) {
        memcpy(g, host.caller, sizeof host.caller);
        syscall(SYS_arch_prctl, ARCH_SET_FS, host.fs_base);
        return;
    }
    if (host.at < host.fast_end) {
        g[REG_RIP] = host.at * SLOT_SIZE;
        g[REG_EFL] = FLAG_FIXED | FLAG_IF;
        g[REG_CSGSFS] = code_selector(host.fuzz) | (greg_t)selector_of(ENTRY_CHANNEL) << 48;
        return;
    }
    const struct state *s = &host.fuzz->trial[host.at].before;
    for (unsigned n = 0; n < 8; n++)
        g[host_register[n]] = s->reg[n];
    g[REG_RIP] = s->eip;
    g[REG_EFL] = s->flags;
    g[REG_CSGSFS] = s->selector[SEG_CS] | (greg_t)s->selector[SEG_SS] << 48;
    __asm__ volatile("mov %0, %%ds; mov %1, %%es; mov %2, %%fs; mov %3, %%gs"
                     :
                     : "r"((uint32_t)s->selector[SEG_DS]), "r"((uint32_t)s->selector[SEG_ES]),
                       "r"((uint32_t)s->selector[SEG_FS]), "r"((uint32_t)s->selector[SEG_GS]));
    set_own_flags(s->flags & (FLAG_NT | FLAG_ID));
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint16_t data[4];

    set_own_flags(0);
    (void)info;
    __asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
                     : "=m"(data[0]), "=m"(data[1]), "=m"(data[2]), "=m"(data[3]));
    if ((uint16_t)g[REG_CSGSFS] == CODE_64) {
        if (!host.entering) {
            signal(number, SIG_DFL); /* our own mistake: it comes again */
            return;
        }
        host.entering = false;
        memcpy(host.caller, g, sizeof host.caller);
        host.caller[REG_RIP] += 2; /* behind UD2 */
    } else if (host.at < host.fast_end) {
        slot_left(g, data);
    } else {
        record(&host.fuzz->trial[host.at++].host, g, data);
    }
    proceed(g);
}

/* --- Slots --- */

#define W(x) (uint8_t)(x), (uint8_t)((x) >> 8)
#define D(x) W(x), W((x) >> 16)
#define NOP8 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90

/* mov esp, IN; popad; pop ds; pop es; pop fs; pop gs; popfd; lss esp, [esp]; the window;
 * mov gs, cs:[CHANNEL]; mov gs:[OUT.esp], esp; mov ss, cs:[CHANNEL]; mov esp, OUT.esp; pushfd; pushad */
static void slot_put(struct fuzz *f, bool wide, unsigned k)
{
    uint32_t in = (uint32_t)offsetof(struct control, in[k]), esp = (uint32_t)offsetof(struct control, out[k].esp);
    /* clang-format off */
    const uint8_t code32[] = { 0xBC, D(in), 0x61, 0x1F, 0x07, 0x0F, 0xA1, 0x0F, 0xA9, 0x9D, 0x0F, 0xB2, 0x24, 0x24, NOP8, NOP8,
        0x2E, 0x8E, 0x2D, D(CHANNEL_WORD), 0x65, 0x89, 0x25, D(esp), 0x2E, 0x8E, 0x15, D(CHANNEL_WORD), 0xBC, D(esp), 0x9C, 0x60 };
    const uint8_t code16[] = { 0x66, 0xBC, D(in), 0x66, 0x61, 0x66, 0x1F, 0x66, 0x07, 0x66, 0x0F, 0xA1, 0x66, 0x0F, 0xA9, 0x66, 0x9D,
        0x67, 0x66, 0x0F, 0xB2, 0x24, 0x24, NOP8, NOP8,
        0x2E, 0x8E, 0x2E, W(CHANNEL_WORD), 0x65, 0x66, 0x89, 0x26, W(esp), 0x2E, 0x8E, 0x16, W(CHANNEL_WORD), 0x66, 0xBC, D(esp), 0x66, 0x9C,
        0x66, 0x60 };
    /* clang-format on */
    uint8_t slot[SLOT_SIZE];

    memset(slot, 0x90, sizeof slot);
    memcpy(slot, wide ? code32 : code16, wide ? sizeof code32 : sizeof code16);
    image_put(f, (wide ? CODE_SIZE : 0) + k * SLOT_SIZE, slot, sizeof slot);
}

static void slot_load(struct slot_in *in, const struct state *s)
{
    for (unsigned n = 0; n < 8; n++)
        in->general[7 - n] = s->reg[n];
    in->ds = s->selector[SEG_DS];
    in->es = s->selector[SEG_ES];
    in->fs = s->selector[SEG_FS];
    in->gs = s->selector[SEG_GS];
    in->flags = s->flags;
    in->esp = s->reg[ESP];
    in->ss = s->selector[SEG_SS];
}

/* What a trial left that came to the end of its slot. */
static void slot_collect(const struct slot_out *out, struct trial *t, uint32_t eip)
{
    struct state *s = &t->host.after;

    *s = t->before;
    for (unsigned n = 0; n < 8; n++)
        s->reg[n] = out->general[7 - n];
    s->reg[ESP] = out->esp;
    s->flags = out->flags;
    s->eip = eip;
    t->host.error = t->host.cr2 = 0;
}

/* --- Batches --- */

bool host_run(struct fuzz *f, unsigned begin, unsigned fast_end, unsigned trap_end)
{
    for (unsigned k = begin; k < trap_end; k++)
        f->trial[k].host.vector = VECTOR_NONE;
    for (unsigned k = begin; k < fast_end; k++)
        slot_load(&host.control->in[k], &f->trial[k].before);
    host.fuzz = f;
    host.at = begin;
    host.fast_end = fast_end;
    host.trap_end = trap_end;
    host.lost = false;
    host.entering = true;
    __asm__ volatile("ud2" : : : "memory");
    for (unsigned k = begin; k < fast_end; k++)
        if (f->trial[k].host.vector == VECTOR_NONE)
            slot_collect(&host.control->out[k], &f->trial[k], window_end(f->wide, k));
    return !host.lost;
}

bool host_set_entry(struct fuzz *f, unsigned n)
{
    const struct entry *e = &f->entry[n];
    struct user_desc d = {.entry_number = n,
                          .base_addr = e->base,
                          .limit = e->limit,
                          .seg_32bit = e->wide,
                          .contents = e->kind,
                          .read_exec_only = e->fixed,
                          .limit_in_pages = e->pages,
                          .seg_not_present = e->absent,
                          .useable = e->available};

    /* The kernel returns 32 bits, which hide its errors from syscall(2). */
    int result = (int)syscall(SYS_modify_ldt, 0x11, &d, sizeof d);
    errno = result < -1 ? -result : errno;
    return result == 0;
}

bool host_descriptor(uint16_t selector, uint32_t *rights, uint32_t *limit)
{
    bool visible;

    __asm__ volatile("lar %3, %0; setz %2; lsl %3, %1"
                     : "=&r"(*rights), "=&r"(*limit), "=&q"(visible)
                     : "r"((uint32_t)selector)
                     : "cc");
    return visible;
}

bool host_writable(uint16_t selector)
{
    bool writable;

    __asm__ volatile("verw %w1; setz %0" : "=q"(writable) : "r"(selector) : "cc");
    return writable;
}

/* --- Setting up --- */

static bool map(int file, uint32_t at, uint32_t size, int protection)
{
    void *address = (void *)(uintptr_t)(ARENA + at);

    return mmap(address, size, protection, MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE, file, at) == address;
}

/* The arena is a file in memory, mapped where the trials find it, and once more for ourselves. */
static bool arena_map(struct fuzz *f)
{
    int file = (int)syscall(SYS_memfd_create, "hostfuzz", 0);

    if (file < 0 || ftruncate(file, CONTROL_AT + CONTROL_SIZE))
        return false;
    f->image = mmap(NULL, CONTROL_AT + CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    bool mapped = f->image != MAP_FAILED && map(file, 0, DATA_AT, PROT_READ | PROT_EXEC) &&
                  map(file, DATA_AT, DATA_FIXED_AT - DATA_AT, PROT_READ | PROT_WRITE) &&
                  map(file, DATA_FIXED_AT, PAGE_SIZE, PROT_READ) &&
                  map(file, DATA_FIXED_AT + PAGE_SIZE, IMAGE_SIZE - DATA_FIXED_AT - PAGE_SIZE,
                      PROT_READ | PROT_WRITE) &&
                  map(file, CONTROL_AT, CONTROL_SIZE, PROT_READ | PROT_WRITE);
    close(file);
    host.control = (struct control *)(void *)(f->image + CONTROL_AT);
    return mapped;
}

static bool handler_install(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_size = 1u << 18};
    bool done;

    stack.ss_sp = malloc(stack.ss_size);
    done = stack.ss_sp && !sigaltstack(&stack, NULL) && !syscall(SYS_arch_prctl, ARCH_GET_FS, &host.fs_base);
    sigfillset(&action.sa_mask);
    for (unsigned n = 0; n < sizeof signals / sizeof *signals; n++)
        done = done && !sigaction(signals[n], &action, NULL);
    return done;
}

/* Whether a child comes back from a slot that does nothing. A hypervisor without 32-bit segments has modify_ldt all the
 * same, and ends it. */
static bool slots_run(struct fuzz *f, bool wide)
{
    const uint8_t hlt = 0xF4;
    pid_t child = fork();
    int status = 1;

    if (child == 0) {
        f->wide = wide;
        f->trial[0].before.selector[SEG_SS] = selector_of(ENTRY_CHANNEL);
        image_put(f, (wide ? CODE_SIZE : 0) + SLOT_SIZE, &hlt, 1);
        _exit(!host_run(f, 0, 1, 1) || f->trial[0].host.vector != VECTOR_NONE);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    slot_put(f, wide, 1);
    return status == 0;
}

const char *host_init(struct fuzz *f)
{
    const uint8_t channel[] = {W(ENTRY_CHANNEL << 3 | 7)};

    for (unsigned n = 0; n < ENTRY_RANDOM; n++)
        if (!host_set_entry(f, n))
            return errno == ENOSYS || errno == EINVAL ? "this host's kernel has no modify_ldt, or no 16-bit segments"
                                                      : strerror(errno);
    if (!arena_map(f) || !handler_install())
        return strerror(errno);
    for (unsigned wide = 0; wide < 2; wide++) {
        for (unsigned k = 0; k <= SLOTS; k++)
            slot_put(f, wide, k);
        image_put(f, (wide ? CODE_SIZE : 0) + CHANNEL_WORD, channel, sizeof channel);
        if (!slots_run(f, wide))
            return "a process of 64 bits cannot enter such segments";
    }
    return NULL;
}
#else
const char *host_init(struct fuzz *f)
{
    (void)f;
    return "this host is no x86-64 under Linux";
}

bool host_set_entry(struct fuzz *f, unsigned n)
{
    (void)f;
    (void)n;
    return false;
}

bool host_descriptor(uint16_t selector, uint32_t *rights, uint32_t *limit)
{
    (void)selector;
    *rights = *limit = 0;
    return false;
}

bool host_writable(uint16_t selector)
{
    (void)selector;
    return false;
}

bool host_run(struct fuzz *f, unsigned begin, unsigned fast_end, unsigned trap_end)
{
    (void)f;
    (void)begin;
    (void)fast_end;
    (void)trap_end;
    return false;
}
#endif
