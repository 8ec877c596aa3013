# The same bundle gives the same verdicts, whatever packs it.
heap heap.zip
python3 - <<'PY'
import tarfile, zipfile
zipfile.ZipFile("heap.zip").extractall("bundle")
for form in ("", ":gz", ":bz2", ":xz"):
    tarfile.open("heap.tar" + form.replace(":", "."), "w" + form).add("bundle", ".")
PY
for file in heap.zip heap.tar heap.tar.gz heap.tar.bz2 heap.tar.xz bundle; do
    json 0 "$file"
    check 'verdict("desktop-heap") == "confirmed" and len(r["sources"]) >= 16'
done
