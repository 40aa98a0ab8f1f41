#!/bin/bash
# machines.sh - the ready-made machines: each starts, at its speed the loops of the programs that it is for give sound results (probe/probe.S), and a program comes back from each
# way to reset the processor (probe/reset.S); at 2,000 MIPS no loop does.
set -u
. tests/facts.sh
muniment=$MUNIMENT
manifests=$PWD/manifests/machines
cp "$BUILD"/tests/{probe,reset}.img "$WORK"
cd "$WORK" || exit 1

# sound LOOP: whether its line in `lines` is one that the program can use.
sound()
{
    awk -v loop="$1" '
        { value[$1] = $2 }
        END {
            if (loop == "ndis")   exit !(value["ndis"] >= 2)        # milliseconds; one less by chance must not be 0
            if (loop == "osr2")   exit !(value["loop"] <= 200000)   # 350,000 fails now and then
            if (loop == "foxpro") exit !(value["loop"] <= 200000)
            if (loop == "os2")    exit !(value["os2"] >= 1)
            if (loop == "crt")    exit !("crt" in value && value["crt"] < 55)
            if (loop == "setup98") exit !(value["mhz"] >= 66)
            if (loop == "setupme") exit !(value["mhz"] >= 150)
            exit 2
        }' lines
}

# probe FACT COMMAND...: boots the probe, whose lines come into `lines`.
probe()
{
    local fact=$1
    shift
    gives "$fact" 0 "$muniment" boot "$@" --until halt --limit 60 --serial serial --force
    tr -d '\r' <serial >lines
    says "$fact: to its end" lines end
}

printf '%s\n' "5 keyboard" "a keyboard" "5 port 92h" "a port 92h" "5 exception" "a exception" end >resets
machines=0
while read -r machine loops; do
    probe "$machine boots" probe.img --machine "$machine"
    for loop in $loops; do
        passed "$machine: $loop: $(tr '\n' ' ' <lines)" "$(sound "$loop"; echo $?)"
    done
    gives "$machine: resets" 0 "$muniment" boot reset.img --machine "$machine" --until halt --limit 60 --serial serial --force
    tr -d '\r' <serial | cmp -s - resets
    passed "$machine: programs come back from a reset: $(tr '\r\n' ' ' <serial)" $?
    machines=$((machines + 1))
done <<'TABLE'
dos-1985     crt
dos-1990     crt
dos-1995     crt
windows-3    crt foxpro
wfw-3.11     crt foxpro ndis
windows-95   crt foxpro ndis osr2
windows-98   crt foxpro ndis osr2 setup98
windows-me   crt foxpro ndis osr2 setupme
nt-3.51      crt foxpro
nt-4         crt foxpro
windows-2000 crt
windows-xp   crt
os2-1.3      os2 crt
os2-4        crt
unix-2000    crt
plain        crt foxpro ndis
TABLE
[ "$machines" -eq "$("$muniment" machines | wc -l)" ]; passed "all machines are tried" $?

# What the system of a machine cannot do without (spec/windows.md).
while read -r machine value; do
    grep -qE "^ *$value( |\$)" "$manifests/$machine.yaml"; passed "$machine: $value" $?
done <<'TABLE'
nt-3.51      model: (i486|pentium)
nt-3.51      display: cirrus gd5430
nt-4         model: (i486|pentium|pentium-mmx)
nt-4         acpi: no
windows-95   display: cirrus gd543[04]
windows-95   memory: (8|16|32|64|128|256|512) MiB
windows-98   display: cirrus gd5446
windows-98   memory: (16|32|64|128|256|512) MiB
windows-me   memory: (32|64|128|256|512) MiB
windows-2000 model: (pentium|pentium-mmx|pentium2|pentium3)
windows-2000 display: cirrus gd5446
windows-2000 write-delay: 1 ms
windows-xp   model: pentium[23]
windows-xp   display: vga
os2-1.3      display: vga
os2-4        display: vga
windows-95   image: disk.img +# .* 32 GB
windows-98   image: disk.img +# .* 137 GB
nt-3.51      image: disk.img +# at most 2 GB:
nt-4         image: disk.img +# .* 7.8 GB, and 4 GB at setup
TABLE
grep -h -B 1 'kind: cdrom' "$manifests"/*.yaml | grep -q '^  hd[013]:'; passed "no machine has a CD-ROM drive but as secondary master" $(($? != 1))

"$muniment" suggest probe.img --machine windows-xp | sed 's/speed: [0-9]* MIPS/speed: 2000 MIPS/' >fast.yaml
probe "a machine of 2,000 MIPS boots" fast.yaml
for loop in ndis osr2 foxpro os2 crt; do
    passed "there $loop fails: $(tr '\n' ' ' <lines)" "$(! sound $loop; echo $?)"
done

facts machines
