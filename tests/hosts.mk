# hosts.mk - the runner (runner.c), the loader of Linux programs (linuxuser.c) and the probe of the BitBLT engine (cirrus.c), built for other hosts by Debian's cross
# compilers: $(BUILD)/hosts/NAME/runner, linuxuser and cirrus. $(BUILD)/tests/runner is the native one. Included by tests.mk.
#
# Static, so that qemu-user finds all it needs. Firmware and guests are the bytes that are built natively: they are x86 code wherever they run. Bodies are not forced into
# their instances (emu/cpu/sizes.h), which halves the time of the compiler.

HOSTS := i386 aarch64 armhf riscv64 ppc64el s390x

HOST_CFLAGS := -O2 -DBODY='static inline'
HOST_CC_i386    := gcc -m32
HOST_CC_aarch64 := aarch64-linux-gnu-gcc
HOST_CC_armhf   := arm-linux-gnueabihf-gcc
HOST_CC_riscv64 := riscv64-linux-gnu-gcc
HOST_CC_ppc64el := powerpc64le-linux-gnu-gcc
HOST_CC_s390x   := s390x-linux-gnu-gcc

# $(call host_rules,NAME)
define host_rules
$(BUILD)/hosts/$(1)/%.o: %.c GNUmakefile tests/hosts.mk
	@mkdir -p $$(@D)
	$$(HOST_CC_$(1)) $$(MACHINE_FLAGS) $$(HOST_CFLAGS) -c -o $$@ $$<

$(BUILD)/hosts/$(1)/firmware.o: $(BUILD)/firmware.c
	@mkdir -p $$(@D)
	$$(HOST_CC_$(1)) -std=c11 -I. -c -o $$@ $$<

$(BUILD)/hosts/$(1)/firmware-bytes.o: $(BUILD)/firmware-bytes.S $(call embedded_paths,$(FIRMWARE_EMBEDDED))
	@mkdir -p $$(@D)
	$$(HOST_CC_$(1)) -c -o $$@ $$<

$(BUILD)/hosts/$(1)/libmachine.a: $(MACHINE_SOURCES:%.c=$(BUILD)/hosts/$(1)/%.o)
	@rm -f $$@
	$$$$($$(HOST_CC_$(1)) -print-prog-name=ar) rcsD $$@ $$^

$(BUILD)/hosts/$(1)/runner: $(addprefix $(BUILD)/hosts/$(1)/,manifests/default.o tests/runner.o tests/runner_sha256.o \
    desk/embedded.o firmware.o firmware-bytes.o) $(BUILD)/hosts/$(1)/libmachine.a
	$$(HOST_CC_$(1)) $$(HOST_CFLAGS) -static -o $$@ $$^

$(BUILD)/hosts/$(1)/tests/cirrus.o: MACHINE_FLAGS += -D_POSIX_C_SOURCE=200809L
$(addprefix $(BUILD)/hosts/$(1)/,linuxuser cirrus): $(BUILD)/hosts/$(1)/%: $(BUILD)/hosts/$(1)/tests/%.o $(BUILD)/hosts/$(1)/libmachine.a
	$$(HOST_CC_$(1)) $$(HOST_CFLAGS) -static -o $$@ $$^
endef

$(BUILD)/tests/runner: tests/runner.c tests/runner_sha256.c $(addprefix $(BUILD)/,manifests/default.o desk/embedded.o firmware.o firmware-bytes.o libmachine.a)
	@mkdir -p $(@D)
	$(CC) $(MACHINE_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(foreach host,$(HOSTS),$(eval $(call host_rules,$(host))))

# What compiles for HOST, for scripts.
.PHONY: host-compiler
host-compiler:
	@echo "$(HOST_CC_$(HOST))"
