python3 - <<'PY'
import zipfile
with zipfile.ZipFile("many.zip", "w", zipfile.ZIP_DEFLATED) as z:
    for i in range(10000):
        z.writestr("WindowsAzure/Logs/Plugins/Example/1.0/part%05d.log" % i, "2022-03-13T21:40:00Z line %d\n" % i)
PY
start=$(date +%s)
json 0 many.zip
end=$(date +%s)
[ $((end - start)) -le 20 ] || fail "took $((end - start)) s"
check 'len(r["sources"]) == 10000'
