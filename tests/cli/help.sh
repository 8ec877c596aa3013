run 0 --help
has out match --signatures --assert --exit-code --format
[ ! -s err ] || fail "help belongs to stdout"
cp out help
for of in explain "signatures" "signatures lint" "signatures test --signatures s" "match x"; do
    run 0 $of --help
    cmp out help || fail "another help of $of"
done
run 0 -h
cmp out help
run 0 --version
has out vmsift

# What the reading process gives up is told, and with the C library's checkers it is nothing.
grep -qE '^while it reads, it (gives up: .*new files, other programs|is not confined)' out || fail "no word of confinement"
