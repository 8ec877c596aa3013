# A zip whose directory is gone is read by the members' own headers: every whole member, and of the cut one what is there.
heap whole.zip
python3 - <<'PY'
import io, zipfile
z = zipfile.ZipFile("whole.zip")
class Pipe(io.RawIOBase):  # cannot seek: sizes follow the data
    def __init__(self, name): self.f = open(name, "wb")
    def writable(self): return True
    def write(self, b): return self.f.write(b)
    def close(self): self.f.close()
def again(to, method):
    with zipfile.ZipFile(to, "w", method) as o:
        for i in z.infolist():
            o.writestr(zipfile.ZipInfo(i.filename, i.date_time), z.read(i), method)
again(Pipe("later.zip"), zipfile.ZIP_DEFLATED)
again(Pipe("later-stored.zip"), zipfile.ZIP_STORED)
again("stored.zip", zipfile.ZIP_STORED)
again("bzip2.zip", zipfile.ZIP_BZIP2)
again(Pipe("later-bzip2.zip"), zipfile.ZIP_BZIP2)
for form in ("whole", "stored", "later", "later-stored", "bzip2", "later-bzip2"):
    b = open(form + ".zip", "rb").read()
    at = zipfile.ZipFile(form + ".zip").start_dir
    last = max(i.header_offset for i in zipfile.ZipFile(form + ".zip").infolist())
    open(form + "-none.zip", "wb").write(b[:at])
    open(form + "-zeros.zip", "wb").write(b[:at] + bytes(len(b) - at))
    open(form + "-half.zip", "wb").write(b[:at + (len(b) - at) // 2])
    open(form + "-last.zip", "wb").write(b[:(last + at) // 2 + 60])
PY
keep='{k: [{n: v for n, v in s.items() if n != "note"} for s in r["sources"] if "!" not in s["path"] and not s["path"].endswith(".zip")] if k == "sources" else [v["verdict"] for v in r["verdicts"]] for k in ("sources", "verdicts")}'
for form in whole stored later later-stored bzip2 later-bzip2; do
    json 0 $form.zip
    check 'all(s["status"] == "read" for s in r["sources"])'
    python3 -c "import json; r = json.load(open('out')); print(json.dumps($keep, indent=1))" >want
    for damage in none zeros half; do
        json 0 $form-$damage.zip
        has err "the zip" "its members were read by their own headers"
        check 'any("own headers" in d["what"] for d in r["diagnostics"])'
        python3 -c "import json; r = json.load(open('out')); print(json.dumps($keep, indent=1))" >got
        diff want got >different || fail "$form-$damage is read in another way: $(head -n 20 different)"
    done
    json 0 $form-last.zip
    has err "the zip is cut"
    check 'len(r["sources"]) == 17 and sum(s["status"] == "read" for s in r["sources"]) >= 15'
    check 'r["sources"][-2]["status"] in ("partial", "damaged", "unread") or r["sources"][-1]["status"] in ("partial", "damaged", "unread")'
done
# As a stream, too.
for form in whole later stored later-stored; do
    cat $form-none.zip | "$VMSIFT" analyze --format json - >out 2>err || fail "$form-none.zip through a pipe: $(cat err)"
    check 'verdict("desktop-heap") == "confirmed" and sum(s["status"] == "read" for s in r["sources"]) == 16'
done
