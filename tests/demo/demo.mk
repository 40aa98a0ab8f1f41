# demo.mk - the demonstration's guests: $(BUILD)/demo/records.img, the records terminal on a FAT12 floppy, with its
# manifests beside it, and $(BUILD)/demo/first.img, one boot sector that says "First light". Included by GNUmakefile.

DEMO_SOURCE := tests/demo
DEMO_BUILD  := $(BUILD)/demo
# The guest's bytes must not follow the compiler that builds Muniment, so it has its own.
DEMO_CC     ?= gcc
DEMO_CFLAGS := -m16 -march=i386 -Os -std=gnu11 -Wall -Wextra -Werror -ffreestanding -fno-builtin -fno-pic \
               -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -fomit-frame-pointer \
               -fno-tree-loop-distribute-patterns -fno-ident
DEMO_OBJECTS := $(addprefix $(DEMO_BUILD)/,start.o terminal.o volume.o)

$(DEMO_BUILD)/%.o: $(DEMO_SOURCE)/%.c $(DEMO_SOURCE)/guest.h $(DEMO_SOURCE)/demo.mk
	@mkdir -p $(@D)
	$(DEMO_CC) $(DEMO_CFLAGS) -c -o $@ $<

$(DEMO_BUILD)/%.o: $(DEMO_SOURCE)/%.S $(DEMO_SOURCE)/demo.mk
	@mkdir -p $(@D)
	$(DEMO_CC) -m16 -c -o $@ $<

$(DEMO_BUILD)/boot.bin $(DEMO_BUILD)/first.bin: %.bin: %.o
	ld -m elf_i386 -Ttext=0x7c00 --oformat=binary -o $@ $<

$(DEMO_BUILD)/terminal.sys: $(DEMO_OBJECTS) $(DEMO_SOURCE)/terminal.ld
	ld -m elf_i386 -T $(DEMO_SOURCE)/terminal.ld --oformat=binary --build-id=none -o $@ $(DEMO_OBJECTS)

$(DEMO_BUILD)/mkfat12: $(DEMO_SOURCE)/mkfat12.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -O1 -Wall -Wextra -Werror -o $@ $<

$(DEMO_BUILD)/records.img: $(DEMO_BUILD)/mkfat12 $(DEMO_BUILD)/boot.bin $(DEMO_BUILD)/terminal.sys \
                           $(DEMO_SOURCE)/records.txt $(DEMO_SOURCE)/records.awk
	rm -rf $(DEMO_BUILD)/records && mkdir -p $(DEMO_BUILD)/records
	awk -v DIR=$(DEMO_BUILD)/records -f $(DEMO_SOURCE)/records.awk $(DEMO_SOURCE)/records.txt
	$(DEMO_BUILD)/mkfat12 $@ $(DEMO_BUILD)/boot.bin $(DEMO_BUILD)/terminal.sys RECORDS/ \
	    $$(LC_ALL=C ls $(DEMO_BUILD)/records/*.TXT)

$(DEMO_BUILD)/first.img: $(DEMO_BUILD)/first.bin
	cp $< $@ && truncate -s 1474560 $@

# A manifest names its image relative to itself.
$(DEMO_BUILD)/%.yaml: $(DEMO_SOURCE)/%.yaml
	@mkdir -p $(@D)
	cp $< $@
