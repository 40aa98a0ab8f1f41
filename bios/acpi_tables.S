/* acpi_tables.S - the ACPI tables as they lie in the ROM (Advanced Configuration and Power Interface Specification 1.0b); acpi.c
 * puts in what depends on the machine, and the checksums, and copies them to the end of memory.
 *
 * The DSDT is written in AML (chapter 16) by the macros below, each named for what it encodes. A package length is always two
 * bytes: its length runs from its first byte to the label at its end. */
        .code16
        .text
        .balign 4
        .globl  acpi_rsdt, acpi_fadt, acpi_facs, acpi_madt, acpi_dsdt, acpi_dsdt_end
        .globl  acpi_has_mouse, acpi_has_fdc, acpi_has_com1, acpi_has_com2, acpi_has_lpt1

        .macro  table_header signature, length, revision
        .ascii  "\signature"
        .long   \length
        .byte   \revision, 0            /* checksum */
        .ascii  "MUNIMTMUNIMENT"
        .long   1
        .ascii  "MUNI"
        .long   1
        .endm

acpi_rsdt:
        table_header "RSDT", 40, 1
        .long   0, 0                    /* the FADT; the MADT, which the length leaves out where there is none */

acpi_fadt:
        table_header "FACP", 116, 1
        .long   0, 0                    /* FACS, DSDT */
        .byte   0, 0                    /* two 8259 */
        .word   9                       /* SCI */
        .long   0xB2                    /* SMI command port: */
        .byte   0xF1, 0xF0, 0, 0        /* ACPI on, off */
        .long   0x600, 0, 0x604, 0, 0, 0x608, 0, 0      /* events, control, timer; no general-purpose events */
        .byte   4, 2, 0, 4, 0, 0, 0, 0  /* their lengths */
        .word   0xFFF, 0xFFF, 0, 0      /* no C2 and C3, no flushing */
        .byte   0, 0, 0x0D, 0, 0x32     /* no duty cycle; alarm's day, month; century */
        .byte   0, 0, 0
        .long   0x25                    /* WBINVD works, C1 works, no fixed sleep button */

acpi_facs:
        .ascii  "FACS"
        .long   64, 0, 0, 0, 0
        .fill   40, 1, 0

acpi_madt:
        table_header "APIC", 90, 1
        .long   0xFEE00000, 1           /* there are 8259 as well */
        .byte   0, 8, 0, 0              /* processor 0 */
        .long   1
        .byte   1, 12, 1, 0             /* I/O APIC 1, interrupts from 0 on */
        .long   0xFEC00000, 0
        .byte   2, 10, 0, 0             /* IRQ 0 is interrupt 2, as ISA has it */
        .long   2
        .word   0
        .byte   2, 10, 0, 9             /* the SCI is 9, high and level-triggered */
        .long   9
        .word   0x0D
        .byte   4, 6, 0, 0, 0, 1        /* processor 0: NMI is LINT1 */

/* --- AML --- */

        .macro  length_to end           /* PkgLength */
7700:   .byte   0x40 | ((\end - 7700b) & 15), (\end - 7700b) >> 4
        .endm
        .macro  scope name, end
        .byte   0x10
        length_to \end
        .ascii  "\name"
        .endm
        .macro  device name, end
        .byte   0x5B, 0x82
        length_to \end
        .ascii  "\name"
        .endm
        .macro  method name, end, arguments=0
        .byte   0x14
        length_to \end
        .ascii  "\name"
        .byte   \arguments
        .endm
        .macro  name_byte name, value
        .byte   0x08
        .ascii  "\name"
        .byte   0x0A, \value
        .endm
        .macro  name_long name, value
        .byte   0x08
        .ascii  "\name"
        .byte   0x0C
        .long   \value
        .endm
        .macro  pnp_id number           /* _HID of EISA form: PNP and four digits */
        .byte   0x08
        .ascii  "_HID"
        .byte   0x0C, 0x41, 0xD0, (\number) >> 8, (\number) & 255
        .endm
        .macro  buffer name, end        /* a resource template, to be ended by end_buffer */
        .byte   0x08
        .ascii  "\name"
        .byte   0x11
        length_to \end
        .byte   0x0B
        .word   \end - . - 2
        .endm
        .macro  end_buffer
        .byte   0x79, 0
        .endm
        .macro  io_ports first, count
        .byte   0x47, 1
        .word   \first, \first
        .byte   1, \count
        .endm
        .macro  irq_edge number
        .byte   0x22
        .word   1 << \number
        .endm
        .macro  irq_level mask
        .byte   0x23
        .word   \mask
        .byte   0x18
        .endm
        .macro  dma channel
        .byte   0x2A, 1 << \channel, 0
        .endm
        .macro  bus_range type, flags, first, last
        .byte   0x88, 0x0D, 0, \type, 0x0C, \flags
        .word   0, \first, \last, 0, (\last)-(\first)+1
        .endm
        .macro  memory_range first, last
        .byte   0x87, 0x17, 0, 0, 0x0C, 1
        .long   0, \first, \last, 0, (\last)-(\first)+1
        .endm

/* A device with fixed resources in one line: name, identification; resources follow, then `ends`. */
        .macro  board_device name, number, end
        device  "\name", \end
        pnp_id  \number
        buffer  "_CRS", \end
        .endm
        .macro  ends end
        end_buffer
\end:
        .endm
/* The same for one that may be missing: the byte at `flag` is its _STA. */
        .macro  optional_device name, number, end, flag
        device  "\name", \end
        pnp_id  \number
        .byte   0x08
        .ascii  "_STA"
        .byte   0x0A
\flag:  .byte   0x0F
        buffer  "_CRS", \end
        .endm

/* Interrupt link n: its register of the PIIX is \_SB.PCI0.ISA_.PRQn. */
        .macro  route letter
        .byte   0x5C, 0x2F, 4
        .ascii  "_SB_PCI0ISA_PRQ\letter"
        .endm
        .macro  link letter, number
        device  "LNK\letter", link_\letter
        pnp_id  0x0C0F
        name_byte "_UID", \number
        buffer  "_PRS", 7701f
        irq_level 0x0C20
        end_buffer
7701:
        method  "_STA", 7703f
        .byte   0xA0                    /* If (And (PRQn, 0x80)) { Return (9) } */
        length_to 7702f
        .byte   0x7B
        route   \letter
        .byte   0x0A, 0x80, 0
        .byte   0xA4, 0x0A, 9
7702:   .byte   0xA4, 0x0A, 11          /* Return (11) */
7703:
        method  "_DIS", 7704f
        .byte   0x7D                    /* Or (PRQn, 0x80, PRQn) */
        route   \letter
        .byte   0x0A, 0x80
        route   \letter
7704:
        method  "_CRS", 7707f, 8        /* serialized: it makes names */
        buffer  "BUFF", 7705f
        irq_level 0
        end_buffer
7705:   .byte   0x8B                    /* CreateWordField (BUFF, 1, IRQS) */
        .ascii  "BUFF"
        .byte   1
        .ascii  "IRQS"
        .byte   0xA0                    /* If (LNot (And (PRQn, 0x80))) { ShiftLeft (1, PRQn, IRQS) } */
        length_to 7706f
        .byte   0x92, 0x7B
        route   \letter
        .byte   0x0A, 0x80, 0
        .byte   0x79, 1
        route   \letter
        .ascii  "IRQS"
7706:   .byte   0xA4                    /* Return (BUFF) */
        .ascii  "BUFF"
7707:
        method  "_SRS", 7708f, 9
        .byte   0x8B, 0x68, 1           /* CreateWordField (Arg0, 1, IRQS) */
        .ascii  "IRQS"
        .byte   0x82                    /* FindSetRightBit (IRQS, Local0) */
        .ascii  "IRQS"
        .byte   0x60
        .byte   0x76, 0x60              /* Decrement (Local0) */
        .byte   0x70, 0x60              /* Store (Local0, PRQn) */
        route   \letter
7708:
link_\letter:
        .endm

/* One pin of a slot: Package () { slot << 16 | 0xFFFF, pin, LNKx, 0 }. */
        .macro  pin slot, number, letter
        .byte   0x12
        length_to 7709f
        .byte   4, 0x0C
        .long   \slot << 16 | 0xFFFF
        .byte   0x0A, \number
        .ascii  "LNK\letter"
        .byte   0
7709:
        .endm
        .macro  slot number, a, b, c, d
        pin     \number, 0, \a
        pin     \number, 1, \b
        pin     \number, 2, \c
        pin     \number, 3, \d
        .endm

/* The same with the I/O APIC: Package () { slot << 16 | 0xFFFF, pin, 0, interrupt }; pins of the APIC follow each other as
 * the links do. */
        .macro  apic_slot number, pin=0
        .byte   0x12
        length_to 7710f
        .byte   4, 0x0C
        .long   \number << 16 | 0xFFFF
        .byte   0x0A, \pin, 0, 0x0A, 16 + ((\number - 1 + \pin) & 3)
7710:
        .if     \pin < 3
        apic_slot \number, (\pin + 1)
        .endif
        .endm

acpi_dsdt:
        table_header "DSDT", (acpi_dsdt_end-acpi_dsdt), 1

        .byte   0x08                    /* Name (_S5_, Package () { 0, 0, 0, 0 }): SLP_TYP 0 is soft off */
        .ascii  "_S5_"
        .byte   0x12, 6, 4, 0, 0, 0, 0

        .byte   0x08                    /* Name (PICF, 0): interrupts go by the 8259 until _PIC says by APIC */
        .ascii  "PICF"
        .byte   0
        .byte   0x5B, 0x80              /* OperationRegion (IMCR, SystemIO, 0x22, 2) */
        .ascii  "IMCR"
        .byte   1, 0x0A, 0x22, 0x0A, 2
        .byte   0x5B, 0x81              /* Field (IMCR, ByteAcc, NoLock, Preserve) */
        length_to end_imcr
        .ascii  "IMCR"
        .byte   1
        .ascii  "IMCS\010IMCD\010"
end_imcr:
        method  "_PIC", end_pic_mode, 1
        .byte   0x70, 0x68              /* Store (Arg0, PICF) */
        .ascii  "PICF"
        .byte   0xA0                    /* If (Arg0) { Store (0x70, IMCS) Store (1, IMCD) } */
        length_to end_pic_mode
        .byte   0x68
        .byte   0x70, 0x0A, 0x70
        .ascii  "IMCS"
        .byte   0x70, 1
        .ascii  "IMCD"
end_pic_mode:
        scope   "_PR_", end_pr
        .byte   0x5B, 0x83              /* Processor (CPU0, 0, 0, 0) */
        length_to end_pr
        .ascii  "CPU0"
        .byte   0
        .long   0
        .byte   0
end_pr:
        scope   "_SB_", end_sb
        device  "PCI0", end_pci
        pnp_id  0x0A03
        name_byte "_ADR", 0
        name_byte "_UID", 0
        buffer  "_CRS", end_pci_crs
        bus_range 2, 0, 0, 0
        io_ports 0xCF8, 8
        bus_range 1, 3, 0x0000, 0x0CF7
        bus_range 1, 3, 0x0D00, 0xFFFF
        memory_range 0x000A0000, 0x000BFFFF
        memory_range 0xE0000000, 0xFEBFFFFF
        end_buffer
end_pci_crs:
        method  "_PRT", end_prt_method
        .byte   0xA0                    /* If (\PICF) { Return (PRTA) } */
        length_to 7711f
        .ascii  "\\PICF"
        .byte   0xA4
        .ascii  "PRTA"
7711:   .byte   0xA4                    /* Return (PRTP) */
        .ascii  "PRTP"
end_prt_method:
        .byte   0x08                    /* Name (PRTA, Package () { ... }) */
        .ascii  "PRTA"
        .byte   0x12
        length_to end_prta
        .byte   60
        .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        apic_slot \n
        .endr
end_prta:
        .byte   0x08                    /* Name (PRTP, Package () { ... }) */
        .ascii  "PRTP"
        .byte   0x12
        length_to end_prt
        .byte   60
        slot    1, A, B, C, D
        slot    2, B, C, D, A
        slot    3, C, D, A, B
        slot    4, D, A, B, C
        slot    5, A, B, C, D
        slot    6, B, C, D, A
        slot    7, C, D, A, B
        slot    8, D, A, B, C
        slot    9, A, B, C, D
        slot    10, B, C, D, A
        slot    11, C, D, A, B
        slot    12, D, A, B, C
        slot    13, A, B, C, D
        slot    14, B, C, D, A
        slot    15, C, D, A, B
end_prt:
        device  "ISA_", end_isa
        name_long "_ADR", 0x00010000
        .byte   0x5B, 0x80              /* OperationRegion (ROUT, PCI_Config, 0x60, 4) */
        .ascii  "ROUT"
        .byte   2, 0x0A, 0x60, 0x0A, 4
        .byte   0x5B, 0x81              /* Field (ROUT, ByteAcc, NoLock, Preserve) */
        length_to end_field
        .ascii  "ROUT"
        .byte   1
        .ascii  "PRQA\010PRQB\010PRQC\010PRQD\010"
end_field:
        board_device "PIC_", 0x0000, end_pic
        io_ports 0x20, 2
        io_ports 0xA0, 2
        io_ports 0x4D0, 2
        irq_edge 2
        ends    end_pic
        board_device "DMAC", 0x0200, end_dma
        io_ports 0x00, 16
        io_ports 0x80, 16
        io_ports 0xC0, 32
        dma     4
        ends    end_dma
        board_device "TIMR", 0x0100, end_timer
        io_ports 0x40, 4
        irq_edge 0
        ends    end_timer
        board_device "RTC_", 0x0B00, end_rtc
        io_ports 0x70, 2
        irq_edge 8
        ends    end_rtc
        board_device "SPKR", 0x0800, end_speaker
        io_ports 0x61, 1
        ends    end_speaker
        board_device "FPU_", 0x0C04, end_fpu
        io_ports 0xF0, 16
        irq_edge 13
        ends    end_fpu
        board_device "KBD_", 0x0303, end_keyboard
        io_ports 0x60, 1
        io_ports 0x64, 1
        irq_edge 1
        ends    end_keyboard
        optional_device "MOU_", 0x0F13, end_mouse, acpi_has_mouse
        irq_edge 12
        ends    end_mouse
        optional_device "FDC_", 0x0700, end_fdc, acpi_has_fdc
        io_ports 0x3F2, 4
        io_ports 0x3F7, 1
        irq_edge 6
        dma     2
        ends    end_fdc
        optional_device "COM1", 0x0501, end_com1, acpi_has_com1
        io_ports 0x3F8, 8
        irq_edge 4
        ends    end_com1
        optional_device "COM2", 0x0501, end_com2, acpi_has_com2
        io_ports 0x2F8, 8
        irq_edge 3
        ends    end_com2
        optional_device "LPT1", 0x0400, end_lpt1, acpi_has_lpt1
        io_ports 0x378, 3
        irq_edge 7
        ends    end_lpt1
        board_device "SYSR", 0x0C02, end_system         /* what else is taken: ports 92h, B2h, power management */
        io_ports 0x92, 1
        io_ports 0xB2, 2
        io_ports 0x600, 64
        ends    end_system
end_isa:
end_pci:
        link    A, 1
        link    B, 2
        link    C, 3
        link    D, 4
end_sb:
acpi_dsdt_end:
