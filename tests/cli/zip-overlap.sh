# Members that share their bytes: a small archive that would unpack to very much. Each ends where the next one begins.
python3 - <<'PY'
import struct, zlib
def header(name, crc, packed, size):
    return struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0x5460, crc, packed, size, len(name), 0) + name
# The data of every member but the last are a stored block around the next header, and then the next one's data.
kernel = bytes(20 << 20)
c = zlib.compressobj(9, zlib.DEFLATED, -15)
body, crc, size = c.compress(kernel) + c.flush(), zlib.crc32(kernel), len(kernel)
parts, content = [], kernel
for n in range(60, 0, -1):
    if parts:
        h = parts[0][0]
        body = b"\0" + struct.pack("<2H", len(h), len(h) ^ 0xFFFF) + h + body
        content = h + content
        crc, size = zlib.crc32(content), len(content)
    name = b"WindowsAzure/Logs/%02d.log" % n
    h = header(name, crc, len(body), size)
    parts.insert(0, (h, name, crc, len(body), size))
    total = h + body
central, at = b"", 0
for h, name, crc, packed, size in parts:
    central += struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0x5460, crc, packed, size, len(name), 0, 0, 0, 0, 0, at) + name
    at += len(h) + 5
open("overlap.zip", "wb").write(total + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 60, 60, len(central), len(total), 0))
PY
start=$(date +%s)
"$VMSIFT" analyze --format json overlap.zip >out 2>err && got=0 || got=$?
[ $got -eq 2 ] || [ $got -eq 0 ] || fail "exit status $got"
[ $(($(date +%s) - start)) -le 5 ] || fail "too slow"
check 'len(r["sources"]) == 60 and sum("next member" in d["what"] for d in r["diagnostics"]) == 59'
