/* padding.c - see padding.h. */
#include "formats/padding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum block_result padded_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    const struct block *base = context;
    uint64_t left = sector < base->sectors ? base->sectors - sector : 0;
    uint32_t real = left < count ? (uint32_t)left : count;
    enum block_result result = BLOCK_OK;

    *done = 0;
    if (real > 0)
        result = base->read(base->context, sector, real, buffer, done);
    if (result != BLOCK_OK)
        return result;
    memset(buffer + (size_t)real * SECTOR_SIZE, 0, (size_t)(count - real) * SECTOR_SIZE);
    *done = count;
    return BLOCK_OK;
}

static void padded_close(void *context)
{
    struct block *base = context;

    if (base->close)
        base->close(base->context);
    free(base);
}

static const struct error *padded_failure(void *context)
{
    const struct block *base = context;

    return base->failure ? base->failure(base->context) : NULL;
}

bool pad_disk(struct block *disk, uint64_t sectors, struct error *error)
{
    struct block *base = malloc(sizeof(*base));

    if (!base)
        return error_host(error, "disk", ENOMEM, "cannot open");
    *base = *disk;
    *disk = (struct block){
        .context = base,
        .sectors = sectors,
        .read_only = true,
        .read = padded_read,
        .close = padded_close,
        .failure = padded_failure,
    };
    return true;
}
