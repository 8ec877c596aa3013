run 0 --help
has out match --signatures --assert --exit-code --format
[ ! -s err ] || fail "help belongs to stdout"
run 0 --version
has out vmsift

# What the reading process gives up is told, and with the C library's checkers it is nothing.
grep -qE '^while it reads, it (gives up: .*new files, other programs|is not confined)' out || fail "no word of confinement"
