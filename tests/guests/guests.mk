# guests.mk - real software on the machine (tests/guests/guest.sh). Included by tests/tests.mk.
#
# `make check-guests` runs every guest, on our firmware and on SeaBIOS (GUEST_FIRMWARE="ours seabios"); `make gallery` runs each once and leaves a picture of it in
# build/gallery/. `make check-peers` runs each on QEMU and on Bochs with our firmware (peers.py). Those that are not in GUESTS_LONG run in `make check` as well, on our firmware.

GUEST_TESTS := $(filter-out %/guest.sh,$(wildcard tests/guests/*.sh))
GUESTS_LONG := debian-installer debian-system memtest86
GUEST_FIRMWARE ?= ours seabios
TESTS += $(filter-out $(GUESTS_LONG:%=tests/guests/%.sh),$(GUEST_TESTS))

.PHONY: check-guests check-peers gallery run-check-guests run-check-peers run-gallery
check-guests: deps-guests
	@$(MAKE) --no-print-directory $(JOBS) run-check-guests
check-peers: deps-guests deps-long
	@$(MAKE) --no-print-directory $(JOBS) run-check-peers
gallery: deps-guests
	@$(MAKE) --no-print-directory $(JOBS) run-gallery

run-check-guests: all
	@GUEST_FIRMWARE="$(GUEST_FIRMWARE)" BUILD=$(BUILD) tests/run.sh $(GUEST_TESTS)
run-check-peers: all
	@status=0; for peer in qemu bochs; do \
	    echo "--- on $$peer"; \
	    GUEST_PEER=$(CURDIR)/tests/guests/$$peer.py FIRMWARE=$(abspath $(BUILD)/bios) BUILD=$(BUILD) tests/run.sh $(GUEST_TESTS) || status=1; \
	done; exit $$status
run-gallery: all
	@GUEST_ONCE=1 BUILD=$(BUILD) tests/run.sh $(GUEST_TESTS); ls $(BUILD)/gallery/*.png
