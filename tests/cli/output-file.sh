heap b.zip
json 0 b.zip
cp out direct
json 0 -o report.json b.zip
[ ! -s out ] || fail "stdout is not empty"
cmp direct report.json
run 1 -o no/such/folder/x b.zip
has err "vmsift: the output file cannot be written (No such file or directory): no/such/folder/x"
[ -e /dev/full ] || skip "no /dev/full here; the rest holds"
run 1 -o /dev/full b.zip
got=0
"$VMSIFT" analyze --format json b.zip >/dev/full 2>err || got=$?
[ $got -eq 1 ] || fail "a full disk: exit status $got"
[ -s err ] || fail "a full disk, and no word about it"
for words in --help --version "explain 1603" "signatures list" "sources b.zip"; do
    got=0
    "$VMSIFT" $words >/dev/full 2>err || got=$?
    [ $got -eq 1 ] || fail "a full disk and $words: exit status $got"
    [ "$(wc -l <err)" -eq 1 ] || fail "a full disk and $words: not one line about it"
done
