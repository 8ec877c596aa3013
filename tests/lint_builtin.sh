#!/bin/sh
# The built-in signatures have neither errors nor advice, and all fixtures they should have. Called by tests/run_all.sh.
said=$("$1" signatures lint --fixtures "$(dirname "$0")/../fixtures/signatures") || said="$said
FAIL: exit status $?"
case $said in
"0 errors, 0 pieces of advice in "*) ;;
*)
    printf '%s\n' "$said" | sed 's/^/     /'
    exit 1
    ;;
esac
