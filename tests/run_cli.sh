#!/bin/sh
# Black-box cases: tests/cli/*.sh, each in an empty folder of its own, with the helpers of tests/cli_lib.sh.
# A case fails with its first failing line; exit 77 skips it, and what it printed says why. With NAME.stdout, NAME.stderr
# or NAME.exit beside it, the case's own output is compared with them instead.
#   tests/run_cli.sh [VMSIFT [MKFIXTURE [NAME…]]]
root=$(cd "$(dirname "$0")/.." && pwd)
VMSIFT=${1:-$root/build/vmsift}
MKFIXTURE=${2:-$root/build/tests/mkfixture}
[ $# -gt 2 ] && shift 2 || set --
case $VMSIFT in /*) ;; *) VMSIFT=$(pwd)/$VMSIFT ;; esac
case $MKFIXTURE in /*) ;; *) MKFIXTURE=$(pwd)/$MKFIXTURE ;; esac
export VMSIFT MKFIXTURE ROOT="$root" FIXTURES="$root/fixtures" NO_COLOR=1 LC_ALL=C.UTF-8 TZ=UTC
work=$(mktemp -d) || exit 1
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

same() { # KIND ACTUAL: compared only if the case says what is expected
    expected=$root/tests/cli/$name.$1
    [ ! -e "$expected" ] || diff -u "$expected" "$2" >>"$work/why" 2>&1
}

for script in "$root"/tests/cli/*.sh; do
    name=$(basename "$script" .sh)
    [ $# -eq 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
    mkdir -p "$work/$name"
    : >"$work/why"
    (cd "$work/$name" && exec sh -eu -c '. "$ROOT/tests/cli_lib.sh"; . "$0"' "$script") >"$work/out" 2>"$work/err"
    status=$?
    echo "$status" >"$work/exit"
    if [ $status -eq 77 ]; then
        skipped=$((skipped + 1))
        echo "skip cli $name: $(tail -n 1 "$work/out")"
        continue
    fi
    if same stdout "$work/out" && same stderr "$work/err" && { [ -e "$root/tests/cli/$name.exit" ] && same exit "$work/exit" || [ $status -eq 0 ]; }; then
        passed=$((passed + 1))
        echo "ok   cli $name"
    else
        failed=$((failed + 1))
        echo "FAIL cli $name (exit status $status)"
        cat "$work/why" "$work/err" | tail -n 12 | sed 's/^/     /'
    fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
