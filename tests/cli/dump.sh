heap b.zip
bsdtar -xOf b.zip Windows/System32/winevt/Logs/Application.evtx >app.evtx
run 0 dump app.evtx
python3 - <<'PY' || fail "not what the log holds"
import json
rows = [json.loads(x) for x in open("out")]
hit = [r for r in rows if r["event_id"] == 4689]
assert len(rows) == 17 and len(hit) == 2, (len(rows), len(hit))
assert hit[0]["provider"] == "Microsoft-Windows-Complus" and hit[0]["channel"] == "Application" and hit[0]["computer"] == "vm-heap-01"
assert hit[0]["data"]["param1"].startswith("Error Code = 0x8000ffff : Catastrophic failure\n")
assert hit[0]["time"].startswith("2022-03-08T21:40:09")
PY
run 0 dump --format xml app.evtx
has out "<Event xmlns=" "Microsoft-Windows-Complus" "0x8000ffff"
run 0 dump - <app.evtx
run 0 dump "$FIXTURES/signatures/desktop-heap/confirmed/bundle/Windows/System32/winevt/Logs/Application.evtx.xml"
[ "$(wc -l <out)" -eq 17 ] || fail "$(wc -l <out) events of 17 in the XML"
run 0 dump "$FIXTURES/signatures/desktop-heap/confirmed/bundle/WindowsAzure/Logs/WaAppAgent.log"
head -c 12000 app.evtx >cut.evtx
run 0 dump cut.evtx
has err " cut off"
cp out plain
run 0 dump --recover cut.evtx
has err "recovered records: 0; others of which only the header is left: 1"
grep -v '"recovered":true,' out | cmp - plain || fail "--recover changed the lines of the log's own records"
run 0 dump --recover --format xml cut.evtx
has out "<!-- recovered, damaged, at offset " "its content is lost: record cut off -->"
run 2 dump --recover "$FIXTURES/signatures/desktop-heap/confirmed/bundle/WindowsAzure/Logs/WaAppAgent.log"
has err "--recover is for event logs"
run 2 dump missing.evtx
has err "cannot read (No such file or directory): missing.evtx"
run 2 dump .
has err "a folder; dump takes one file"
run 1 dump --format pdf app.evtx
run 1 dump
