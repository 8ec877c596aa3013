# A dirty hive is read with its logs, wherever they stand in the bundle and whatever it is.
config=Windows/System32/config
for case in ok-dirty-new-logs ok-software; do
    "$MKFIXTURE" "$FIXTURES/parsers/registry_hive/$case/input" -folder b
done
cp "$FIXTURES/signatures/desktop-heap/confirmed/bundle/WindowsAzure/Logs/WaAppAgent.log" b/$config/../a.log
python3 - b <<'PY'
import os, sys, tarfile, zipfile
names = sorted(os.path.relpath(os.path.join(d, f), sys.argv[1]) for d, _, fs in os.walk(sys.argv[1]) for f in fs)
with zipfile.ZipFile("logs-first.zip", "w", zipfile.ZIP_DEFLATED) as z:
    for n in reversed(names):
        z.write("b/" + n, n)
with zipfile.ZipFile("b.zip", "w", zipfile.ZIP_DEFLATED) as z:
    for n in names:
        z.write("b/" + n, n)
with zipfile.ZipFile("upper.zip", "w") as z:
    for n in names:
        z.write("b/" + n, n.upper() if "LOG2" in n else n.lower() if "LOG1" in n else n)
with zipfile.ZipFile("nested.zip", "w") as z:
    z.write("b.zip", "inner.zip")
for kind in ("", "gz"):
    with tarfile.open("b.tar" + ("." + kind if kind else ""), "w:" + kind) as t:
        for n in names:
            t.add("b/" + n, n)
with zipfile.ZipFile("split.zip", "w") as z:  # other folders are other hives
    for n in names:
        z.write("b/" + n, n.replace("config", "other") if "LOG1" in n else n)
PY
told() {
    python3 - "$1" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
for s in sorted(r["sources"], key=lambda s: s["path"].lower()):
    s["path"] = s["path"].lower().split("!/")[-1]
    if s.get("parser") == "registry_hive":
        print(json.dumps(s, sort_keys=True))
print(json.dumps([v["verdict"] for v in r["verdicts"]]), [d["what"] for d in r["diagnostics"]], r["limits"])
PY
}
json 0 b
told out >one
has one "replayed 1 entry of LOG1 and 2 entries of LOG2" "entries 41 to 42" '"status": "read"'
lacks one '"status": "damaged"'
for bundle in b.zip logs-first.zip upper.zip b.tar b.tar.gz nested.zip; do
    json 0 $bundle
    told out >two
    cmp one two || fail "$bundle: $(diff one two)"
done
for bundle in b.zip b.tar b.tar.gz; do
    json 0 - <$bundle
    told out >two
    cmp one two || fail "standard input: $bundle: $(diff one two)"
done
if command -v taskset >/dev/null; then
    json 0 b.zip
    cp out two
    taskset -c 0 "$VMSIFT" analyze --format json b.zip >three 2>err
    cmp two three
fi
json 0 split.zip
check 'row("config/SYSTEM")["note"].endswith("it was not closed: replayed 2 entries of LOG2")'

# The base block is zeros: what is left is known by its name, and whole with its log.
cp -R b lost
dd if=/dev/zero of=lost/$config/SYSTEM bs=4096 count=1 conv=notrunc 2>/dev/null
json 0 lost
check 'row("config/SYSTEM")["note"].endswith("its base block is lost, and was taken from a log; it was not closed: replayed 1 entry of LOG1 and 2 entries of LOG2")'
check 'row("config/SYSTEM")["status"] == "read"'

# One file: its logs are those beside it.
run 0 dump b/$config/SYSTEM
has out '"data":".\\svc-dtc"' '"name":"Start","type":"REG_DWORD","data":4'
has err 'replayed 1 entry of LOG1 and 2 entries of LOG2'
mkdir lower
for log in "" .LOG1 .LOG2; do
    cp b/$config/SYSTEM$log lower/$(echo SYSTEM$log | tr A-Z a-z)
done
(cd lower && run 0 dump system && cmp out ../out)
run 0 dump - <b/$config/SYSTEM
has err "its logs are missing"
run 0 dump b/$config/SYSTEM.LOG2
has err "transaction log of a hive: entries 41 to 42"
run 2 dump --format xml b/$config/SYSTEM
has err "no XML form"

# Nothing that is secret leaves.
"$MKFIXTURE" "$FIXTURES/parsers/registry_hive/hostile-names/input" -folder secret
run 0 dump secret/$config/SOFTWARE
lacks out hunter2 AbCdEf
"$MKFIXTURE" "$FIXTURES/parsers/registry_hive/ok-other-hives/input" -folder sam
run 0 dump sam/$config/SAM
lacks out 0001020304050607
has out '"name":"V","type":"REG_BINARY","data":"***"'
