# Helpers of tests/cli/*.sh. The current folder is empty and the case's own; `out` and `err` are the last run's output.

fail() {
    echo "$*" >&2
    exit 1
}

skip() {
    echo "$*"
    exit 77
}

# run STATUS ARGUMENT…: runs the program, which must end with that status and never by a signal.
run() {
    want=$1
    shift
    got=0
    "$VMSIFT" "$@" >out 2>err || got=$?
    [ $got -eq "$want" ] || fail "vmsift $*: exit status $got, expected $want: $(tail -n 3 err)"
}

# json: the same, with the report as JSON in `out`; then `check` asks it.
json() {
    want=$1
    shift
    run "$want" analyze --format json "$@"
}

# has FILE TEXT…, lacks FILE TEXT…: fixed strings.
has() {
    file=$1
    shift
    for text; do
        grep -qF -e "$text" "$file" || fail "$file does not hold: $text
$(head -c 600 "$file")"
    done
}

lacks() {
    file=$1
    shift
    for text; do
        ! grep -qF -e "$text" "$file" || fail "$file holds: $text"
    done
}

# check EXPRESSION: Python about the report `r`; row(S) is the source whose path ends so, verdict(ID) a cause's verdict.
check() {
    python3 - "$1" <<'PYTHON' || fail "not so: $1"
import json, sys
r = json.loads(open("out", "rb").read())
def row(s):
    return next(x for x in r["sources"] if x["path"].endswith(s))
def verdict(i):
    return next(v["verdict"] for v in r["verdicts"] if v["id"] == i)
def told():
    return json.dumps([r["sources"], r["diagnostics"], r["limits"]], ensure_ascii=False)
if not eval(sys.argv[1]):
    print(json.dumps({k: r[k] for k in ("bundle", "sources", "diagnostics", "limits")})[:900], file=sys.stderr)
    sys.exit(1)
PYTHON
}

# fixture NAME OUT: a fixture's bundle.
fixture() {
    "$MKFIXTURE" "$FIXTURES/$1/bundle" "$2"
}

heap() {
    fixture signatures/desktop-heap/confirmed "$1"
}
