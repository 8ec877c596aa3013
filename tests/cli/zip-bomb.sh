# A gigabyte in a zip of a megabyte: lines without end are read up to a limit, zeros are nobody's log.
python3 - <<'PY'
import zipfile
with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
    z.writestr("WindowsAzure/Logs/Small.log", "a small log\n")
    with z.open("WindowsAzure/Logs/WaAppAgent.log", "w", force_zip64=True) as f:
        for _ in range(1024):
            f.write(bytes(1 << 20))
with zipfile.ZipFile("lines.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
    z.writestr("WindowsAzure/Logs/Small.log", "a small log\n")
    line = b"[00000004] 2022-03-13T21:39:49.000Z [HEART] WindowsAzureGuestAgent Heartbeat.\r\n"
    with z.open("WindowsAzure/Logs/WaAppAgent.log", "w", force_zip64=True) as f:
        for _ in range(500):
            f.write(line * 26214)
PY
[ "$(wc -c <bomb.zip)" -le 1200000 ]
start=$(date +%s)
json 0 bomb.zip
check 'row("WaAppAgent.log")["status"] == "unread" and "zero" in row("WaAppAgent.log")["note"] and r["limits"]'
check 'row("Small.log")["status"] == "read"'
json 0 lines.zip
end=$(date +%s)
[ $((end - start)) -le 10 ] || fail "took $((end - start)) s"
check 'row("WaAppAgent.log")["status"] == "partial"'
check 'any("WaAppAgent" in x["source"] for x in r["limits"])'
check 'row("Small.log")["status"] == "read"'
