# facts.sh - to be sourced by tests that hold many facts: each is told when it does not hold, and the last line counts them.
failures=0 count=0

# passed FACT STATUS: reports one fact.
passed()
{
    count=$((count + 1))
    [ "$2" -eq 0 ] && return
    failures=$((failures + 1))
    echo "FAILED  $1"
    head -c 2000 out err 2>/dev/null
}

# gives FACT STATUS COMMAND...: the command ends with the status; its output is in out and err.
gives()
{
    local fact=$1 expected=$2 status=0
    shift 2
    "$@" >out 2>err || status=$?
    [ "$status" -eq "$expected" ] || echo "exit status $status, not $expected" >>err
    passed "$fact" $((status != expected))
}

# says FACT FILE TEXT: the file holds the text.
says()
{
    local text
    IFS= read -r -d '' text <"$2" || true # without a process, which costs more than the search; what has a NUL, grep reads
    [[ $text == *"$3"* ]] || grep -qF -e "$3" "$2"
    passed "$1" $?
}

# flip FILE OFFSET: inverts a bit of a byte, so that it is another whatever it was.
flip()
{
    local byte

    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf "\\$(printf %o $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# acts FILE ORIGIN LINES: a log of so many lines (spec/log.md), which are acts, each with its outcome.
acts()
{
    python3 - "$@" <<'PY'
import sys
with open(sys.argv[1], "w") as f:
    f.write('{"muniment-log":0,"origin":"%s","made":"2026-11-29T09:00:00Z"}\n' % sys.argv[2])
    for n in range(1, int(sys.argv[3]), 2):
        f.write('{"line":%d,"time":"2026-11-29T09:00:00Z","by":"reader-7","act":"verify","object":"%d.mun"}\n' % (n, n))
        f.write('{"line":%d,"time":"2026-11-29T09:00:01Z","by":"reader-7","intent":%d,"outcome":"done"}\n' % (n + 1, n))
PY
}

# facts NAME: closes the test. False: one did not hold.
facts()
{
    echo "$1: $count facts, $failures failed"
    [ $failures -eq 0 ]
}
