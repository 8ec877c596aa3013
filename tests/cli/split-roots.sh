# Two states of one machine in one bundle: kept apart and named, never mixed; what is one state stays one.
cp -r "$FIXTURES/signatures/desktop-heap/confirmed/bundle" before
cp -r "$FIXTURES/bundles/healthy/bundle" after
rm after/bundle.txt after/results.txt
find after -type f -exec sed -i 's/vm-calm-01/vm-heap-01/g; s/VM-CALM-01/VM-HEAP-01/g; s/2022-03-/2022-05-/g' {} +
pack() { # NAME: makes NAME.zip of the folder `in`
    "$MKFIXTURE" in "$1.zip"
    rm -r in
}

# Two dates.
mkdir in && cp -r before after in && pack dates
json 0 dates.zip
check 'r["headline"].startswith("2 states of vm-heap-01; vm-heap-01 (before): 4 of 6 backups failed")'
check 'r["headline"].endswith("; newer, vm-heap-01 (after): None of 10 backups failed")'
check 'next((v["verdict"], v["machine"], v["also"]) for v in r["verdicts"] if v["id"] == "desktop-heap") == ("confirmed", "vm-heap-01 (before)", [{"machine": "vm-heap-01 (after)", "verdict": "ruled_out"}])'
check 'r["bundle"]["note"] == "Collections of one machine lie more than half a day apart. Decided apart, newest first: vm-heap-01 (after), up to 2022-05-14 04:00; vm-heap-01 (before), up to 2022-03-14 04:00."'
check 'all(e["source"].startswith("before/") for v in r["verdicts"] if v["id"] == "desktop-heap" for e in v["evidence"])'
run 0 dates.zip
has out "before: Application.evtx record 12015"

# The operator knows better: as a case the two are one story, each with its own log of that time.
json 0 --case before after
check '"Read as one story of vm-heap-01: after, before" in r["bundle"]["note"] and verdict("desktop-heap") == "confirmed"'

# A restored disk beside the original, which went on differently: the same record ids, other events.
mkdir in && cp -r before in/device_0 && cp -r before in/device_1
sed -i 's/2022-03-12T21:4/2022-03-12T23:4/g' in/device_1/Windows/System32/winevt/Logs/Application.evtx.xml
pack fork
json 0 fork.zip
check '"tell different things of the same time" in r["bundle"]["note"]'
check '{v["machine"] for v in r["verdicts"]} == {"vm-heap-01 (device_0)"} and {a["machine"] for v in r["verdicts"] for a in v["also"]} == {"vm-heap-01 (device_1)"}'
check 'len([e for e in r["episodes"] if e["kind"] == "backup"]) == 6'
mkdir d0 d1 && cp -r before/. d0 && cp -r before/. d1
sed -i 's/2022-03-12T21:4/2022-03-12T23:4/g' d1/Windows/System32/winevt/Logs/Application.evtx.xml
"$MKFIXTURE" d0 -folder f0 && "$MKFIXTURE" d1 -folder f1
json 0 --case f0 f1
has err "tell different things of the same time"

# The same state twice is one, counted once; folders that complement each other are one without a word.
mkdir in && cp -r before in/device_0 && cp -r before in/device_1 && pack twice
json 0 twice.zip
check '"machine" not in r["verdicts"][0] and [e["count"] for e in r["errors"]] == [6]'
check '"Read as one story of vm-heap-01: device_0, device_1; " in r["bundle"]["note"]'
mkdir -p in/eventlogs && cp before/Windows/System32/winevt/Logs/*.xml in/eventlogs && cp -r before/WindowsAzure in && pack parts
json 0 parts.zip
check 'verdict("desktop-heap") == "confirmed" and "note" not in r["bundle"]'
mkdir in && cp -r before/. in && cp before/WindowsAzure/Logs/WaAppAgent.log "in/WindowsAzure/Logs/WaAppAgent (2).log" && pack copied
json 0 copied.zip
check '"note" not in r["bundle"] and [e["count"] for e in r["errors"]] == [6]'
check 'any(s.get("note", "").endswith("WaAppAgent (2).log, too, and counts once") for s in r["sources"])'
