# tests.mk - demonstration, tests, benchmark and fuzzing. Included by GNUmakefile.
#
# `make check` sets up what it needs, builds, and runs everything; `make check-long` the same with more cases (LONG=1); `make check-cpu` runs
# the suites that judge the processor, `make check-lockstep` both engines side by side, `make check-coverage` what random programs reach of the translator, `make check-hosts` the machine on other hosts. A test is a program in tests/ (tests/README.md); tests/run.sh runs them.

TEST_OBJECTS := $(UNIT_TESTS:%=$(BUILD)/tests/%)
GUESTS       := $(addprefix $(BUILD)/,$(addprefix demo/,records.img records.yaml records-description.yaml first.img) bios/test.img tests/probe.img tests/reset.img tests/ledger.bin tests/sound.img tests/record.img tests/sb16.img tests/network.img tests/scattered.img $(BENCH_LOADS:%=bench/%.img) bench/voices.img)

# Suites that others wrote for the processor, captured cases, and the processor of this host.
TESTS_CPU    := $(addprefix tests/,hostfuzz.sh vectors.sh kvm_unit_tests.sh test386.sh linux_programs.sh testfloat.sh) $(addprefix $(BUILD)/tests/,x87_host simd_host)
CPU_PROGRAMS := $(addprefix $(BUILD)/tests/,hostfuzz vectors vectors386 test386 multiboot linuxuser testfloat x87_host simd_host host_verdict)

# What takes longest comes first, the guests before all (guests.mk): as many run at a time as there are processors.
TESTS := $(addprefix tests/, \
    determinism.sh hosts.sh evidence.sh filesystems.sh retrieve.sh images.sh faults.sh between.sh firmware.sh flips.sh repair.sh replay.sh verify.sh recover.sh derive.sh \
    resume.sh kills.sh attest.sh trust.sh ingest.sh shelf.sh library.sh memory.py log.sh keys.sh package.sh exchange.sh watch.sh unattended.sh print.sh rules_archive.sh rules_snapshot.sh rules.py windows.py files.sh \
    acpi.sh firmware_source.sh cirrus.sh \
    desk.sh vnc.py sessions.py http_fuzz.py terminal.sh desk_kills.py hours.py script.sh pointers.sh sound.sh set.sh opl.sh engine.sh identify.sh machines.sh readme.py demo.sh first_light.sh \
    elsewhere.sh symbols.sh circles.py format.sh state_doc.sh host_judges.sh vectors386.py letters.py) \
    $(TESTS_CPU) $(TEST_OBJECTS)

include tests/hosts.mk
include tests/guests/guests.mk

SANITIZERS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_SECONDS ?= 600

.PHONY: tests run-demo run-check run-check-long run-check-cpu run-check-lockstep run-check-coverage run-check-browser run-check-hosts run-check-resume run-unit run-bench run-fuzz sanitized

$(TEST_OBJECTS): $(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libhost.a $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(shell pkg-config --cflags cmocka) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libhost.a $(BUILD)/libmachine.a $(HOST_LIBS) $(TEST_LIBS)

$(BUILD)/tests/probe.img $(BUILD)/tests/reset.img $(BUILD)/tests/sound.img $(BUILD)/tests/record.img $(BUILD)/tests/sb16.img $(BUILD)/tests/network.img $(BUILD)/tests/scattered.img: $(BUILD)/tests/%.img: tests/probe/%.S $(addprefix tests/probe/,begin.S reset_dsp.S dsp.S say.S)
	@mkdir -p $(@D)
	$(DEMO_CC) -m16 -c -o $(@:.img=.o) $<
	ld -m elf_i386 -Ttext=0x7c00 --oformat=binary -o $@ $(@:.img=.o)
	truncate -s 1474560 $@

$(BUILD)/bench/voices.img: tests/bench/voices.S tests/probe/begin.S
	@mkdir -p $(@D)
	$(DEMO_CC) -m16 -Itests/probe -c -o $(@:.img=.o) $<
	ld -m elf_i386 -Ttext=0x7c00 --oformat=binary -o $@ $(@:.img=.o)
	truncate -s 1474560 $@

$(BUILD)/tests/ledger.bin: tests/probe/ledger.S
	@mkdir -p $(@D)
	$(DEMO_CC) -m16 -c -o $(@:.bin=.o) $<
	ld -m elf_i386 -Ttext=0x7c00 --oformat=binary -o $@ $(@:.bin=.o)

$(BUILD)/tests/test_machine_state: | $(BUILD)/bios/test.img

$(BUILD)/tests/state_doc: tests/state_doc.c $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(MACHINE_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libmachine.a

$(BUILD)/tests/checkpoints: tests/bench/checkpoints.c $(BUILD)/libhost.a $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libhost.a $(BUILD)/libmachine.a $(HOST_LIBS)

# README.md's transcripts, with what the commands print today.
.PHONY: readme
readme: all $(addprefix $(BUILD)/demo/,records.img records.yaml records-description.yaml) $(BUILD)/tests/network.img
	@rm -rf $(BUILD)/readme && mkdir -p $(BUILD)/readme
	@WORK="$$(realpath $(BUILD)/readme)" BUILD=$(BUILD) MUNIMENT="$$(realpath $(BUILD)/muniment)" $(PYTHON) tests/readme.py --update

# Generated, and committed: `make check` says when it is not current.
.PHONY: state-doc rules
# The numbered rules of the specifications, with their tests.
rules:
	@$(PYTHON) tests/rules.py --list

state-doc: $(BUILD)/tests/state_doc
	$(BUILD)/tests/state_doc >spec/state.md

$(BUILD)/tests/vectors $(BUILD)/tests/vectors386: $(BUILD)/tests/%: tests/%.c $(BUILD)/emu/host/code_memory.o $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) -DBARE_TRANSLATOR $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/emu/host/code_memory.o $(BUILD)/libmachine.a -lz

$(BUILD)/tests/hostfuzz: tests/hostfuzz.c tests/host.c $(wildcard tests/hostfuzz/*.c) tests/hostfuzz/hostfuzz.h tests/bare.h tests/host.h tests/undefined.h $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(HOST_FLAGS)) $(CFLAGS) $(LDFLAGS) -o $@ $(filter-out %.h,$^)

$(addprefix $(BUILD)/tests/,x87_host simd_host host_verdict): $(BUILD)/tests/%: tests/%.c tests/host.c tests/translated.c tests/host.h tests/translated.h tests/bare.h $(BUILD)/emu/host/code_memory.o $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(HOST_FLAGS)) -DBARE_TRANSLATOR $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^) $(BUILD)/emu/host/code_memory.o $(BUILD)/libmachine.a

$(BUILD)/tests/test386 $(BUILD)/tests/multiboot $(BUILD)/tests/linuxuser $(BUILD)/tests/testfloat: $(BUILD)/tests/%: tests/%.c $(BUILD)/emu/host/code_memory.o $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) -DBARE_TRANSLATOR $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/emu/host/code_memory.o $(BUILD)/libmachine.a

TESTS        += $(BUILD)/tests/translate_fuzz
CPU_PROGRAMS += $(BUILD)/tests/translate_fuzz
$(BUILD)/tests/translate_fuzz: tests/translate_fuzz.c tests/bare.h $(BUILD)/emu/host/code_memory.o $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/emu/host/code_memory.o $(BUILD)/libmachine.a

# The same on a host whose multiplication and square root are not the interpreter's.
TESTS += $(BUILD)/tests/another_host
ANOTHER_HOST := -Wl,--wrap=f_mul,--wrap=f_sqrt,--wrap=f80_mul
$(BUILD)/tests/another_host: tests/translate_fuzz.c tests/another_host.c tests/bare.h $(BUILD)/emu/host/code_memory.o $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(HOST_FLAGS)) -DANOTHER_HOST $(CFLAGS) $(LDFLAGS) $(ANOTHER_HOST) -o $@ tests/translate_fuzz.c tests/another_host.c \
	    $(BUILD)/emu/host/code_memory.o $(BUILD)/libmachine.a
$(BUILD)/tests/muniment_there: tests/another_host.c $(BUILD)/desk/main.o $(BUILD)/libhost.a $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(HOST_FLAGS)) $(CFLAGS) $(LDFLAGS) $(ANOTHER_HOST) -o $@ $^ $(HOST_LIBS)

$(BUILD)/tests/cirrus: tests/cirrus.c $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libmachine.a

$(BUILD)/tests/lockstep: tests/lockstep.c tests/lockstep.h $(BUILD)/desk/main.o $(BUILD)/libhost.a $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(HOST_FLAGS)) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=machine_run,--wrap=machine_run_near,--wrap=machine_set_engine -o $@ $(filter-out %.h,$^) $(HOST_LIBS)

$(BUILD)/tests/transcendental: tests/transcendental.c $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libmachine.a -lmpfr -lgmp

$(FUZZERS:%=$(BUILD)/%): $(BUILD)/%: tests/fuzz/%.c $(BUILD)/libhost.a $(BUILD)/libmachine.a
	$(CC) $(HOST_FLAGS) $(CFLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/libhost.a $(BUILD)/libmachine.a $(HOST_LIBS)

# Preloaded by trust.sh and verify.sh: built for the command's own kind of host, without what CFLAGS may ask for.
$(BUILD)/tests/swap.so $(BUILD)/tests/unsteady.so $(BUILD)/tests/between.so: $(BUILD)/tests/%.so: tests/%.c
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARN) -shared -fPIC -o $@ $<

$(BUILD)/tests/faulty: tests/faulty.c $(BUILD)/desk/main.o $(BUILD)/libhost.a $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(HOST_FLAGS)) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=machine_run -o $@ $^ $(HOST_LIBS)

$(BUILD)/tests/print_job: tests/print_job.c $(BUILD)/libhost.a $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libhost.a $(BUILD)/libmachine.a $(HOST_LIBS)

$(BUILD)/tests/images_campaign: tests/images_campaign.c $(BUILD)/libhost.a $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libhost.a $(BUILD)/libmachine.a $(HOST_LIBS)

# What is fuzzed is compiled by each check, so that `make fuzz` builds when it is needed.
FUZZ_OBJECTS := $(FUZZERS:%=$(BUILD)/tests/%.o)
$(FUZZ_OBJECTS): $(BUILD)/tests/%.o: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(shell pkg-config --cflags cmocka) $(CFLAGS) -c -o $@ $<

tests: $(TEST_OBJECTS) $(FUZZ_OBJECTS) $(BUILD)/tests/lockstep $(CPU_PROGRAMS) $(BUILD)/tests/another_host $(BUILD)/tests/muniment_there $(BUILD)/tests/cirrus $(BUILD)/tests/images_campaign $(BUILD)/tests/print_job $(BUILD)/tests/runner $(BUILD)/tests/state_doc $(BUILD)/tests/swap.so $(BUILD)/tests/unsteady.so $(BUILD)/tests/between.so $(BUILD)/tests/faulty

# As many jobs as there are processors, unless -j says otherwise.
JOBS = $(if $(filter -j% --jobs%,$(MAKEFLAGS)),,-j$(shell nproc))

# Packages come first, then a make that finds them.
demo: deps
	@$(MAKE) --no-print-directory $(JOBS) run-demo
check: deps-check
	@$(MAKE) --no-print-directory $(JOBS) run-check
check-long: deps-long
	@$(MAKE) --no-print-directory $(JOBS) run-check-long
check-cpu: deps-check
	@$(MAKE) --no-print-directory $(JOBS) run-check-cpu
check-lockstep: deps-guests
	@$(MAKE) --no-print-directory $(JOBS) run-check-lockstep
check-browser: deps-check deps-browser
	@$(MAKE) --no-print-directory $(JOBS) run-check-browser
check-coverage: deps-check
	@$(MAKE) --no-print-directory $(JOBS) BUILD=$(BUILD)/coverage CFLAGS="-O1 -g --coverage -Wno-maybe-uninitialized" run-check-coverage
check-resume: deps-check
	@$(MAKE) --no-print-directory $(JOBS) run-check-resume
check-hosts: deps-hosts
	@$(MAKE) --no-print-directory $(JOBS) run-check-hosts
bench: deps-long
	@$(MAKE) --no-print-directory $(JOBS) run-bench
fuzz: deps-long
	@$(MAKE) --no-print-directory $(JOBS) BUILD=$(BUILD)/fuzz CC=clang CFLAGS="$(SANITIZERS) -DBODY='static inline' -fsanitize=fuzzer-no-link" run-fuzz

run-demo: all $(GUESTS)
	@MUNIMENT=$(BUILD)/muniment tests/demo/demo.sh $(BUILD)/demo

run-check: all tests $(GUESTS)
	@BUILD=$(BUILD) tests/run.sh $(TESTS)

run-check-long: all tests $(GUESTS) $(BUILD)/tests/transcendental
	@LONG=1 BUILD=$(BUILD) tests/run.sh tests/browser.sh tests/fresh.sh tests/five.sh tests/transcendental.sh $(GUESTS_LONG:%=tests/guests/%.sh) $(TESTS)

run-check-cpu: $(CPU_PROGRAMS)
	@BUILD=$(BUILD) tests/cpu.sh $(TESTS_CPU)
	@echo "by the translator:"; ENGINE=translator BUILD=$(BUILD) tests/cpu.sh $(filter-out tests/hostfuzz.sh tests/testfloat.sh,$(TESTS_CPU))

# Both engines, compared tick by tick: the suites, and every guest from power-on to the end of its script.
run-check-lockstep: all $(GUESTS) $(CPU_PROGRAMS) $(BUILD)/tests/lockstep
	@status=0; BUILD=$(BUILD) tests/run.sh tests/lockstep.sh || status=1; \
	GUEST_PEER=$(CURDIR)/tests/lockstep.sh GUEST_FIRMWARE="$(GUEST_FIRMWARE)" BUILD=$(BUILD) tests/run.sh $(GUEST_TESTS) | tee $(BUILD)/tests/lockstep.guests || status=1; \
	! grep '^skipped\|^FAILED' $(BUILD)/tests/lockstep.guests >&2 || status=1; \
	cat $(BUILD)/tests/lockstep.log $(GUEST_TESTS:tests/guests/%.sh=$(BUILD)/tests/%.log) | grep 'equal after' | tee /dev/stderr | \
	    awk '{slices += $$5; units += $$8} END {print NR " runs equal, compared after " slices " slices and " units " units"}'; exit $$status

# The desk in Debian's Chromium.
run-check-browser: all $(GUESTS)
	@BUILD=$(BUILD) tests/run.sh tests/browser.sh

# What the random programs reach of the translator.
run-check-coverage: $(BUILD)/tests/translate_fuzz
	@$(PYTHON) tests/coverage.py $(BUILD)

run-check-resume: all $(GUESTS)
	@LONG=1 RESUMES=1000 KILLS=20 BUILD=$(BUILD) tests/run.sh tests/resume.sh tests/kills.sh; status=$$?; tail -n 100 $(BUILD)/tests/resume.log $(BUILD)/tests/kills.log; exit $$status

run-check-hosts: all $(GUESTS) $(BUILD)/tests/runner $(BUILD)/tests/linuxuser
	@HOSTS_TESTED=all BUILD=$(BUILD) tests/run.sh tests/hosts.sh; status=$$?; cat $(BUILD)/tests/hosts.log; exit $$status

run-unit: $(TEST_OBJECTS)
	@BUILD=$(BUILD) tests/run.sh $(TEST_OBJECTS)

# The unit tests with AddressSanitizer and UBSan.
sanitized:
	@$(MAKE) --no-print-directory $(JOBS) BUILD=$(BUILD)/sanitized CFLAGS="$(SANITIZERS)" run-unit

# One after the other, with nothing beside them but the peer.
run-bench: all $(GUESTS) $(BUILD)/bench/read.bin $(BUILD)/tests/transcendental $(BUILD)/tests/checkpoints $(BUILD)/tests/cirrus
	@$(PYTHON) tests/bench/boot.py $(BUILD)
	@$(PYTHON) tests/bench/programs.py $(BUILD)
	@$(PYTHON) tests/bench/checkpoints.py $(BUILD)
	@$(PYTHON) tests/bench/record.py $(BUILD)
	@$(PYTHON) tests/bench/devices.py $(BUILD)
	@$(PYTHON) tests/bench/shelf.py $(BUILD)
	@$(PYTHON) tests/bench/chain.py $(BUILD)
	@$(MAKE) --no-print-directory bench-parity
	@$(PYTHON) tests/bench/retrieval.py $(BUILD)
	@$(PYTHON) tests/bench/waits.py $(BUILD)
	@$(PYTHON) tests/bench/desk.py $(BUILD)
	@$(PYTHON) tests/bench/desk_sessions.py $(BUILD)
	@$(PYTHON) tests/bench/zrle.py $(BUILD)
	@$(PYTHON) tests/bench/reactos_vnc.py $(BUILD)
	@tests/bench/processor.sh $(BUILD)
	@$(BUILD)/tests/transcendental --speed
	@$(BUILD)/tests/cirrus --speed

# The devices, and at the end the whole machines, that fuzz_devices is run on (tests/fuzz/fuzz_devices.h).
FUZZ_DEVICES := pic pit rtc dma keyboard sysports speaker opl sb16 isapnp ne2000 rtl8029 serial mouse parallel floppy ata atapi ide pci piix apic vga cirrus cirrus-isa backdoor \
                pc-isa pc-i440fx
# The formats that fuzz_images is run on.
FUZZ_FORMATS := qcow2 vhd vmdk vdi ewf imd teledisk copyqm cue raw packed map
FUZZ_RUNS    := $(filter-out fuzz_devices fuzz_images,$(FUZZERS)) $(FUZZ_DEVICES:%=fuzz_devices:%) $(FUZZ_FORMATS:%=fuzz_images:%)

# Each parser and each device gets FUZZ_SECONDS. A finding ends the run, and lies in the folder that is named.
run-fuzz: $(FUZZERS:%=$(BUILD)/%)
	@tests/fuzz/image_seeds.sh $(BUILD)/corpus
	@for run in $(FUZZ_RUNS); do \
	    fuzzer=$${run%%:*}; name=$$(echo $${run#fuzz_} | tr : -); corpus=$(BUILD)/corpus/$$name; seeds=tests/fuzz/seeds/$$name; \
	    mkdir -p $$corpus; [ -d $$seeds ] || seeds=; \
	    echo "$$name: $(FUZZ_SECONDS) s"; \
	    FUZZ_DEVICE=$${run#*:} FUZZ_FORMAT=$${run#*:} $(BUILD)/$$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 -print_final_stats=1 \
	        -artifact_prefix=$(BUILD)/corpus/ $$corpus $$seeds || exit 1; \
	done
