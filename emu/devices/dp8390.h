/* dp8390.h - National Semiconductor DP8390D network interface controller (data sheet TL/F/8582; application notes 874
 * and 937): an Ethernet chip with a memory of its own, whose pages of 256 bytes hold what is sent and a ring of what
 * was received. The board around it is ne2000.h. */
#ifndef MUNIMENT_EMU_DEVICES_DP8390_H
#define MUNIMENT_EMU_DEVICES_DP8390_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/clock.h"
#include "emu/line.h"
#include "emu/state.h"

#define NETWORK_PACKET 1536u /* bytes, with the frame check sequence: longer ones are lost on the cable */

struct dp8390 {
    uint8_t command;                     /* CR, without TXP */
    uint8_t interrupts, mask;            /* ISR, IMR */
    uint8_t data, transmit, receive;     /* DCR, TCR, RCR */
    uint8_t transmitted, received;       /* TSR, RSR */
    uint8_t first_page, stop_page;       /* PSTART, PSTOP */
    uint8_t boundary, current;           /* BNRY, CURR */
    uint8_t transmit_page;               /* TPSR */
    uint16_t transmit_count;             /* TBCR */
    uint16_t local;                      /* CLDA */
    uint16_t remote_start, remote_count; /* RSAR, RBCR */
    uint16_t remote, remote_left;        /* CRDA; bytes that the data port still moves */
    uint8_t next_boundary;               /* of the command "send packet" */
    uint8_t counter[3];                  /* frame alignment, CRC, missed packets */
    uint8_t physical[6], multicast[8];   /* PAR, MAR */
    uint8_t fifo[8], fifo_at;            /* of a loopback, and what is read next */
    uint64_t due_at;                     /* the transmission ends */
    /* wiring */
    struct clock *clock;
    struct line irq;
    uint8_t (*fetch)(void *board, uint16_t address);
    void (*store)(void *board, uint16_t address, uint8_t byte);
    void *board;
    bool carrier; /* there is a cable */
    /* Takes a packet whose last bit has left, with its frame check sequence; null: nobody does. */
    void (*out)(void *context, const uint8_t *packet, size_t length);
    void *context;
};

extern const struct state_field dp8390_state[];

/* The caller has filled in the wiring; everything else becomes as after the chip's reset. Uses EVENT_NETWORK. */
void dp8390_init(struct dp8390 *chip);
void dp8390_reset(struct dp8390 *chip);
/* Another interrupt line in place of the one that it has. */
void dp8390_connect(struct dp8390 *chip, struct line irq);
/* Registers 0 to 15. */
uint8_t dp8390_read(struct dp8390 *chip, unsigned index);
void dp8390_write(struct dp8390 *chip, unsigned index, uint8_t value);
/* The data port: one access moves a byte, or a word where DCR says so. */
uint16_t dp8390_data_read(struct dp8390 *chip);
void dp8390_data_write(struct dp8390 *chip, uint16_t value);
/* A packet's last bit has arrived; with its frame check sequence, at most NETWORK_PACKET bytes. */
void dp8390_receive(struct dp8390 *chip, const uint8_t *packet, size_t length);

#endif
