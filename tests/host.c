/* host.c - the processor that a test compares ours with. See host.h. */
#include "tests/host.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The families on which hostfuzz, x87_host and simd_host have passed: their differences from ours are listed. */
static const struct {
    const char *vendor;
    unsigned family;
} tried[] = {
    {"AuthenticAMD", 25}, /* model 17 */
    {"AuthenticAMD", 26},
};

#if defined __x86_64__ && defined __linux__
#include <cpuid.h>

/* The request RUNNING_ON_VALGRIND: a sequence that does nothing on a processor. */
static bool is_valgrind(void)
{
    const uint64_t request[6] = {0x1001};
    uint64_t answer = 0;

    __asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi; xchgq %%rbx, %%rbx"
                     : "+d"(answer)
                     : "a"(request)
                     : "cc", "memory");
    return answer != 0;
}

static void text_put(char *text, unsigned a, unsigned b, unsigned c)
{
    memcpy(text, &a, 4);
    memcpy(text + 4, &b, 4);
    memcpy(text + 8, &c, 4);
    text[12] = 0;
}

const char *host_identify(struct host *host)
{
    unsigned eax, ebx, ecx, edx;
    char hypervisor[13];

    __cpuid(0, eax, ebx, ecx, edx);
    text_put(host->vendor, ebx, edx, ecx);
    __cpuid(1, eax, ebx, ecx, edx);
    host->family = eax >> 8 & 15;
    host->model = eax >> 4 & 15;
    if (host->family == 15)
        host->family += eax >> 20 & 255;
    if (host->family == 6 || host->family >= 15)
        host->model |= eax >> 12 & 0xF0;
    host->hypervisor = ecx >> 31;
    if (is_valgrind())
        return "this is Valgrind's processor, which is no silicon";
    __cpuid(0x40000000, eax, ebx, ecx, edx);
    text_put(hypervisor, ebx, ecx, edx);
    if (host->hypervisor && !strcmp(hypervisor, "TCGTCGTCGTCG"))
        return "this is QEMU's processor, which is no silicon";
    return NULL;
}
#else
const char *host_identify(struct host *host)
{
    *host = (struct host){.vendor = "none"};
    return "this host is no x86-64 under Linux";
}
#endif

bool host_pretend(struct host *host, const char *text)
{
    struct host other = {.hypervisor = host->hypervisor};
    int end = 0;

    if (sscanf(text, "%12[^/]/%u/%u%n", other.vendor, &other.family, &other.model, &end) != 3 || text[end])
        return false;
    *host = other;
    return true;
}

static bool is_tried(const struct host *host)
{
    for (size_t n = 0; n < sizeof tried / sizeof *tried; n++)
        if (!strcmp(tried[n].vendor, host->vendor) && tried[n].family == host->family)
            return true;
    return false;
}

int host_verdict(const struct host *host, unsigned long passed, unsigned long differ, const char *first)
{
    bool judged = !differ || is_tried(host);

    printf("host: %s, family %u, model %u, %s hypervisor\n", host->vendor, host->family, host->model,
           host->hypervisor ? "under a" : "no");
    if (judged)
        printf("%lu passed, %lu failed\n", passed, differ);
    else
        printf("not judged: %lu of %lu differ on %s family %u, which nobody has tried: %s\n", differ, passed + differ,
               host->vendor, host->family, first);
    return !judged ? 77 : differ != 0;
}
