#!/bin/bash
# terminal.sh - a machine in a terminal (tmux): its text screen with colours, cursor and status line; what is typed there, escape sequences and
# characters of UTF-8 too, reaches the guest and is replayed to the same digest; other sizes; graphics; Ctrl-] leaves, and the terminal is as before.
set -uo pipefail
command -v tmux >/dev/null || { echo "no tmux here"; exit 77; }
. tests/facts.sh
cp "$BUILD"/demo/records.img "$BUILD"/demo/records.yaml "$BUILD"/demo/records-description.yaml "$WORK"
bios=$(realpath "$BUILD/bios")
cd "$WORK"
export LC_ALL=C.UTF-8
"$MUNIMENT" key new key >/dev/null
"$MUNIMENT" seal records.yaml --description records-description.yaml -o office.mun --key key >/dev/null

server="muniment-$$"
mux() { tmux -L "$server" -f /dev/null "$@"; }
trap 'mux kill-server 2>/dev/null' EXIT
# begin COLUMNS ROWS ARGUMENTS...: a shell in tmux that starts the machine there.
begin()
{
    local columns=$1 rows=$2
    shift 2
    mux kill-server 2>/dev/null
    server="$server+" # another each time: one that ends may still hold its socket
    printf '%s\n' "stty -a >before" "$(printf '%q ' "$MUNIMENT" boot "$@" --display text) >said 2>err; echo \$? >status; stty -a >after; exec sleep 100" >run
    sed -i 's/ >said 2>err/ 2>err/' run
    rm -f status after
    mux new-session -d -x "$columns" -y "$rows" "bash run" \; set -g status off
}
shown() { mux capture-pane -p "$@"; }
# waits TEXT: until it shows.
waits()
{
    for ((i = 0; i < 300; i++)); do
        [[ $(shown) == *"$1"* ]] && return
        sleep 0.1
    done
    shown >&2
    return 1
}
# leaves: Ctrl-], and waits for the end.
leaves()
{
    mux send-keys C-]
    for ((i = 0; i < 100; i++)); do [ -s after ] && return; sleep 0.1; done
    return 1
}

begin 80 26 office.mun --record journal --digest
waits "24 records on this disk"
passed "the text screen shows" $?
"$MUNIMENT" boot office.mun --until 'screen:24 records on this disk' --text >text
shown | head -n 25 | sed 's/ *$//' >seen
diff <(sed 's/ *$//' text) seen
passed "as --text prints it" $?
shown -e | grep -q $'\033\\[[0-9;]*44m'
passed "in its colours" $?
shown | tail -n 1 | grep -q '^ Ctrl-] leaves  0:00:[0-9][0-9].*office.mun'
passed "with a line about the machine" $?
mux send-keys Enter; waits "1 of 24"
passed "Enter reaches it" $?
mux send-keys Down Down; waits "3 of 24"
passed "and arrows" $?
mux send-keys -l 1021; waits "7 of 24"
passed "and digits, pasted at once" $?
mux send-keys Enter; waits "Lock 2 is a scheduled monument"
passed "and the record is found" $?
mux send-keys Escape; sleep 1; mux send-keys Escape; waits "24 records on this disk"
passed "ESC alone is the key" $?
leaves
passed "Ctrl-] leaves" $?
[ "$(cat status)" = 0 ] && cmp -s before after
passed "with success, and the terminal is as before" $?
digest=$(shown -J | grep -o 'tick [0-9]* sha256:[0-9a-f]*' | tail -n 1)
[ -n "$digest" ] && gives "the journal is replayed" 0 "$MUNIMENT" replay office.mun journal --digest && [ "$digest" = "$(grep -o 'tick.*' out | tail -n 1)" ]
passed "to the same digest" $?
grep -c ' key ' journal >keys; [ "$(cat keys)" -ge 20 ]
passed "from the keys" $?

begin 40 12 office.mun
waits "Ctrl-] leaves" && sleep 3 && [ "$(shown | wc -l)" -le 12 ]
passed "a small terminal shows a part" $?
mux resize-window -x 100 -y 30; waits "24 records on this disk"
passed "and follows when it grows" $?
for ((i = 0; i < 50; i++)); do [[ $(shown | tail -n 1) == *"Ctrl-] leaves"* ]] && break; sleep 0.1; done
[ "$(shown | wc -l)" = 30 ] && [[ $(shown | tail -n 1) == *"Ctrl-] leaves"* ]]
passed "with the line at its end" $?
leaves

begin 80 26 office.mun --until time:1
sleep 3
[ "$(cat status)" = 0 ]
passed "--until ends it" $?

printf 'muniment: machine 0\nmachine: pc-isa\ncpu:\n  model: i386\n  speed: 8 MIPS\nmemory: 1 MiB\nfirmware:\n  system: built-in 0\n  video: built-in 0\nclock: 1993-01-01T00:00:00\nboot:\n  - floppy\nports:\n  - com1\ndisplay: vga\npointer: ps2\ndrives:\n  fd0:\n    kind: floppy 1.44M\n    image: picture.img\n' >picture.yaml
# mov ax,13h; int 10h; hlt; jmp
{ printf '\xb8\x13\x00\xcd\x10\xf4\xeb\xfd'; head -c 502 /dev/zero; printf '\x55\xaa'; } >picture.img; truncate -s 1474560 picture.img
begin 80 26 picture.yaml
waits "The machine shows a picture of 320 x 200 dots." || waits "The machine shows a picture of 640 x 400 dots."
passed "graphics say where to look" $?
leaves
gives "without a terminal it is refused" 3 "$MUNIMENT" boot office.mun --display text
says "and it is said why" err "text needs a terminal"
facts terminal
