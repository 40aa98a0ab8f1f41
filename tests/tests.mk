# tests.mk - the tests: unit tests in C, end-to-end tests in shell and Python. Included by GNUmakefile.
#
# `make check` sets up what it needs, builds and runs everything that ends within minutes; `make check-long` the rest.

TEST_OBJECTS := $(UNIT_TESTS:%=$(BUILD)/tests/%)

$(TEST_OBJECTS): $(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libhost.a $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(shell pkg-config --cflags cmocka) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libhost.a $(BUILD)/libmachine.a $(HOST_LIBS) $(TEST_LIBS)

$(BUILD)/tests/vectors: tests/vectors.c $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libmachine.a -lz

.PHONY: run-check run-unit tests

tests: $(TEST_OBJECTS)

run-unit: $(TEST_OBJECTS)
	@failed=0; for t in $(TEST_OBJECTS); do \
	    if $$t >$$t.log 2>&1; then echo "passed  $${t##*/}"; else echo "FAILED  $${t##*/}"; cat $$t.log; failed=1; fi; \
	done; exit $$failed
