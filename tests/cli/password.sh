# Encrypted members: the first line of a file opens them, or what is typed at the terminal; never shown. A wrong one costs
# only what it does not open.
mkdir b
cp -R "$FIXTURES/signatures/desktop-heap/confirmed/bundle/." b
heap open.zip
json 0 open.zip
python3 -c "import json; r = json.load(open('out')); del r['bundle']; print(json.dumps(r))" >want
same() {
    python3 -c "import json; r = json.load(open('out')); del r['bundle']; print(json.dumps(r))" >got
    cmp -s want got || fail "$1 is read in another way than the open zip"
}
echo 'password Correct-Horse 7' >b/bundle.txt
"$MKFIXTURE" b aes.zip 2>/dev/null || skip "this libarchive writes no encrypted zip"
# A data descriptor, and the older encryption, of which one byte of a wrong password in 256 is not noticed at once.
python3 - <<'PY'
import struct, zipfile, zlib
def crc_byte(crc, byte):
    crc ^= byte
    for _ in range(8):
        crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc
table = [crc_byte(0, i) for i in range(256)]
class Old:
    def __init__(self, password):
        self.k = [0x12345678, 0x23456789, 0x34567890]
        for b in password:
            self.update(b)
    def update(self, b):
        k = self.k
        k[0] = k[0] >> 8 ^ table[(k[0] ^ b) & 255]
        k[1] = ((k[1] + (k[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        k[2] = k[2] >> 8 ^ table[(k[2] ^ k[1] >> 24) & 255]
    def __call__(self, data):
        out = bytearray()
        for b in data:
            t = self.k[2] | 2
            out.append(b ^ (t * (t ^ 1) >> 8 & 255))
            self.update(b)
        return bytes(out)
z, body, central = zipfile.ZipFile("open.zip"), b"", b""
for n, i in enumerate(z.infolist()):
    data, name = z.read(i), i.filename.encode()
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed, crc = c.compress(data) + c.flush(), zlib.crc32(data)
    t = i.date_time
    time, date = t[3] << 11 | t[4] << 5 | t[5] // 2, t[0] - 1980 << 9 | t[1] << 5 | t[2]
    later = n % 2
    packed = Old(b"Correct-Horse 7")(bytes(11) + bytes([time >> 8 if later else crc >> 24]) + packed)
    sizes = (crc, len(packed), len(data))
    local = (0, 0, 0) if later else sizes
    head = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 9 if later else 1, 8, time, date, *local, len(name), 0) + name
    central += struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 9 if later else 1, 8, time, date, *sizes, len(name), 0, 0, 0, 0, 0, len(body)) + name
    body += head + packed + (struct.pack("<4s3I", b"PK\7\10", *sizes) if later else b"")
open("old.zip", "wb").write(body + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, n + 1, n + 1, len(central), len(body), 0))
open("old-cut.zip", "wb").write(body)
PY
printf 'Correct-Horse 7\r\nanother line\n' >good
printf 'wrong-battery-staple' >bad
for form in aes old; do
    json 0 --password-file good $form.zip
    same $form.zip
    json 2 $form.zip
    check 'all(s["status"] == "unread" and s["note"] == "encrypted" for s in r["sources"])'
    json 2 --password-file bad $form.zip
    check 'all(s["status"] == "unread" for s in r["sources"]) and all("password" in d["what"] for d in r["diagnostics"])'
    lacks out wrong-battery-staple Correct-Horse
    lacks err wrong-battery-staple Correct-Horse
done
json 0 --password-file=good old-cut.zip
check 'verdict("desktop-heap") == "confirmed" and sum(s["status"] == "read" for s in r["sources"]) == 16'
# Encrypted inside a zip that is not; and one open member beside encrypted ones.
python3 - <<'PY'
import zipfile
zipfile.ZipFile("outer.zip", "w").write("aes.zip")
with zipfile.ZipFile("aes.zip", "a") as z:
    z.writestr("WindowsAzure/Logs/open.log", "2022-03-13T21:40:00Z a note\n")
PY
json 0 --password-file good outer.zip
check 'verdict("desktop-heap") == "confirmed"'
json 0 --password-file bad aes.zip
check 'row("open.log")["status"] == "read" and row("System.evtx")["status"] == "unread"'
# On standard input.
"$VMSIFT" analyze --format json --password-file good - <old.zip >out 2>err || fail "$(cat err)"
check 'verdict("desktop-heap") == "confirmed"'
# A file that is none.
: >nothing
run 1 --password-file nothing aes.zip
has err "its first line is empty"
run 1 --password-file missing aes.zip
run 1 --password-file
python3 -c 'import pty; pty.openpty()' 2>/dev/null || skip "no terminal can be made here: the question was not tried"
# The terminal: asked once, not shown; standard output goes elsewhere. Without an answer the rest is analysed.
cat >ask.py <<'PY'
import os, pty, select, signal, sys
answer, arguments = sys.argv[1], sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.dup2(os.open("out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.execv(os.environ["VMSIFT"], ["vmsift", "analyze", "--format", "json"] + arguments)
shown = b""
while True:
    if not select.select([terminal], [], [], 30)[0]:
        os.kill(child, signal.SIGKILL)
        break
    try:
        part = os.read(terminal, 1000)
    except OSError:
        break
    if not part:
        break
    before, shown = shown, shown + part
    if shown.count(b"assword: ") > before.count(b"assword: "):
        os.write(terminal, answer.encode() + b"\n")
open("err", "wb").write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PY
python3 ask.py "Correct-Horse 7" old.zip || fail "at the terminal: $(cat err)"
same "old.zip, asked for"
has err "old.zip is encrypted. Password: "
lacks err Correct-Horse
[ "$(grep -c assword err)" -eq 1 ] || fail "asked more than once: $(cat err)"
python3 ask.py "" old.zip && fail "exit status 0 without an answer"
check 'all(s["note"] == "encrypted" for s in r["sources"])'
python3 ask.py "Correct-Horse 7" old.zip outer.zip || fail "two bundles: $(cat err)"
[ "$(grep -o 'is encrypted' err | wc -l)" -eq 2 ] || fail "not asked for each: $(cat err)"
