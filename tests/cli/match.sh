# Every match of one's own rules, in time order; parts of a correlation count by themselves only where it says so.
heap b.zip
mkdir s
cat >s/beats.yml <<'Y'
title: The agent beats
name: beat
id: 6f1c9d1e-8d1c-4a43-9f0e-0d3b8c8e7a11
level: low
logsource: {product: azurevm, service: waappagent}
detection:
  x: {Message|contains: Heartbeat}
  condition: x
---
title: COM+ 4689
name: complus
logsource: {product: windows, service: application}
detection:
  x: {EventID: 4689}
  condition: x
---
title: COM+ 4689 twice
name: complus_twice
correlation:
  type: event_count
  rules: [complus]
  timespan: 30d
  condition: {gte: 2}
Y
run 0 match --signatures s b.zip
python3 - <<'P' || fail "$(cat out)"
import json
rows = [json.loads(line) for line in open("out")]
assert [r["time"] for r in rows] == sorted(r["time"] for r in rows), "order"
assert {r["rule"] for r in rows} == {"beat", "complus_twice"}, "rules"
beat = next(r for r in rows if r["rule"] == "beat")
assert list(beat) == ["rule", "id", "title", "level", "source", "line", "time"], beat
assert beat["source"].endswith("WaAppAgent.log") and beat["line"] == 2
twice = next(r for r in rows if r["rule"] == "complus_twice")
assert list(twice) == ["rule", "title", "source", "record", "time"] and twice["source"].endswith("Application.evtx")
P
lacks out desktop-heap

sed -i 's/condition: {gte: 2}/condition: {gte: 2}\n  generate: true/' s/beats.yml
run 0 match --signatures s b.zip
has out '"rule":"complus"' '"rule":"complus_twice"'

run 1 match b.zip
has err --signatures
run 1 match --signatures s
run 2 match --signatures s missing.zip
has err missing.zip
run 1 match --signatures nowhere b.zip
