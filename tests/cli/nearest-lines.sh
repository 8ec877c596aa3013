# What came nearest is quoted by its lines: a line feed is the end of one, and no control byte to be shown.
cp -R "$FIXTURES/bundles/no-known-cause/bundle" b
find b -name 'IaaSBcdrExtension1.log' -exec sed -i.old 's/{Exception = */{Exception =\
/' {} \;
find b -name '*.old' -exec rm {} \;
run 0 b
has out nearest: "DoSnapshotSet failed {Exception ="
lacks out '\x0a'

# … and why it is not the one: the test of the rule that it missed, and what is there instead.
fixture signatures/desktop-heap/near-miss-other-code o.zip
json 0 o.zip
near="lambda i, c: next(x['nearest']['why'] for v in r['verdicts'] if v['id'] == i for x in v['conditions'] if x['name'] == c)"
check "($near)('desktop-heap', 'catastrophic') == \"Message does not contain '8000ffff'; it has 0x80040206\""
fixture signatures/desktop-heap/near-miss-too-old o.zip
json 0 o.zip
check "($near)('desktop-heap', 'catastrophic') == 'it matches, but lies 2 d 7 h before the failure, 1 d 7 h outside the window'"
fixture signatures/desktop-heap/near-miss-other-uptime o.zip
json 0 o.zip
check "'booted between it and the failure' in ($near)('desktop-heap', 'catastrophic')"
fixture signatures/com-msdtc-account/ruled-out-healthy o.zip
json 0 o.zip
check "'which the rule leaves out' in ($near)('com-msdtc-account', 'account')"

# Behind the failed backup both distances count from its end; the window may end there, too.
plugin=late/bundle/WindowsAzure/Logs/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.70.0
mkdir -p $plugin late/bundle/Windows/System32/winevt/Logs s
printf '%s\t%s\n' '2023-05-16T21:30:02.1000000Z [Information]:' 'Loading configuration {ConfigFile = C:\x\5.settings}' \
    '2023-05-16T21:30:34.3000000Z [Error]:' 'Snapshot of volume C: failed {Exception = X (0x80070020): It is in use.}' \
    >$plugin/IaaSBcdrExtension5.log
printf '2023-05-1%s | Ntfs | %s | 2 | C:\n' 5T10:00:00Z 98 6T21:30:40Z 55 6T23:00:00Z 98 \
    >late/bundle/Windows/System32/winevt/Logs/System.events
echo 'computer vm1' >late/bundle/bundle.txt
cat >s/late.yml <<'Y'
title: NTFS reported damage
name: ntfs_55
logsource: {product: windows, service: system}
detection: {x: {Provider_Name: Ntfs, EventID: 55}, condition: x}
---
title: Damage
name: late
level: low
vmsift:
  cause: Stated by this test.
  conditions:
    ntfs: {rule: ntfs_55, says: NTFS reported damage, window: {before: 30m, after: 0m}, distinguishing: true}
  when: ntfs
Y
"$MKFIXTURE" late/bundle late.zip
run 0 explain late late.zip --signatures s
has out 'a failed backup to its end' 'it matches, but lies 5 s after the end of the failed backup, 5 s outside the window'
