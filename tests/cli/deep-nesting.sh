# Zips in zips: read to a fixed depth, and what is deeper is told.
heap 0.zip
for i in 1 2 3 4 5; do
    python3 -c "import zipfile,sys; z=zipfile.ZipFile('$i.zip','w'); z.write('$((i - 1)).zip'); z.writestr('note$i.log','2022-03-13T21:40:00Z a note\n'); z.close()"
done
json 0 2.zip
check 'verdict("desktop-heap") == "confirmed"'
json 0 5.zip
check 'row("note5.log")["status"] == "read" and (r["limits"] or any(s["status"] in ("unread", "skipped") for s in r["sources"]))'
