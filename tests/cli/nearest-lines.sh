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
