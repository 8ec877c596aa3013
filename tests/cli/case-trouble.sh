# A case with a bundle that cannot be read is told as far as it goes; one of several machines is decided apart.
heap heap.zip
fixture bundles/healthy calm.zip
json 2 --case heap.zip missing.zip
check 'verdict("desktop-heap") == "confirmed" and row("missing.zip")["status"] == "unread"'
check '{"source": "missing.zip", "what": "No such file or directory"} in r["diagnostics"]'
has err "missing.zip: No such file or directory"
head -c 3000 heap.zip >cut.zip
json 0 --case heap.zip cut.zip
check 'verdict("desktop-heap") == "confirmed" and any(d["source"] == "cut.zip" for d in r["diagnostics"])'
json 2 --case missing.zip nothing.zip
check '"cannot be analysed" in r["headline"] and r["bundle"]["kind"] == "case"'
run 3 --case heap.zip calm.zip --exit-code
json 0 --case heap.zip calm.zip
has err "not collections of one machine"
check 'r["headline"].startswith("2 machines; vm-heap-01: ") and verdict("desktop-heap") == "confirmed"'
check 'all(e["source"].startswith("heap.zip!/") for v in r["verdicts"] if v["id"] == "desktop-heap" for e in v["evidence"])'
check '"not collections of one machine" in r["bundle"]["note"]'
