# A large member is streamed: 500 MiB of different lines stay below 256 MiB of memory.
python3 - <<'PY'
import random, zipfile
rnd = random.Random(7)
lines = [("[%08d] 2022-03-13T21:%02d:%02d.%03dZ [ERROR] %s failed with %032x\r\n" % (rnd.randrange(40), i // 60000 % 60, i // 1000 % 60, i % 1000, "step", rnd.getrandbits(128))).encode() for i in range(60000)]
with zipfile.ZipFile("large.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
    for k in range(10):
        with z.open("WindowsAzure/Logs/WaAppAgent.%03d.log" % k, "w") as f:
            for _ in range(11):
                f.write(b"".join(lines))
PY
python3 - <<'PY' || fail "too much memory"
import os, subprocess, sys
p = subprocess.Popen([os.environ["VMSIFT"], "analyze", "--format", "json", "large.zip"], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(p.pid, 0)
peak = used.ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024)
print(f"{peak} MiB", file=sys.stderr)
sys.exit(status != 0 or peak > 256)
PY
