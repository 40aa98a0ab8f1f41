# guests.mk - real software on the machine (tests/guests/guest.sh). Included by tests/tests.mk.
#
# `make check-guests` runs every guest, on our firmware and on SeaBIOS (GUEST_FIRMWARE="ours seabios"); `make gallery` runs each once and leaves a picture of it in
# build/gallery/. `make check-peers` runs each on QEMU and on Bochs with our firmware (peers.py), `make check-points` in builds by other compilers (guest_builds.sh). Those that are not in GUESTS_LONG run in `make check` as well, on our firmware.

GUEST_TESTS := $(filter-out %/guest.sh,$(wildcard tests/guests/*.sh))
GUESTS_LONG := debian-apic debian-hpfs debian-devices debian-network debian-office debian-print debian-record freedos-network freedos-sound debian-pnp debian-cirrus debian-installer debian-sound debian-system debian-wine firmware-probe grub-video memtest86 opengem reactos reactos-install
GUEST_FIRMWARE ?= ours seabios
TESTS := $(filter-out $(GUESTS_LONG:%=tests/guests/%.sh),$(GUEST_TESTS)) $(TESTS)

.PHONY: check-guests check-peers check-points gallery run-check-guests run-check-peers run-check-points run-gallery
check-guests: deps-guests
	@$(MAKE) --no-print-directory $(JOBS) run-check-guests
check-peers: deps-guests deps-long
	@$(MAKE) --no-print-directory $(JOBS) run-check-peers
check-points: deps-guests
	@$(MAKE) --no-print-directory $(JOBS) run-check-points
gallery: deps-guests
	@$(MAKE) --no-print-directory $(JOBS) run-gallery

run-check-guests: all $(GUESTS)
	@GUEST_FIRMWARE="$(GUEST_FIRMWARE)" BUILD=$(BUILD) tests/run.sh $(GUEST_TESTS)
run-check-peers: all $(GUESTS)
	@status=0; for peer in qemu bochs; do \
	    echo "--- on $$peer"; \
	    GUEST_PEER=$(CURDIR)/tests/guests/$$peer.py BUILD=$(BUILD) tests/run.sh $(GUEST_TESTS) || status=1; \
	done; exit $$status
run-check-points: all $(GUESTS)
	@set -e; builds=; for build in 'gcc-O0 gcc -O0' 'gcc-O3 gcc -O3' 'clang-O2 clang -O2' \
	    'sanitized-command gcc -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all'; do \
	    set -- $$build; name=$$1 cc=$$2; shift 2; \
	    $(MAKE) -s BUILD=$(BUILD)/$$name CC=$$cc CFLAGS="$$*" $(BUILD)/$$name/muniment; \
	    builds="$$builds $$name=$(abspath $(BUILD))/$$name/muniment"; \
	done; \
	GUEST_PEER=$(CURDIR)/tests/guest_builds.sh POINT_BUILDS="$$builds" BUILD=$(BUILD) tests/run.sh $(GUEST_TESTS)
run-gallery: all $(GUESTS)
	@GUEST_ONCE=1 BUILD=$(BUILD) tests/run.sh $(GUEST_TESTS); status=$$?; ls $(BUILD)/gallery/*.png; exit $$status
