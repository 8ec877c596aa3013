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
