# image.sh - to be sourced: puts GRUB's rescue image and what boots it into WORK, or skips the test. The package grub-rescue-pc is pinned by the digest of
# the image.
image=/usr/lib/grub-rescue/grub-rescue-floppy.img
digest=6073aa7dbfe945ecdc6972908764bc0a75eae2c2e48024d56f168f72a1648527

if [ ! -e $image ]; then
    echo "$image is not there (package grub-rescue-pc)"
    exit 77
fi
if ! echo "$digest  $image" | sha256sum --check --quiet; then
    echo "$image is of another version than this test knows"
    exit 77
fi
cp $image "$WORK/grub.img"
cp tests/grub/grub.yaml tests/grub/*.script "$WORK"
