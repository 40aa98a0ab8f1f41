/* isapnp.h - ISA Plug and Play (Plug and Play ISA Specification 1.0a): the ports 279h, A79h and one that software
 * moves, by which it finds cards, reads what they need and puts them somewhere. */
#ifndef MUNIMENT_EMU_DEVICES_ISAPNP_H
#define MUNIMENT_EMU_DEVICES_ISAPNP_H

#include "emu/bus.h"
#include "emu/state.h"

#define ISAPNP_IDENTIFIER 9u /* bytes: vendor and product, serial number, checksum */
#define ISAPNP_BASES 3u
#define ISAPNP_LINES 2u
#define ISAPNP_CARDS 2u

/* What software chose for the card's logical device. */
struct isapnp_choice {
    bool active;
    uint16_t base[ISAPNP_BASES]; /* of ports; 0: none */
    uint8_t irq;                 /* 0: none */
    uint8_t irq_type;
    uint8_t dma[ISAPNP_LINES]; /* 4: none */
};

struct isapnp {
    uint8_t state;      /* enum state of isapnp.c */
    uint8_t key;        /* LFSR of the initiation key */
    uint8_t key_length; /* bytes of it that came */
    uint8_t address;    /* register */
    uint8_t number;     /* CSN */
    uint8_t device;     /* logical device that is selected */
    uint16_t read_port; /* 0: not set yet */
    uint8_t isolated;   /* reads of register 1, two for each bit */
    uint16_t resource;  /* byte of identifier and resources that is read next */
    struct isapnp_choice choice;
    /* wiring */
    struct isapnp_bus *cards; /* among which it is */
    const uint8_t *identifier, *resources;
    uint32_t resource_bytes;
    struct isapnp_choice initial;
    void (*chosen)(void *card, const struct isapnp_choice *choice);
    void *card;
};

extern const struct state_field isapnp_state[];

/* The cards, all of which hear what is written, and the ports. */
struct isapnp_bus {
    struct bus *bus;
    struct isapnp *card[ISAPNP_CARDS];
    unsigned count;
};

void isapnp_bus_init(struct isapnp_bus *b, struct bus *bus);

/* What the card says of itself is the caller's, and static. chosen is called whenever the choice has changed. */
struct isapnp_card {
    const uint8_t *identifier; /* ISAPNP_IDENTIFIER less one: its checksum is made here */
    const uint8_t *resources;  /* without the end tag */
    uint32_t resource_bytes;
    struct isapnp_choice initial; /* after a reset */
    void (*chosen)(void *card, const struct isapnp_choice *choice);
    void *card;
};
/* Adds a card: at most ISAPNP_CARDS. */
void isapnp_init(struct isapnp *p, struct isapnp_bus *cards, const struct isapnp_card *card);
void isapnp_reset(struct isapnp *p);
/* struct part of machine.h */
const char *isapnp_loaded(void *device);

#endif
