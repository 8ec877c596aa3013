#!/bin/sh
# Every test there is, one after the other; the last line sums them up: N passed, N failed, N skipped. Called by
# `make test`, which has built everything. Each part prints such a line itself, or cmocka's.
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
make="${MAKE:-make} --no-print-directory"
unset BUILD CONFIG MAKEFLAGS MFLAGS
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0
bad=

add() { # PASSED FAILED SKIPPED
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

skip() {
    echo "== $1: skipped, $2"
    add 0 0 1
}

# part NAME COMMAND…: shows what failed, and the part's own sum.
part() {
    name=$1
    shift
    start=$(date +%s)
    "$@" >"$log" 2>&1
    told "$name" $? "$log" "$start"
}

# aside NAME COMMAND…: the same while other parts run; `asides` waits for it and shows it.
aside() {
    aside_name=$1 aside_log=$(mktemp) aside_start=$(date +%s)
    shift
    "$@" >"$aside_log" 2>&1 &
    aside=$!
}

asides() {
    wait $aside
    told "$aside_name" $? "$aside_log" "$aside_start"
    rm -f "$aside_log"
}

told() { # NAME STATUS LOG START
    name=$1 status=$2 told=$3 start=$4
    counts=$(awk '
        /(^|: )[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p = $(NF - 5); f = $(NF - 3); s = $(NF - 1); own = 1 }
        /^[0-9]+ of [0-9]+ cases hold$/ { p = $1; f = $3 - $1; own = 1 }
        /^ok [0-9]+ - .* # SKIP/ { s++; next }
        /^ok [0-9]+ - / { p++ }
        /^not ok [0-9]+ - / { f++ }
        /^1\.\.[0-9]+$/ { own = 1 } # TAP: without its plan it ended early
        /^\[  PASSED  \] [0-9]+ test/ { cp += $4 }
        /^\[  FAILED  \] [0-9]+ test/ { cf += $4 }
        /^\[  SKIPPED \] [0-9]+ test/ { cs += $4 }
        END { if (own) print p + 0, f + 0, s + 0; else print cp + 0, cf + 0, cs + 0 }' "$told")
    set -- $counts
    # A part that ended badly without saying what failed has failed once more.
    [ $status -eq 0 ] || [ "$2" -gt 0 ] || set -- "$1" 1 "$3"
    [ $status -ne 0 ] || [ $(($1 + $2 + $3)) -gt 0 ] || set -- 1 0 0
    add "$1" "$2" "$3"
    echo "== $name: $1 passed, $2 failed, $3 skipped ($(($(date +%s) - start)) s)"
    if [ "$2" -gt 0 ]; then
        bad="$bad $name"
        grep -E 'FAIL|FAILED|ERROR|rror:|Sanitizer|^     |^not ok|^# ' "$told" | head -n 60
        [ $status -lt 128 ] || tail -n 20 "$told"
    fi
}

units() { # FOLDER LABEL
    for test in "$1"/tests/test_*; do
        [ -f "$test" ] && [ -x "$test" ] && case $test in *.d | *.o) false ;; esac || continue
        part "$2$(basename "$test")" "$test"
    done
}

units "$build" ""
part test-golden $make BUILD="$build" test-golden
aside test-replay $make BUILD="$build" test-replay
part signatures-test "$build/vmsift" signatures test
part fixtures python3 -B tests/run_fixtures.py --vmsift "$build/vmsift" --mkfixture "$build/tests/mkfixture"
part signatures-schema python3 -B tests/schema.py --signature-json "$build/tests/signature_json"
part signatures-lint sh tests/lint_builtin.sh "$build/vmsift"
part cli sh tests/run_cli.sh "$build/vmsift" "$build/tests/mkfixture"
asides

shared=../shared
if [ -d $shared/corpus/evtx ] && [ -f tests/corpus_evtx.py ]; then
    part corpus-evtx python3 -B tests/corpus_evtx.py "$build/vmsift" $shared/corpus/evtx
    # All of it: -t 4096 -r 10000 (ten minutes with sanitizers).
    part corpus-broken "$build/tests/fuzz/replay" -p evtx -t 65536 -r 1000 $shared/corpus/evtx/*.evtx
else
    skip corpus-evtx "no $shared/corpus"
    skip corpus-broken "no $shared/corpus"
fi
if [ -d $shared/corpus/sigma ]; then
    part corpus-sigma python3 -B tests/corpus_sigma.py "$build/vmsift" $shared/corpus/sigma
else
    skip corpus-sigma "no $shared/corpus"
fi
if [ -d $shared/fixtures/bundles ] && [ -f $shared/tools/check_bundles.py ]; then
    part shared-bundles python3 -B $shared/tools/check_bundles.py "$build/vmsift" $shared/fixtures/bundles
else
    skip shared-bundles "no $shared/fixtures"
fi

if printf 'int main(void) { return 0; }\n' | ${CC:-cc} -fsanitize=address,undefined -x c - -o "$log" 2>/dev/null; then
    if $make CONFIG=asan BUILD="$build/asan" -j"$jobs" all test-tools >"$log" 2>&1; then
        aside "asan test-replay" $make CONFIG=asan BUILD="$build/asan" test-replay # minutes on one core
        units "$build/asan" "asan "
        part "asan test-golden" $make CONFIG=asan BUILD="$build/asan" test-golden
        [ ! -d $shared/corpus/evtx ] ||
            part "asan corpus-broken" "$build/asan/tests/fuzz/replay" -p evtx -t 1048576 -r 200 $shared/corpus/evtx/*.evtx
        part "asan signatures-test" "$build/asan/vmsift" signatures test
        part "asan fixtures" python3 -B tests/run_fixtures.py --vmsift "$build/asan/vmsift" --mkfixture "$build/tests/mkfixture" --only bundles/ --seconds 45 verdicts truncation
        part "asan cli" sh tests/run_cli.sh "$build/asan/vmsift" "$build/tests/mkfixture" climbing-names deep-nesting dump encrypted-member \
            folder-loop long-lines missing-file secrets several-bundles signatures-coverage signatures-test standard-input stored-zip64-descriptor threads-event-xml
        asides
    else
        echo "== asan: the build failed"
        tail -n 20 "$log"
        add 0 1 0
    fi
else
    skip asan "the compiler has no sanitizers"
fi

[ -z "$bad" ] || echo "failed:$bad"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
