# One bad member, or one bad entry of the directory, costs no other member.
heap whole.zip
python3 - <<'PY'
import struct, zipfile
z = zipfile.ZipFile("whole.zip")
infos, good = z.infolist(), open("whole.zip", "rb").read()
def entry(n):  # where the n-th record of the directory stands
    at = z.start_dir
    for _ in range(n):
        at += 46 + sum(struct.unpack("<3H", good[at + 28:at + 34]))
    return at
def data(i):
    return i.header_offset + 30 + sum(struct.unpack("<2H", good[i.header_offset + 26:i.header_offset + 30]))
def write(name, *changes):
    b = bytearray(good)
    for at, new in changes:
        b[at:at + len(new)] = new
    open(name, "wb").write(b)
n = next(k for k, i in enumerate(infos) if i.filename.endswith("IaaSBcdrExtension2.log"))
i, e = infos[n], entry(n)
write("data.zip", (data(i) + 40, b"\xff" * 30))
write("sum.zip", (e + 16, b"\0\0\0\0"))
write("long.zip", (e + 20, b"\xff\xff\xff\x00"))       # packed size: into the next members
write("short.zip", (e + 24, b"\x05\0\0\0"))            # size
write("place.zip", (e + 42, struct.pack("<I", i.header_offset + 11)))
write("beyond.zip", (e + 42, b"\xff\xff\xff\x7f"))
write("same.zip", (e + 42, struct.pack("<I", infos[n + 1].header_offset)))
write("header.zip", (i.header_offset, b"XX"))
write("method.zip", (e + 10, b"\x63\0"))
PY
for damage in data sum short place beyond same header method; do
    json 0 $damage.zip
    check 'sum(s["status"] == "read" for s in r["sources"]) == 15 and len(r["sources"]) == 16'
    check 'row("IaaSBcdrExtension2.log")["status"] in ("partial", "unread", "damaged")'
    check 'any(d["source"].endswith("IaaSBcdrExtension2.log") for d in r["diagnostics"])'
    cp out two
    taskset -c 0 "$VMSIFT" analyze --format json $damage.zip >one 2>err && cmp one two
done
# Where only a checksum or a size is wrong, the content is there.
json 0 sum.zip
check 'row("IaaSBcdrExtension2.log")["events"] > 5 and "checksum" in told()'
json 0 short.zip
check 'row("IaaSBcdrExtension2.log")["events"] > 5 and "as long as" in told()'
# Where only the packed size is wrong, nothing is lost: packed bytes tell their own end.
json 0 long.zip
check 'all(s["status"] == "read" for s in r["sources"]) and len(r["sources"]) == 16'

# Two members of one name: both are kept.
python3 - <<'PY'
import warnings, zipfile
warnings.simplefilter("ignore")
with zipfile.ZipFile("twice.zip", "w", zipfile.ZIP_DEFLATED) as z:
    for n in (1, 2):
        z.writestr("WindowsAzure/Logs/a.log", "2022-03-13T21:40:00Z note %d\n" % n * n)
PY
json 0 twice.zip
check '[s["events"] for s in r["sources"]] == [1, 2] and len({s["path"] for s in r["sources"]}) == 1'
