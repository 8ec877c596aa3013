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
