fuzz_snapshot.o: tests/fuzz/fuzz_snapshot.c archive/digest.h \
  formats/error.h bios/bios.h desk/embedded.h emu/endian.h emu/machine.h \
  emu/bus.h emu/clock.h emu/cpu/cpu.h emu/cpu/state.h emu/cpu/decode.h \
  manifests/manifests.h formats/formats.h formats/block.h \
  emu/cpu/operations.h emu/cpu/translate/view.h emu/cpu/x87_registers.h \
  emu/cpu/softfloat.h emu/line.h emu/memory.h emu/state.h \
  emu/devices/ata.h emu/devices/ata_state.h emu/drive.h emu/hashtree.h \
  emu/devices/backdoor.h emu/devices/cirrus.h emu/devices/ddc.h \
  emu/devices/vga.h emu/devices/vga_chip.h emu/emu.h formats/wave.h \
  emu/devices/i8042.h emu/devices/ps2mouse.h emu/devices/ps2_queue.h \
  emu/devices/i8237.h emu/devices/i82077.h emu/devices/i8254.h \
  emu/devices/i8259.h emu/devices/i440fx.h emu/devices/pci.h \
  emu/devices/ioapic.h emu/devices/apic_bus.h emu/devices/isapnp.h \
  emu/devices/lapic.h emu/devices/line_in.h emu/devices/mc146818.h \
  emu/devices/mpu401.h emu/devices/opl.h emu/sound.h \
  emu/devices/ne2000.h emu/devices/dp8390.h emu/devices/parallel.h \
  emu/devices/piix.h emu/devices/piix_ide.h emu/devices/rtl8029.h \
  emu/devices/sb16.h emu/devices/sb16_mixer.h emu/devices/serial_mouse.h \
  emu/devices/speaker.h emu/devices/sysports.h emu/devices/uart16550.h \
  emu/devices/vga_pci.h verify/runs/snapshot_text.h \
  verify/runs/snapshot.h archive/archive.h archive/command.h \
  archive/layout.h formats/text.h archive/pack.h formats/output.h \
  archive/timestamp.h formats/images/images.h verify/runs/media.h

archive/digest.h:

formats/error.h:

bios/bios.h:

desk/embedded.h:

emu/endian.h:

emu/machine.h:

emu/bus.h:

emu/clock.h:

emu/cpu/cpu.h:

emu/cpu/state.h:

emu/cpu/decode.h:

manifests/manifests.h:

formats/formats.h:

formats/block.h:

emu/cpu/operations.h:

emu/cpu/translate/view.h:

emu/cpu/x87_registers.h:

emu/cpu/softfloat.h:

emu/line.h:

emu/memory.h:

emu/state.h:

emu/devices/ata.h:

emu/devices/ata_state.h:

emu/drive.h:

emu/hashtree.h:

emu/devices/backdoor.h:

emu/devices/cirrus.h:

emu/devices/ddc.h:

emu/devices/vga.h:

emu/devices/vga_chip.h:

emu/emu.h:

formats/wave.h:

emu/devices/i8042.h:

emu/devices/ps2mouse.h:

emu/devices/ps2_queue.h:

emu/devices/i8237.h:

emu/devices/i82077.h:

emu/devices/i8254.h:

emu/devices/i8259.h:

emu/devices/i440fx.h:

emu/devices/pci.h:

emu/devices/ioapic.h:

emu/devices/apic_bus.h:

emu/devices/isapnp.h:

emu/devices/lapic.h:

emu/devices/line_in.h:

emu/devices/mc146818.h:

emu/devices/mpu401.h:

emu/devices/opl.h:

emu/sound.h:

emu/devices/ne2000.h:

emu/devices/dp8390.h:

emu/devices/parallel.h:

emu/devices/piix.h:

emu/devices/piix_ide.h:

emu/devices/rtl8029.h:

emu/devices/sb16.h:

emu/devices/sb16_mixer.h:

emu/devices/serial_mouse.h:

emu/devices/speaker.h:

emu/devices/sysports.h:

emu/devices/uart16550.h:

emu/devices/vga_pci.h:

verify/runs/snapshot_text.h:

verify/runs/snapshot.h:

archive/archive.h:

archive/command.h:

archive/layout.h:

formats/text.h:

archive/pack.h:

formats/output.h:

archive/timestamp.h:

formats/images/images.h:

verify/runs/media.h:
