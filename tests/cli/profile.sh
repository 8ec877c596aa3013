# What each rule cost is told on stderr, and changes nothing of the report.
heap b.zip
run 0 analyze b.zip
mv out plain
run 0 analyze --profile b.zip
cmp -s plain out || fail "the report differs with --profile"
has err 'events: candidates found in' 'rules were tried' complus_4689_8000ffff desktop-heap.yml
mkdir s
cat >s/r.yml <<'Y'
title: COM+ 4689
name: our_4689
logsource: {product: windows, service: application}
detection:
  x: {EventID: 4689}
  condition: x
Y
run 0 match --signatures s --profile b.zip
has err our_4689 '1 of 1 rules were tried'
