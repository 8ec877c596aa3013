heap b.zip
mkdir -p s/deep
cat >s/deep/extra.yml <<'Y'
title: The agent beats
name: beat
logsource: {product: azurevm, service: waappagent}
detection:
  x: {Message|contains: Heartbeat}
  condition: x
---
title: An additional cause
name: extra
level: low
vmsift:
  cause: Stated by this test.
  conditions:
    beats: {rule: beat, says: the agent is alive, window: bundle}
  when: beats
  remedy: [{do: Nothing. This is a test.}]
  references: [{document: none, section: none}]
Y
json 0 --signatures s b.zip
check 'verdict("extra") == "confirmed" and verdict("desktop-heap") == "confirmed"'
# The other ending of YAML files will do, too; it replaces what it is named for.
mv s/deep/extra.yml s/deep/extra.yaml
json 0 --signatures s b.zip
check 'verdict("extra") == "confirmed"'
run 0 signatures lint s
has out ' of advice in 1 file'
sed 's/extra/desktop-heap/; s/name: beat/name: heap_beat/; s/rule: beat/rule: heap_beat/' s/deep/extra.yaml >s/desktop-heap.yaml
run 0 signatures show desktop-heap --signatures s
has out 'An additional cause'
