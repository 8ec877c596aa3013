# What one collection tells of its time, it does not tell of another one's: the log of an old collection covers nothing
# that came after, what was configured then need not be so now, and between the two nobody knows of reboots.
whole="$FIXTURES/signatures/desktop-heap/confirmed/bundle"
logs=Windows/System32/winevt/Logs
part() { # FOLDER BOUNDS: event logs of the days before ("<") or from that one on (">")
    mkdir -p "$1/$logs"
    python3 - "$whole/$logs" "$1/$logs" "$2" <<'PY'
import os, re, sys
source, to, bound = sys.argv[1:]
for name in os.listdir(source):
    text = open(os.path.join(source, name)).read()
    keep = [e for e in re.findall(r"<Event xmlns.*?</Event>", text, re.S)
            if (re.search(r"SystemTime='([^']+)'", e)[1] < bound[1:]) == (bound[0] == "<")]
    open(os.path.join(to, name), "w").write("<Events>\n" + "\n".join(keep) + "\n</Events>\n")
PY
}
part old "<2022-03-05"
mkdir new && cp -r "$whole/WindowsAzure" "$whole/Packages" new
part rest ">2022-03-05"
mkdir -p "new/$logs" && mv "rest/$logs/System.evtx.xml" "new/$logs"

# The account of MSDTC is told in the old Application log alone: the newer failure is not judged by them.
json 0 "$whole"
check 'verdict("com-msdtc-account") == "ruled_out"'
json 0 --case old new
check '"Read as one story" in r["bundle"]["note"] and verdict("com-msdtc-account") == "cannot_tell"'
check '{c["name"]: c["value"] for v in r["verdicts"] if v["id"] == "com-msdtc-account" for c in v["conditions"]}["account"] == "unknown"'
check '"the Application event log: it ends before that time is over" in json.dumps(r["verdicts"])'
check 'verdict("desktop-heap") != "ruled_out"'
# With the rest of it all is known again.
cp "rest/$logs/Application.evtx.xml" "new/$logs"
json 0 --case old new
check 'verdict("desktop-heap") == "confirmed"'
