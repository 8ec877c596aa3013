python3 - <<'PY'
event = """<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="Example"/>
<EventID>1</EventID><TimeCreated SystemTime="2022-03-13T21:%02d:%02d.000Z"/><EventRecordID>%d</EventRecordID>
<Channel>System</Channel><Computer>vm-example</Computer></System></Event>
"""
for name, count in ("few", 4000), ("many", 5000):  # a run of record ids each, of which 4096 are told apart
    with open(name + ".xml", "w") as out:
        out.write("<Events>\n" + "".join(event % (i // 100, i // 2 % 50, 2 * i + 1) for i in range(count)) + "</Events>\n")
PY
json 0 few.xml
check 'not [l for l in r["limits"] if l["limit"] == "coverage"]'
json 0 many.xml
check '[l for l in r["limits"] if l["limit"] == "coverage"]'
