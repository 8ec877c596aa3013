heap b.zip
mkdir s
cat >s/desktop-heap.yml <<'Y'
title: COM+ 4689
name: our_4689
logsource: {product: windows, service: application}
detection:
  x: {EventID: 4689}
  condition: x
---
title: Our own words about the heap
name: desktop-heap
level: high
vmsift:
  cause: Stated by this test.
  conditions:
    seen: {rule: our_4689, says: a 4689 beside the failure, distinguishing: true}
  when: seen
  remedy: [{do: Nothing. This is a test.}]
  references: [{document: none, section: none}]
Y
json 0 --signatures s b.zip
check 'verdict("desktop-heap") == "confirmed" and verdict("vcredist-install") == "ruled_out"'
has out "Our own words about the heap"
run 0 signatures show desktop-heap --signatures s
lacks out "SharedSection"
