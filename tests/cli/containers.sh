# The same bundle gives the same report, whatever packs it: but for its own name and kind.
mkdir b
cp -R "$FIXTURES/signatures/desktop-heap/confirmed/bundle/." b
# A path of more than a hundred bytes needs the long names of tar.
long=$(printf 'a-folder-with-a-long-name/%.0s' 1 2 3 4 5 6)
printf 'name WindowsAzure/Logs/WaAppAgent.log => %sWindowsAzure/Logs/WaAppAgent.log\n' "$long" >>b/bundle.txt
for form in zip 7z tar tar.gz; do
    "$MKFIXTURE" b heap.$form
done
"$MKFIXTURE" b -folder folder
python3 - <<'PY'
import tarfile
for form in ("bz2", "xz"):
    with tarfile.open("heap.tar") as t, tarfile.open("heap.tar." + form, "w:" + form, format=tarfile.GNU_FORMAT) as to:
        for i in t:
            to.addfile(i, t.extractfile(i))
with tarfile.open("heap.tar") as t, tarfile.open("gnu.tar", "w", format=tarfile.GNU_FORMAT) as to:
    for i in t:
        to.addfile(i, t.extractfile(i))
# A cabinet whose data are stored, in blocks of at most 32 KiB: what makecab writes without compression.
import struct
with tarfile.open("heap.tar") as t:
    files = [(i.name, t.extractfile(i).read(), i.mtime) for i in t]
names, data = b"", b"".join(f[1] for f in files)
at = 0
for name, bytes_, _ in files:
    names += struct.pack("<2I4H", len(bytes_), at, 0, 44 << 9 | 1 << 5 | 1, 0, 0x20) + name.replace("/", "\\").encode() + b"\0"
    at += len(bytes_)
blocks = [data[k:k + 32768] for k in range(0, len(data), 32768)]
head = 36 + 8
size = head + len(names) + sum(8 + len(x) for x in blocks)
cab = b"MSCF" + struct.pack("<5I2B5H", 0, size, 0, head, 0, 3, 1, 1, len(files), 0, 1, 0)
cab += struct.pack("<I2H", head + len(names), len(blocks), 0) + names
for x in blocks:
    cab += struct.pack("<I2H", 0, len(x), len(x)) + x
open("stored.cab", "wb").write(cab)
PY
forms="heap.7z heap.tar heap.tar.gz heap.tar.bz2 heap.tar.xz gnu.tar stored.cab"
if command -v gcab >/dev/null; then
    (cd folder && find . -type f | sed 's|^\./||' | LC_ALL=C sort | xargs gcab -cz ../mszip.cab) && forms="$forms mszip.cab"
fi
if command -v bsdtar >/dev/null; then
    (cd folder && find . -type f | sed 's|^\./||' | LC_ALL=C sort | bsdtar -c --zstd -f ../heap.tar.zst -T - 2>/dev/null) && forms="$forms heap.tar.zst"
fi
keep='import json; r = json.load(open("out"))
rows = {s["path"]: [s.get(k) for k in ("parser", "kind", "status", "events", "time_first", "time_last", "note")] for s in r["sources"]}
print(json.dumps([rows, r["episodes"], [[v["id"], v["verdict"], v["conditions"]] for v in r["verdicts"]], r["errors"]], indent=1, sort_keys=True))'
json 0 heap.zip
check 'verdict("desktop-heap") == "confirmed" and len(r["sources"]) == 16'
python3 -c "$keep" >want
for file in folder $forms; do
    json 0 $file
    python3 -c "$keep" >got
    diff want got >different || fail "$file is read in another way: $(head -n 20 different)"
done
# In a zip, and as a stream.
for file in heap.7z heap.tar.xz stored.cab; do
    python3 -c "import sys, zipfile; zipfile.ZipFile('outer.zip', 'w').write(sys.argv[1])" $file
    json 0 outer.zip
    check 'verdict("desktop-heap") == "confirmed" and len(r["sources"]) == 17'
    cat $file | "$VMSIFT" analyze --format json - >out 2>err || fail "$file through a pipe: $(cat err)"
    check 'verdict("desktop-heap") == "confirmed" and len(r["sources"]) == 16'
done
# One packed file is not called by the packer's word for it.
for packer in gzip bzip2 xz zstd; do
    command -v $packer >/dev/null || continue
    rm -rf one && mkdir one
    cp folder/Windows/System32/winevt/Logs/System.evtx one/ && $packer -q one/System.evtx && rm -f one/System.evtx
    json 0 one/System.evtx.*
    check 'r["sources"][0]["path"] == "System.evtx" and r["sources"][0]["events"] > 0'
    json 0 one
    check 'any(s["path"].endswith("!/System.evtx") and s["status"] == "read" for s in r["sources"])'
done
