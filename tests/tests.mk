# tests.mk - demonstration, tests, benchmark and fuzzing. Included by GNUmakefile.
#
# `make check` sets up what it needs, builds, and runs everything that ends within minutes; `make check-long` the rest as well. A test is a program in
# tests/ (tests/README.md); tests/run.sh runs them.

TEST_OBJECTS := $(UNIT_TESTS:%=$(BUILD)/tests/%)
DEMO_FILES   := $(addprefix $(BUILD)/demo/,records.img records.yaml records-description.yaml first.img)

# In the order of what takes longest, for as many run at a time as there are processors.
TESTS      := $(addprefix tests/,determinism.sh grub.sh desk.sh vectors.sh recover.sh demo.sh first_light.sh symbols.sh) $(TEST_OBJECTS)
TESTS_LONG :=

SANITIZERS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_SECONDS ?= 600

.PHONY: tests run-demo run-check run-check-long run-unit run-fuzz sanitized

$(TEST_OBJECTS): $(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libhost.a $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(shell pkg-config --cflags cmocka) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libhost.a $(BUILD)/libmachine.a $(HOST_LIBS) $(TEST_LIBS)

$(BUILD)/tests/vectors: tests/vectors.c $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libmachine.a -lz

$(FUZZERS:%=$(BUILD)/%): $(BUILD)/%: tests/fuzz/%.c $(BUILD)/libhost.a $(BUILD)/libmachine.a
	$(CC) $(HOST_FLAGS) $(CFLAGS) -fsanitize=fuzzer -o $@ $^ $(HOST_LIBS)

tests: $(TEST_OBJECTS) $(BUILD)/tests/vectors

# As many jobs as there are processors, unless -j says otherwise.
JOBS = $(if $(filter -j% --jobs%,$(MAKEFLAGS)),,-j$(shell nproc))

# Packages come first, then a make that finds them.
demo: deps
	@$(MAKE) --no-print-directory $(JOBS) run-demo
check: deps-check
	@$(MAKE) --no-print-directory $(JOBS) run-check
check-long: deps-long
	@$(MAKE) --no-print-directory $(JOBS) run-check-long
bench: deps-long
	@$(MAKE) --no-print-directory $(JOBS) all
	@BUILD=$(BUILD) $(PYTHON) tests/bench.py
fuzz: deps-long
	@$(MAKE) --no-print-directory $(JOBS) BUILD=$(BUILD)/fuzz CC=clang CFLAGS="$(SANITIZERS) -fsanitize=fuzzer-no-link" run-fuzz

run-demo: all $(DEMO_FILES)
	@MUNIMENT=$(BUILD)/muniment tests/demo/demo.sh $(BUILD)/demo

run-check: all tests $(DEMO_FILES)
	@BUILD=$(BUILD) tests/run.sh $(TESTS)

run-check-long: all tests $(DEMO_FILES)
	@BUILD=$(BUILD) tests/run.sh $(TESTS_LONG) $(TESTS)

run-unit: $(TEST_OBJECTS)
	@BUILD=$(BUILD) tests/run.sh $(TEST_OBJECTS)

# The unit tests with AddressSanitizer and UBSan.
sanitized:
	@$(MAKE) --no-print-directory $(JOBS) BUILD=$(BUILD)/sanitized CFLAGS="$(SANITIZERS)" run-unit

# Each parser gets FUZZ_SECONDS. A finding ends the run, and lies in the folder that is named.
run-fuzz: $(FUZZERS:%=$(BUILD)/%)
	@for fuzzer in $(FUZZERS); do \
	    corpus=$(BUILD)/corpus/$${fuzzer#fuzz_}; seeds=tests/fuzz/seeds/$${fuzzer#fuzz_}; mkdir -p $$corpus; [ -d $$seeds ] || seeds=; \
	    echo "$$fuzzer: $(FUZZ_SECONDS) s"; \
	    $(BUILD)/$$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 -print_final_stats=1 -artifact_prefix=$$corpus/../ \
	        $$corpus $$seeds || exit 1; \
	done
