run 0 --help
has out --signatures --assert --exit-code --format
[ ! -s err ] || fail "help belongs to stdout"
run 0 --version
has out vmsift
