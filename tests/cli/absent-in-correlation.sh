# What a correlation says did not occur must be covered: without the System log nobody knows whether the service stopped.
mkdir s
for cause in unstopped counted; do
    cat >s/$cause.yml <<Y
title: COM+ 4689
name: ${cause}_4689
logsource: {product: windows, service: application}
detection:
  x: {EventID: 4689}
  condition: x
---
title: A service that this machine does not have stopped
name: ${cause}_stop
logsource: {product: windows, service: system}
detection:
  x: {EventID: 7036, param1: no such service}
  condition: x
---
title: COM+ 4689, by itself
name: ${cause}_alone
correlation:
  rules: [${cause}_4689, ${cause}_stop]
  timespan: 5m
  $([ $cause = unstopped ] && echo "type: temporal" || echo "type: event_count")
  condition: $([ $cause = unstopped ] && echo "${cause}_4689 and not ${cause}_stop" || echo "{lt: 3}")
---
title: It occurred by itself
name: $cause
level: low
vmsift:
  cause: Stated by this test.
  conditions:
    alone: {rule: ${cause}_alone, says: a 4689 by itself, window: {before: 24h, after: 24h}, distinguishing: true}
  when: alone
Y
done
heap b.zip
json 0 --signatures s b.zip
check 'verdict("unstopped") == "confirmed" and verdict("counted") == "confirmed"'
cp -r "$FIXTURES/signatures/desktop-heap/confirmed/bundle" f
find f -name 'System.evtx*' -exec rm {} +
"$MKFIXTURE" f c.zip
json 0 --signatures s c.zip
check 'verdict("unstopped") == "cannot_tell" and verdict("counted") == "cannot_tell"'
