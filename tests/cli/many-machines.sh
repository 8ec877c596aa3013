# More machines, or more states of one, than anybody has: the bundle is read to its end, and the report says so.
python3 - <<'PY'
import os
event = """<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='EventLog'/><EventID>6008</EventID>
<Level>2</Level><TimeCreated SystemTime='2022-0%d-%02dT0%d:00:00.0000000Z'/><EventRecordID>%d</EventRecordID>
<Channel>System</Channel><Computer>%s</Computer></System><EventData><Data>x</Data></EventData></Event>"""
def write(folder, name, i):
    os.makedirs(folder)
    day = (1 + i // 28 % 9, 1 + i % 28)
    open(folder + "/System.xml", "w").write("<Events>" + "".join(event % (*day, k, 100 + k, name) for k in range(3)) + "</Events>")
for i in range(300):
    write(f"machines/{i:03}", f"vm-{i:03}", i)
    write(f"states/{i:03}", "vm-one", i)
PY
json 0 machines
check 'r["headline"].startswith("64 machines; ") and any(x["limit"] == "collections" for x in r["limits"])'
check 'sum("in no story" in s.get("note", "") for s in r["sources"]) == 300 - 64'
json 0 states
check 'r["headline"].startswith("64 states of vm-one; ") and any(x["limit"] == "collections" for x in r["limits"])'
run 1 --case $(seq 65)
has err "64 bundles at most"
