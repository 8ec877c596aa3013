# The coverage ledger: every member, what is asked of it, what is not there; as a page and as JSON.
heap heap.zip
run 0 sources heap.zip
has out "ASKED FOR BY SIGNATURES" "the Application event log" "Application.evtx" "evtx, " "stamped in UTC" \
    "NOT IN THE BUNDLE, and asked for by signatures" "the registry (SYSTEM and SOFTWARE hives)" "reg save HKLM\\SYSTEM"
lacks out "CONFIRMED" "COLLECT NEXT" "What to do"
run 0 sources --format=json heap.zip
check 'r["schema"] == "vmsift-report/1" and "verdicts" not in r and "collect_next" not in r'
check 'len(r["sources"]) == 16 and all(s["size"] > 0 for s in r["sources"])'
check 'row("Application.evtx")["time_zone"] == {"offset": "+00:00", "trust": "stamped"}'
check '[a["asked_by"] for a in r["absent"] if "DLL" not in a["source"] and "hive" in a["source"]] != []'
check 'all(a["why"] and a["how"] for a in r["absent"])'
cp out ledger
json 0 heap.zip
python3 - <<'PY' || fail "the two reports tell different ledgers"
import json
ledger, report = json.load(open("ledger")), json.load(open("out"))
assert all(ledger[k] == report[k] for k in ("bundle", "sources", "absent", "diagnostics", "limits"))
PY

# What the mode of a disk inspection never holds, and what could.
fixture bundles/collect-copy-failed/ failed.zip
run 0 sources failed.zip
has out "mode agents" "The copy failed (results.txt)" "A disk inspection report of the OS disk, mode agents, normal"

# Several bundles, a file, and what cannot be read: the ledger is still printed.
mkdir folder
printf 'not a log\000\001\002' >folder/strange.bin
: >folder/empty.log
run 0 sources heap.zip failed.zip
[ "$(grep -c '^Machine' out)" -eq 2 ] || fail "two bundles, two ledgers"
run 2 sources -o page.txt folder
[ ! -s out ] || fail "-o leaves stdout empty"
has page.txt "NOT READ, OR EMPTY" "strange.bin" "empty.log"
run 2 sources heap.zip missing.zip
run 1 sources
run 1 sources --format html heap.zip
run 1 sources --exit-code heap.zip
has err "unknown option --exit-code"

# Names and notes are somebody else's words.
mkdir -p bad/WindowsAzure/Logs
printf '[00000011] [12/11/2018 06:27:55.66] [INFO]  x?sig=c2VjcmV0LXNpZ25hdHVyZQ%%3D\n' >"bad/WindowsAzure/Logs/WaAppAgent.log"
printf 'x\n' >"$(printf 'bad/WindowsAzure/Logs/a\033[31mb?sig=c2VjcmV0LXNpZ25hdHVyZQ%%3D.log')"
run 0 sources bad
! LC_ALL=C grep -q "$(printf '\033')" out || fail "an escape byte in the page"
lacks out "c2VjcmV0LXNpZ25hdHVyZQ"
run 0 sources --format json bad
lacks out "c2VjcmV0LXNpZ25hdHVyZQ"

# A part with more members than anybody reads is cut, but nothing damaged is left out.
python3 - <<'PY'
import zipfile
with zipfile.ZipFile("many.zip", "w") as z:
    for i in range(300):
        z.writestr("notes/part%03d.log" % i, "2022-03-13T21:40:00Z line %d\n" % i)
PY
run 0 sources many.zip
has out "part099.log" "… 200 more: --format json"
lacks out "part100.log"
run 0 sources --color always many.zip
LC_ALL=C grep -q "$(printf '\033')" out || fail "--color always has no colour"
