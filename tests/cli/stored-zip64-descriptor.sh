# Stored members, data descriptors and zip64 fields.
heap b.zip
python3 - <<'PY'
import io, zipfile
z = zipfile.ZipFile("b.zip")
class Pipe(io.RawIOBase):  # cannot seek: sizes follow the data
    def __init__(self): self.f = open("stream.zip", "wb")
    def writable(self): return True
    def write(self, b): return self.f.write(b)
    def close(self): self.f.close()
with zipfile.ZipFile("stored.zip", "w", zipfile.ZIP_STORED) as s, zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as d, zipfile.ZipFile("zip64.zip", "w") as q:
    for i in z.infolist():
        s.writestr(i.filename, z.read(i))
        d.writestr(i.filename, z.read(i))
        with q.open(i.filename, "w", force_zip64=True) as f:
            f.write(z.read(i))
PY
for form in stored stream zip64; do
    json 0 $form.zip
    check 'verdict("desktop-heap") == "confirmed" and all(s["status"] == "read" for s in r["sources"])'
done
