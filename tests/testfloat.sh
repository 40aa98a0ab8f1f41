#!/bin/bash
# testfloat.sh - floating point agrees with Berkeley TestFloat in every operation, rounding and precision (tests/testfloat.c). testfloat_gen is looked for, already
# built, in the folder that MUNIMENT_SUITES names. With LONG, addition, multiplication, division and square root of 80 bits get its second level: 59.5 million cases each.
set -u
generator=$(find "${MUNIMENT_SUITES:-/nowhere}/" -name testfloat_gen -type f -perm -u+x -print -quit 2>/dev/null)
if [ -z "$generator" ]; then
    echo "testfloat_gen is not there (MUNIMENT_SUITES)"
    exit 77
fi
passed=0 failed=0

# judge FUNCTION ROUNDING [PRECISION]
judge() {
    local options=(-tininessafter "-r$2" -exact)
    local level=1
    [ $# -lt 3 ] || options+=("-precision$3")
    case ${LONG:+$1} in extF80_add | extF80_mul | extF80_div | extF80_sqrt) level=2 ;; esac
    "$generator" -level $level "${options[@]}" "$1" 2>/dev/null | "$BUILD/tests/testfloat" "$@" >"$WORK/log" 2>&1
    cat "$WORK/log"
    [[ $(tail -n 1 "$WORK/log") =~ ([0-9]+)\ cases,\ ([0-9]+)\ differ ]] || return
    passed=$((passed + BASH_REMATCH[1] - BASH_REMATCH[2])) failed=$((failed + BASH_REMATCH[2]))
}

for rounding in near_even min max minMag; do
    for precision in 32 64 80; do
        for operation in add sub mul div sqrt; do
            judge extF80_$operation $rounding $precision
        done
    done
    judge extF80_roundToInt $rounding
    for to in i32 i64 f32 f64; do
        judge extF80_to_$to $rounding
    done
    for type in f32 f64; do
        for operation in add sub mul div sqrt to_i32 to_i64; do
            judge ${type}_$operation $rounding
        done
        judge i32_to_$type $rounding
        judge i64_to_$type $rounding
    done
    judge f64_to_f32 $rounding
done
for type in extF80 f32 f64; do
    for operation in eq le lt eq_signaling le_quiet lt_quiet; do
        judge ${type}_$operation near_even
    done
done
for function in f32_to_f64 f32_to_extF80 f64_to_extF80 i32_to_extF80 i64_to_extF80; do
    judge $function near_even
done
echo "$passed passed, $failed failed"
[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
