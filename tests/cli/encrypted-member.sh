# One member is encrypted (its flag is set and its bytes are noise); the rest is analysed.
heap whole.zip
python3 - <<'PY'
import zipfile
z = zipfile.ZipFile("whole.zip")
i = z.getinfo(next(n for n in z.namelist() if n.endswith("System.evtx")))
at, central = i.header_offset, z.start_dir
b = bytearray(open("whole.zip", "rb").read())
b[at + 6] |= 1
while True:
    name = b[central + 46:central + 46 + int.from_bytes(b[central + 28:central + 30], "little")].decode()
    if name == i.filename:
        b[central + 8] |= 1
        break
    central += 46 + sum(int.from_bytes(b[central + k:central + k + 2], "little") for k in (28, 30, 32))
open("locked.zip", "wb").write(b)
PY
json 0 locked.zip
check 'row("System.evtx")["status"] == "unread" and "ncrypt" in row("System.evtx")["note"]'
check 'row("WaAppAgent.log")["status"] == "read"'
check 'verdict("desktop-heap") != "ruled_out"'
