run 1 --frobnicate x.zip
has err --frobnicate
run 1 analyze --frobnicate x.zip
has err --frobnicate
run 1 --format
run 1 --format pdf x.zip
has err pdf
run 1
run 1 analyze
[ ! -s out ] || fail "no report was asked for"
