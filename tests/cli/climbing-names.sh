# Names that climb or are absolute are only names: the content is read, nothing is written.
mkdir inside
cp "$FIXTURES/signatures/msvc-dll-mismatch/source-missing/bundle/WindowsAzure/Logs/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.70.0/IaaSBcdrExtension1.log" log
python3 - "$(pwd)" <<'PY'
import sys, zipfile
log = open("log").read()
with zipfile.ZipFile("inside/climb.zip", "w") as z:
    for name in ("../../x/IaaSBcdrExtension1.log", sys.argv[1] + "/planted.log", "C:\\Windows\\IaaSBcdrExtension2.log", "..\\..\\up.log", "esc\x1b[31m\nname.log"):
        i = zipfile.ZipInfo("x")
        i.filename = name
        z.writestr(i, log)
PY
cd inside
json 0 climb.zip
check 'len(r["sources"]) == 5 and all(s["status"] == "read" for s in r["sources"])'
check 'row("x/IaaSBcdrExtension1.log")["path"].startswith("../../x/")'
check 'verdict("msvc-dll-mismatch") == "possible"'
run 0 climb.zip
lacks out "$(printf '\033')"
cd ..
[ ! -e planted.log ] && [ ! -e ../x ] && [ ! -e up.log ] || fail "something was written"
[ "$(ls inside | sort | tr '\n' ' ')" = "climb.zip err out " ] || fail "left behind: $(ls inside)"
