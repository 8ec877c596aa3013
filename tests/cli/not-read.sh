# What this version does not unpack says so, and what to do about it.
printf 'Rar!\032\007\001\000 and so on, and so on, and so on' >logs.rar
json 2 logs.rar
check '"unpack it first" in row("logs.rar")["note"]'
heap b.zip
size=$(wc -c <b.zip)
# An archive in several files: by 7-Zip, and by zip (whose last part has the directory).
head -c $((size / 2)) b.zip >b.zip.001
tail -c +$((size / 2 + 1)) b.zip >b.zip.002
json 0 b.zip.002
has err "put them together"
check 'any(s["status"] == "read" for s in r["sources"])'
json 0 b.zip.001
has err "put them together"
check 'row("Status/0.status")["status"] == "read"'
mkdir parts
{ printf 'PK\007\010'; head -c $((size / 2)) b.zip; } >parts/b.z01
python3 - <<'PY'
b = bytearray(open("b.zip", "rb").read()[-5000:])
end = b.rindex(b"PK\5\6")
b[end + 4:end + 8] = b"\1\0\1\0"
open("parts/b.zip", "wb").write(b)
PY
json 0 parts
check 'all("put them together" in next(d["what"] for d in r["diagnostics"] if d["source"] == p) for p in ("b.z01", "b.zip"))'
check 'row("b.z01!/Packages/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.70.0/Status/0.status")["status"] == "read"'
# An encrypted 7z, and one whose names are encrypted as well.
if command -v 7z >/dev/null; then
    mkdir x && cp b.zip x/note.log
    7z a -pfuzz x.7z x >/dev/null
    7z a -pfuzz -mhe=on hidden.7z x >/dev/null
    json 2 x.7z
    check '"unpack it first" in told()'
    json 2 hidden.7z
    check '"ncrypt" in told()'
    has err "unpack it first"
fi
