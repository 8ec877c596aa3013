# What Explorer and others write: Deflate64, bzip2, LZMA, and what else 7-Zip knows.
heap b.zip
python3 - <<'PY'
import zipfile
z = zipfile.ZipFile("b.zip")
z.extractall("b")
for name, method in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
    with zipfile.ZipFile(name + ".zip", "w", method) as o:
        for i in z.infolist():
            o.writestr(zipfile.ZipInfo(i.filename, i.date_time), z.read(i), method)
PY
forms="bzip2 lzma"
if command -v 7z >/dev/null; then
    for method in Deflate64 PPMd; do
        (cd b && 7z a -tzip -mm=$method ../$method.zip . >/dev/null) && forms="$forms $method"
    done
    python3 -c "
import random
r = random.Random(7)
with open('b/big.log', 'w') as f:
    for n in range(60000):
        f.write('2022-03-13T21:40:%02dZ a line with %d words %s\n' % (n // 1000, n, 'again ' * r.randrange(40) if n % 9 else ('a' * 70000 if n % 900 == 0 else '')))"
    (cd b && 7z a -tzip -mm=Deflate64 -mx=9 ../big.zip . >/dev/null)
    json 0 big.zip
    check 'row("big.log")["status"] == "read" and not any(d["source"] == "big.log" for d in r["diagnostics"])'
fi
for form in $forms; do
    json 0 $form.zip
    check 'verdict("desktop-heap") == "confirmed" and sum(s["status"] == "read" for s in r["sources"]) == 16'
done
# A method nobody knows: unread, with the reason; the rest is read.
python3 - <<'PY'
b = bytearray(open("b.zip", "rb").read())
at = b.index(b"PK\1\2")
b[at + 10] = 97
open("unknown.zip", "wb").write(b)
PY
json 0 unknown.zip
check 'row("0.status")["status"] == "unread" and "method" in row("0.status")["note"]'
check 'sum(s["status"] == "read" for s in r["sources"]) == 15'
