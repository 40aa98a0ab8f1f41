#!/bin/bash
# guest_builds.sh - a guest is the same at a hundred points and more of its run, whoever built the command, and wherever it runs: what `make check-points` puts in the
# place of tests/guests/guest.sh's own runs.
#
#   guest_builds.sh MACHINE.yaml SCRIPT       in the guest's folder; POINT_BUILDS: other builds of the command
#
# The digest is compared 25 times in a second of guest time, or 100 times where that gives fewer than a hundred points: between two runs, runs cut into slices at random,
# all the builds, and a run in another folder, locale and time zone, by a user without a name or a home if root runs it, while the host's clock goes back (backwards.c).
# A set has the digests of its script, and the one at its end. As many run at a time as there are processors and one more, so that the host is busy.
set -euo pipefail
tests=$(dirname "$(realpath "$0")")
export machine=$1 script=$2 every="--digest-every 0.04" tests MUNIMENT
! grep -q "^muniment: set" "$machine" || every=
export ASAN_OPTIONS=detect_leaks=0 # which stops a process to look at it: the jail does not have it

# points FILE COMMAND...: the digests of a run, sliced as SLICE says.
points()
{
    local name=$1 slice=${SLICE:+--slice $SLICE}
    shift
    "$@" boot "$machine" --script "$script" --limit 3600 --force --digest $every $slice ${GUEST_OPTIONS-} >"$name" || { tail -n 3 "$name"; return 1; }
}

# one NAME=COMMAND
one()
{
    local name=${1%%=*} command=${1#*=} home=$PWD folder nobody=
    [ "$(id -u)" -ne 0 ] || nobody="setpriv --reuid=54321 --regid=54321 --clear-groups"
    case $name in
    elsewhere)
        folder=$(mktemp -d)
        cp -a . "$command" "$folder" && gcc -shared -fPIC -o "$folder/backwards.so" "$tests/backwards.c" && chmod -R a+rwX "$folder"
        (cd "$folder" && points points env -i LD_PRELOAD=./backwards.so LC_ALL=tr_TR.UTF-8 TZ=Pacific/Kiritimati $nobody "./${command##*/}")
        cp "$folder/points" "$home/points-$name" && rm -rf "$folder" ;;
    sliced)
        SLICE=random:7 points "points-$name" "$command" ;;
    *)
        points "points-$name" "$command" ;;
    esac
    cmp reference "points-$name"
    echo "same  $name"
}
export -f points one

points reference "$MUNIMENT"
count=$(grep -c '^ti' reference) # of a tick, or of a time of a set
if [ "$every" ] && [ "$count" -lt 100 ]; then
    every="--digest-every 0.01"
    points reference "$MUNIMENT"
    count=$(grep -c '^ti' reference)
fi
echo "$script: $count digests"
[ "$count" -ge 100 ] || [ -z "$every" ]
[ "$count" -gt 0 ]
printf '%s\0' "again=$MUNIMENT" "sliced=$MUNIMENT" "elsewhere=$MUNIMENT" $POINT_BUILDS | xargs -0 -n 1 -P $(($(nproc) + 1)) bash -euo pipefail -c 'one "$1"' one
