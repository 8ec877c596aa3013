# Two collections of one VM, each missing what the other has: alone neither proves the cause, together they do.
heap heap.zip
python3 - <<'PY'
import zipfile
whole = zipfile.ZipFile("heap.zip")
for out, parts in (("agents.zip", ("IaaSBcdr", "Status", "WaAppAgent", "System.evtx")), ("diagnostic.zip", (".evtx", "WaAppAgent"))):
    with zipfile.ZipFile(out, "w") as z:
        for i in whole.infolist():
            if any(p in i.filename for p in parts):
                z.writestr(zipfile.ZipInfo(i.filename, i.date_time), whole.read(i))
PY
json 0 agents.zip
check 'verdict("desktop-heap") == "cannot_tell"'
json 0 diagnostic.zip
check 'verdict("desktop-heap") == "possible"'
json 0 --case agents.zip diagnostic.zip
check 'verdict("desktop-heap") == "confirmed"'
check 'r["bundle"]["kind"] == "case" and r["bundle"]["name"] == "agents.zip + diagnostic.zip"'
check '[i["name"] for i in r["bundle"]["inputs"]] == ["agents.zip", "diagnostic.zip"]'
check '{e["source"].split("!/")[0] for v in r["verdicts"] for e in v["evidence"]} == {"agents.zip", "diagnostic.zip"}'

# What both hold counts once, and the ledger says where it stands.
check 'next(s for s in r["sources"] if s["path"] == "diagnostic.zip!/Windows/System32/winevt/Logs/System.evtx")["note"] == "25 of its 25 records are in agents.zip!/Windows/System32/winevt/Logs/System.evtx, too, and count once"'
check '[e["count"] for e in r["errors"]] == [6]'
check 'len([e for e in r["episodes"] if e["kind"] == "backup"]) == 6 and len([e for e in r["episodes"] if e["kind"] == "boot"]) == 2'
cp out joined
json 0 heap.zip
python3 - <<'PY' || fail "the case says other things than the whole"
import json
a, b = (json.load(open(f)) for f in ("joined", "out"))
story = lambda r: [[(v["id"], v["verdict"], [(c["name"], c["value"]) for c in v["conditions"]], [(e["condition"], e.get("time")) for e in v["evidence"]]) for v in r["verdicts"]],
                   [(e["kind"], e["start"][:19], e["outcome"]) for e in r["episodes"]], [(e["code"], e["count"]) for e in r["errors"]]]
for x, y in zip(story(a), story(b)):
    assert x == y, (x, y)
PY
run 0 --case agents.zip diagnostic.zip
has out "diagnostic.zip: Application.evtx record 12015" "agents.zip: IaaSBcdrExtension5.log line 6" "Read as one story of vm-heap-01: agents.zip, diagnostic.zip;"

# A zip that holds the two is the same, so are folders and loose files.
python3 - <<'PY'
import zipfile
with zipfile.ZipFile("both.zip", "w") as z:
    z.write("agents.zip")
    z.write("diagnostic.zip")
zipfile.ZipFile("agents.zip").extractall("agents")
PY
json 0 both.zip
check 'verdict("desktop-heap") == "confirmed" and [e["count"] for e in r["errors"]] == [6]'
check '"one story of vm-heap-01: agents.zip, diagnostic.zip; " in r["bundle"]["note"]'
json 0 --case agents/ diagnostic.zip
check 'verdict("desktop-heap") == "confirmed" and r["bundle"]["inputs"][0]["kind"] == "folder"'
check 'any(s["path"].startswith("agents/WindowsAzure/") for s in r["sources"])'
python3 -c 'import zipfile; z = zipfile.ZipFile("diagnostic.zip"); [open(n.rsplit("/")[-1], "wb").write(z.read(n)) for n in z.namelist()]'
json 0 --case agents.zip Application.evtx System.evtx WaAppAgent.log
check 'verdict("desktop-heap") == "confirmed" and [e["count"] for e in r["errors"]] == [6]'
check 'any(e["source"] == "Application.evtx" for v in r["verdicts"] for e in v["evidence"])'

# Taken while a run went on: its log is there in part and whole, and the run is one.
python3 - <<'PY'
import zipfile
whole = zipfile.ZipFile("heap.zip")
with zipfile.ZipFile("early.zip", "w") as z:
    for i in whole.infolist():
        data = whole.read(i)
        lines = 3 if "IaaSBcdrExtension5" in i.filename else 30 if "WaAppAgent" in i.filename else None
        if not i.filename.endswith(("/", "Status/5.status")):
            z.writestr(zipfile.ZipInfo(i.filename, i.date_time), b"".join(data.splitlines(True)[:lines]))
PY
for order in "early.zip heap.zip" "heap.zip early.zip"; do
    json 0 --case $order
    check 'len([e for e in r["episodes"] if e["kind"] == "backup"]) == 6 and verdict("desktop-heap") == "confirmed"'
    check '[e["stage"] for e in r["episodes"] if e["kind"] == "backup"][-1] == 4 and [e["count"] for e in r["errors"]] == [6]'
    check 'all(e["source"].startswith("heap.zip!/") for v in r["verdicts"] for e in v["evidence"] if "IaaSBcdrExtension5" in e["source"])'
done

# The order given is the order told; threads are not seen. Names of one kind are told apart by their folders.
json 0 --case diagnostic.zip agents.zip
check 'r["bundle"]["name"] == "diagnostic.zip + agents.zip" and verdict("desktop-heap") == "confirmed"'
cp out one
if command -v taskset >/dev/null; then
    taskset -c 0 "$VMSIFT" analyze --format json --case diagnostic.zip agents.zip >two 2>err
    cmp one two
fi
mkdir monday tuesday
cp heap.zip monday/vm.zip
cp heap.zip tuesday/vm.zip
json 0 --case monday/vm.zip tuesday/vm.zip
check '[i["name"] for i in r["bundle"]["inputs"]] == ["monday/vm.zip", "tuesday/vm.zip"] and [e["count"] for e in r["errors"]] == [6]'
run 1 --case agents.zip agents.zip
has err "the same bundle twice: agents.zip"
