# Names: the flag for UTF-8, else the Unicode path field whose checksum fits, else the bytes as they are. Nothing is lost.
python3 - <<'PY'
import struct, warnings, zipfile, zlib
warnings.simplefilter("ignore")
log = "2022-03-13T21:40:00Z a note\n"
def field(raw, name, good):
    f = struct.pack("<BI", 1, zlib.crc32(raw) ^ (0 if good else 1)) + name.encode()
    return struct.pack("<HH", 0x7075, len(f)) + f
class Info(zipfile.ZipInfo):  # a name of bytes, without the flag
    def _encodeFilenameFlags(self): return self.raw, self.flags
def add(z, raw, extra=b"", flags=0):
    i = Info("x", (2022, 3, 14, 9, 0, 0))
    i.raw, i.flags, i.extra = raw, flags, extra
    z.writestr(i, log)
japanese = "\u30bd\u30d5\u30c8"
with zipfile.ZipFile("names.zip", "w") as z:
    add(z, b"p/\x83\x5c\x83t.log", field(b"p/\x83\x5c\x83t.log", "p/" + japanese + "-right.log", True))
    add(z, b"p/\x83\x5cwrong.log", field(b"p/\x83\x5cwrong.log", "p/" + japanese + ".log", False))
    add(z, ("p/" + japanese + "-flag.log").encode(), flags=0x800)
    add(z, ("p/" + japanese + "-none.log").encode())
    add(z, b"p\\back\\slash-\x81.log")
    add(z, b"p/bad-flag-\xff.log", flags=0x800)
    add(z, b"p/bad-field.log", struct.pack("<HHB4s", 0x5455, 500, 1, b"time"))
PY
json 0 names.zip
check 'len(r["sources"]) == 7 and all(s["status"] == "read" for s in r["sources"])'
check '[s["path"] for s in r["sources"]][:1] == ["p/\u30bd\u30d5\u30c8-right.log"]'
check 'row("wrong.log")["path"] == "p/\u0192\\wrong.log"'
check 'row("-flag.log")["path"].startswith("p/\u30bd") and row("-none.log")["path"].startswith("p/\u30bd")'
check 'any(s["path"].startswith("p/back/slash-") for s in r["sources"])'
run 0 names.zip
has out 'ƒ\wrong.log' 'bad-flag-ÿ.log' 'slash-\x81.log'
cp out utf8
LC_ALL=C LANG=C "$VMSIFT" names.zip >out 2>err && cmp utf8 out
# The same without the directory.
python3 -c "b = open('names.zip', 'rb').read(); open('cut.zip', 'wb').write(b[:b.index(b'PK\1\2')])"
json 0 cut.zip
check '"p/\u30bd\u30d5\u30c8-right.log" in [s["path"] for s in r["sources"]]'
# The time of NTFS, to the tick, before that of Unix, before that of DOS.
python3 - <<'PY'
import struct, zipfile
with zipfile.ZipFile("times.zip", "w") as z:
    ntfs = struct.pack("<HHIHH3Q", 10, 32, 0, 1, 24, 133456789012345678, 0, 0)
    unix = struct.pack("<HHBi", 0x5455, 5, 1, 1700000000)
    for name, extra in (("ntfs", unix + ntfs), ("unix", unix), ("dos", b"")):
        i = zipfile.ZipInfo(name + ".log", (2022, 3, 14, 9, 0, 0))
        i.extra = extra
        z.writestr(i, "a note\n")
    i = zipfile.ZipInfo("results.txt", (2022, 3, 14, 9, 0, 2))
    i.extra = ntfs
    z.writestr(i, "Manifest requested: diagnostic\nUsing manifest: diagnostic\n")
PY
json 0 times.zip
check 'r["bundle"]["collected"].startswith("2023-11-28T21:01:41")'
