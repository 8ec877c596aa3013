heap whole.zip
size=$(wc -c <whole.zip)
head -c $((size - 700)) whole.zip >cut.zip
json 0 cut.zip
has err cut.zip
check 'len(r["sources"]) >= 10 and r["diagnostics"]'
check 'row("IaaSBcdrExtension3.log")["status"] == "read"'
head -c $((size / 2)) whole.zip >half.zip
"$VMSIFT" analyze --format json half.zip >out 2>err && got=0 || got=$?
[ $got -eq 0 ] || [ $got -eq 2 ] || fail "exit status $got"
check 'r["diagnostics"]'
# What could not be unpacked is not called empty, and the bundle's own trouble is told once.
check 'all(s.get("note") != "empty file" for s in r["sources"])'
check 'sum(d["source"] == "half.zip" for d in r["diagnostics"]) == 1'
