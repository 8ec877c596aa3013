# Lines of hundreds of kilobytes, NULs inside, no line end at the end.
mkdir -p b/WindowsAzure/Logs
python3 - <<'PY'
with open("b/WindowsAzure/Logs/WaAppAgent.log", "wb") as f:
    f.write(b"[00000004] 2022-03-13T21:39:49.000Z [INFO]  " + b"x" * 300000 + b"\r\n")
    f.write(b"\0" * 5000 + b"\r\n[00000004] 2022-03-13T21:39:50.000Z [INFO]  a\0b\r\n")
    f.write(b"[00000004] 2022-03-13T21:39:51.000Z [INFO]  " + b"y" * 3000000 + b"\r\n")
    f.write(b"[00000004] 2022-03-13T21:39:52.000Z [HEART] WindowsAzureGuestAgent Heartbeat.")
PY
json 0 b
check 'row("WaAppAgent.log")["time_last"].startswith("2022-03-13T21:39:52")'
check 'row("WaAppAgent.log")["events"] == 4'
check 'r["limits"]'
