# bench.mk - the benchmark guest, one floppy image per work load: $(BUILD)/bench/integer.img and so on. Included by GNUmakefile.

BENCH_LOADS  := integer branchy memory system x87 sse2 linear8 linear32 planar code
BENCH_CFLAGS := -m32 -march=i486 -O2 -std=gnu11 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-stack-protector \
                -fno-asynchronous-unwind-tables -fcf-protection=none -fomit-frame-pointer -mno-sse -fno-ident

$(BUILD)/bench/integer.o: WORKLOAD := 1
$(BUILD)/bench/branchy.o: WORKLOAD := 2
$(BUILD)/bench/memory.o: WORKLOAD := 3
$(BUILD)/bench/system.o: WORKLOAD := 4
$(BUILD)/bench/x87.o $(BUILD)/bench/sse2.o: WORKLOAD := 5
$(BUILD)/bench/linear8.o $(BUILD)/bench/linear32.o: WORKLOAD := 6
$(BUILD)/bench/linear32.o: BENCH_CFLAGS += -DDEPTH=32
$(BUILD)/bench/planar.o: WORKLOAD := 7
$(BUILD)/bench/code.o: WORKLOAD := 8
$(BUILD)/bench/sse2.o: BENCH_CFLAGS += -msse2 -mfpmath=sse

$(BENCH_LOADS:%=$(BUILD)/bench/%.o): tests/bench/program.c
	@mkdir -p $(@D)
	$(DEMO_CC) $(BENCH_CFLAGS) -DWORKLOAD=$(WORKLOAD) -c -o $@ $<

$(BENCH_LOADS:%=$(BUILD)/bench/%.bin): %.bin: %.o tests/bench/program.ld
	ld -m elf_i386 -T tests/bench/program.ld --oformat=binary --build-id=none -o $@ $<

$(BENCH_LOADS:%=$(BUILD)/bench/%.img): %.img: %.bin tests/bench/boot.S
	$(DEMO_CC) -m16 -c -Wa,--defsym,PROGRAM_SECTORS=$$((($$(wc -c <$<) + 511) / 512)) -o $*.boot.o tests/bench/boot.S
	ld -m elf_i386 -Ttext=0x7c00 --oformat=binary --build-id=none -o $@ $*.boot.o
	cat $< >>$@ && truncate -s 1474560 $@

# What a disk is read by, of which shelf.py makes an archive.
$(BUILD)/bench/read.bin: tests/bench/read.S
	@mkdir -p $(@D)
	$(DEMO_CC) -m16 -c -o $(@:.bin=.o) $<
	ld -m elf_i386 -Ttext=0x7c00 --oformat=binary --build-id=none -o $@ $(@:.bin=.o)

# Parity: rates of writing, checking and mending, beside par2 where that is installed.
.PHONY: bench-parity
$(BUILD)/tests/bench_parity: tests/bench/parity.c $(BUILD)/libhost.a $(BUILD)/libmachine.a
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libhost.a $(BUILD)/libmachine.a $(HOST_LIBS)
bench-parity: $(BUILD)/tests/bench_parity
	$(BUILD)/tests/bench_parity $(BUILD) 512
	@! command -v par2 >/dev/null || { mkdir -p $(BUILD)/par2 && cd $(BUILD)/par2 && head -c 67108864 /dev/urandom >file; \
	    echo "par2, 64 MiB, an eighth, one thread, processor time: written, checked, mended (6 MiB lost)"; \
	    bash -c 'TIMEFORMAT="%U s"; time par2 create -q -q -t1 -T1 -b1000 -r12 -n1 file.par2 file; time par2 verify -q -q -t1 file.par2; \
	        dd if=/dev/zero of=file bs=1M seek=8 count=6 conv=notrunc status=none; time par2 repair -q -q -t1 file.par2'; \
	    cd - >/dev/null && rm -rf $(BUILD)/par2; }
