# bios.mk - the firmware: its kept bytes, and how they are made from source; included by the GNUmakefile.
#
# The program carries the bytes in bios/versions/ (FIRMWARE_EMBEDDED), whatever compiler is at hand: they are part of every machine.
# `make firmware` makes them anew from source, after a change in bios/. tests/firmware_source.sh compares both. Any gcc for x86 builds the
# source, no 32-bit libraries are needed; the bytes do not depend on where or when.

FIRMWARE_KEPT     := bios/versions/0
FIRMWARE_EMBEDDED := firmware/system-0.bin:$(FIRMWARE_KEPT)/system.bin firmware/video-0.bin:$(FIRMWARE_KEPT)/vga.bin \
    firmware/video-cirrus-0.bin:$(FIRMWARE_KEPT)/cirrus.bin

BIOS_CC      ?= gcc
BIOS_LD      ?= ld
BIOS_OBJCOPY ?= objcopy

BIOS_OUT := $(BUILD)/bios
BIOS_FLAGS := -m16 -march=i386 -ffreestanding -fno-pic -fno-pie -I$(BIOS_OUT) -ffile-prefix-map="$$PWD"=. -MMD -MP
BIOS_CFLAGS := -std=gnu11 -Os -Wall -Wextra -Werror -Wno-missing-braces -mregparm=3 -mpreferred-stack-boundary=2 -fomit-frame-pointer \
    -fno-stack-protector -fno-asynchronous-unwind-tables -fno-jump-tables -fno-tree-switch-conversion \
    -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-tree-loop-distribute-patterns -fno-inline-functions-called-once -fcf-protection=none \
    -mno-80387 -mno-mmx -mno-sse
BIOS_LDFLAGS := -m elf_i386 --build-id=none -nostdlib -z noexecstack --orphan-handling=error --no-warn-rwx-segments

BIOS_SHARED := frame.o util.o
BIOS_SYSTEM := entry.o handlers.o processor.o controller.o memory.o print.o cd_image.o post.o boot.o clock.o keyboard.o floppy.o disk.o edd.o ata.o atapi.o cdrom.o eltorito.o serial.o printer.o system.o \
    pci_setup.o pci_bios.o flat_pci_bios.o bios32.o pnp.o shadow.o caches.o option_rom.o mouse.o \
    apm.o flat_apm.o apm_entry.o acpi.o acpi_tables.o smbios.o smbios_tables.o mp.o
BIOS_VGA    := video_rom.o video_init.o video_entry.o video.o video_mode.o video_state.o modes.o text.o palette.o font.o \
    vbe.o vbe_window.o vbe_protected.o edid.o dispi.o registers.o video_tables.o
# The VGA BIOS for Cirrus chips: compiled once more, with what looks at the display interface for theirs; and the monitor is asked. It fills its 32 KiB, and without these
# options, against optimizations that repeat code, it would not fit.
BIOS_SHORT  := -fno-thread-jumps -fno-caller-saves -fno-code-hoisting -fno-tree-dominator-opts -fno-tree-ch -fno-if-conversion -fno-tree-pre -fno-shrink-wrap
BIOS_CIRRUS := $(patsubst %,gd_%,$(filter-out dispi.o edid.o,$(BIOS_VGA)) cirrus.o ddc.o)
BIOS_OBJECTS := $(addprefix $(BIOS_OUT)/,$(BIOS_SHARED) $(BIOS_SYSTEM) $(BIOS_VGA) $(BIOS_CIRRUS))
BIOS_FONTS   := $(addprefix $(BIOS_OUT)/,font8x8.inc font8x8_upper.inc font8x14.inc font8x16.inc)

$(BIOS_OUT):
	mkdir -p $@

# In two steps: tests/firmware_segments.py reads the assembler text as well. $(1): more options.
bios_compile = $(BIOS_CC) $(filter-out $(if $(1),-m16),$(BIOS_FLAGS)) $(1) $(BIOS_CFLAGS) -MT $@ -S -o $(@:.o=.s) $< && $(BIOS_CC) $(or $(1),-m16) -c -o $@ $(@:.o=.s)

$(BIOS_OUT)/%.o: bios/%.c bios/bios.mk | $(BIOS_OUT)
	$(bios_compile)

# The same services once more for 32-bit code segments; their names get a prefix.
$(BIOS_OUT)/flat_%.o: bios/%.c bios/bios.mk | $(BIOS_OUT)
	$(call bios_compile,-m32 -DFLAT)
	$(BIOS_OBJCOPY) --prefix-symbols=flat_ $@

$(BIOS_OUT)/gd_%.o: bios/%.c bios/bios.mk | $(BIOS_OUT)
	$(call bios_compile,-m16 -DCIRRUS $(BIOS_SHORT))

$(BIOS_OUT)/gd_%.o: bios/%.S bios/bios.mk $(BIOS_FONTS) | $(BIOS_OUT)
	$(BIOS_CC) $(BIOS_FLAGS) -DCIRRUS -c -o $@ $<

$(BIOS_OUT)/%.o: bios/tests/%.c bios/bios.mk | $(BIOS_OUT)
	$(bios_compile)

$(BIOS_OUT)/%.o: bios/tests/%.S bios/bios.mk | $(BIOS_OUT)
	$(BIOS_CC) $(BIOS_FLAGS) -c -o $@ $<

$(BIOS_OUT)/%.o: bios/%.S bios/bios.mk $(BIOS_FONTS) | $(BIOS_OUT)
	$(BIOS_CC) $(BIOS_FLAGS) -c -o $@ $<

# A font is lines "HH:hexrows"; $(1): the glyphs wanted, $(2): the first hex digit wanted, $(3): how many.
bios_font = sed -n '/^[0-9A-Fa-f][0-9A-Fa-f]:/p' $< | sed -n '$(1)p' | cut -d: -f2 | cut -c$(2)-$(3) \
    | sed 's/../0x&,/g; s/,$$//; s/^/.byte /' > $@

$(BIOS_OUT)/font8x8.inc: bios/font8x8.hex | $(BIOS_OUT)
	$(call bios_font,1$(comma)128,1,16)
$(BIOS_OUT)/font8x8_upper.inc: bios/font8x8.hex | $(BIOS_OUT)
	$(call bios_font,129$(comma)256,1,16)
$(BIOS_OUT)/font8x14.inc: bios/font8x16.hex | $(BIOS_OUT)
	$(call bios_font,1$(comma)256,3,30)
$(BIOS_OUT)/font8x16.inc: bios/font8x16.hex | $(BIOS_OUT)
	$(call bios_font,1$(comma)256,1,32)
comma := ,

$(BIOS_OUT)/system.elf: bios/system.ld $(addprefix $(BIOS_OUT)/,$(BIOS_SYSTEM) $(BIOS_SHARED))
	$(BIOS_LD) $(BIOS_LDFLAGS) -T $< -o $@ $(filter %.o,$^)

$(BIOS_OUT)/vga.elf: bios/vga.ld $(addprefix $(BIOS_OUT)/,$(BIOS_VGA) $(BIOS_SHARED))
	$(BIOS_LD) $(BIOS_LDFLAGS) -T $< -o $@ $(filter %.o,$^)

$(BIOS_OUT)/cirrus.elf: bios/vga.ld $(addprefix $(BIOS_OUT)/,$(BIOS_CIRRUS) $(BIOS_SHARED))
	$(BIOS_LD) $(BIOS_LDFLAGS) -T $< -o $@ $(filter %.o,$^)

# The last byte makes the sum of all bytes zero.
$(BIOS_OUT)/%.bin: $(BIOS_OUT)/%.elf
	$(BIOS_OBJCOPY) -O binary --gap-fill 0xFF $< $@.part
	sum=$$(od -An -v -tu1 $@.part | awk '{ for (i = 1; i <= NF; i++) s += $$i } END { print (256 - s % 256) % 256 }') && \
	size=$$(wc -c < $@.part) && \
	printf "\\$$(printf %03o $$sum)" | dd of=$@.part bs=1 seek=$$((size - 1)) conv=notrunc status=none
	mv $@.part $@

# What made the kept bytes is written beside them.
.PHONY: firmware firmware-tools
firmware: $(BIOS_OUT)/system.bin $(BIOS_OUT)/vga.bin $(BIOS_OUT)/cirrus.bin
	@mkdir -p $(FIRMWARE_KEPT)
	@cp $^ $(FIRMWARE_KEPT)/
	@cd $(FIRMWARE_KEPT) && sha256sum $(notdir $^) >SHA256SUMS
	@$(MAKE) -s firmware-tools >$(FIRMWARE_KEPT)/made-by
	@cat $(FIRMWARE_KEPT)/SHA256SUMS
firmware-tools:
	@for tool in '$(BIOS_CC)' '$(BIOS_LD)'; do $$tool --version | head -n 1; done

# A bootable image that checks the firmware from inside: boot sector, then the rest at the next sectors.
BIOS_TEST_PARTS := $(notdir $(patsubst %.c,%.o,$(wildcard bios/tests/*.c)))
$(BIOS_OUT)/test.elf: bios/tests/image.ld $(addprefix $(BIOS_OUT)/,start.o $(BIOS_TEST_PARTS) $(BIOS_SHARED))
	$(BIOS_LD) $(BIOS_LDFLAGS) -T $< -o $@ $(filter %.o,$^)

$(BIOS_OUT)/test.img: $(BIOS_OUT)/test.elf
	$(BIOS_OBJCOPY) -O binary -j .boot $< $@.boot
	$(BIOS_OBJCOPY) -O binary -j .text $< $@.text
	cat $@.boot $@.text > $@

.PHONY: check-bios
check-bios: $(BIOS_OUT)/test.img
	bios/tests/bios_in_qemu.sh $<
	bios/tests/bios_in_bochs.sh $<

-include $(BIOS_OBJECTS:.o=.d) $(addprefix $(BIOS_OUT)/,$(BIOS_TEST_PARTS:.o=.d) start.d)
