# A rule that names no log is never false: the log that its event stands in need not be among those of the bundle.
mkdir s
for cause in any named; do
    [ $cause = any ] && service= || service=', service: application'
    cat >s/$cause.yml <<Y
title: An event that no log holds
name: ${cause}_event
logsource: {product: windows$service}
detection:
  x: {Provider_Name: Nobody, EventID: 4711}
  condition: x
---
title: It occurred
name: $cause
level: low
vmsift:
  cause: Stated by this test.
  conditions:
    event: {rule: ${cause}_event, says: the event stands in a log, distinguishing: true}
  when: event
Y
done
heap b.zip
json 0 --signatures s b.zip
check 'verdict("named") == "ruled_out" and verdict("any") == "cannot_tell"'
run 0 explain any b.zip --signatures s
has out 'any Windows event log: nobody knows whether all logs of the machine are in the bundle'
