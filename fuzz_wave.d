fuzz_wave.o: tests/fuzz/fuzz_wave.c formats/error.h formats/wave.h

formats/error.h:

formats/wave.h:
