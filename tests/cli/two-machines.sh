# Two machines in one bundle are decided apart, and neither's evidence is taken for the other's.
mkdir both
fixture signatures/desktop-heap/confirmed heap.zip
fixture bundles/healthy healthy.zip
python3 - <<'PY'
import zipfile
for name in ("heap", "healthy"):
    zipfile.ZipFile(name + ".zip").extractall("both/" + name)
PY
json 0 both
check 'len({v["machine"] for v in r["verdicts"]} | {a["machine"] for v in r["verdicts"] for a in v["also"]}) == 2'
check 'verdict("desktop-heap") == "confirmed"'
check 'next(v for v in r["verdicts"] if v["id"] == "desktop-heap")["also"][0]["verdict"] in ("ruled_out", "cannot_tell")'
check 'all(e["source"].startswith("heap/") for v in r["verdicts"] for e in v["evidence"])'
run 0 both
has out "2 machines"
