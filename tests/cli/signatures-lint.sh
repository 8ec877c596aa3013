# Errors and advice on signatures, with their places. (Those that are built in: tests/lint_builtin.sh.)
run 0 signatures lint --fixtures "$FIXTURES/signatures"
has out '0 errors, ' ' of advice in '

# A folder of one's own, with what stands beside it.
mkdir -p mine/signatures/area mine/fixtures/vss-late/near-miss-early mine/fixtures/vss-late/confirmed
cat >mine/signatures/area/vss-late.yml <<'Y'
title: A writer was late
name: vss_writer_late
logsource: {product: windows, service: application}
detection:
  event: {Provider_Name: VSS, EventID: 12345, Data|contains: vss}
  condition: event
---
title: Nobody asks for this one
name: vss_other
logsource: {product: azurevm, service: waappagent}
detection:
  line: {Message|contains: alpha beta}
  condition: line
---
title: A writer is late
name: vss-late
level: medium
vmsift:
  cause: Stated by this test.
  conditions:
    late: {rule: vss_writer_late, says: a writer was late, distinguishing: true}
  when: late
  remedy: [{do: Wait., reboot: false}]
  references: [{document: none}]
Y
echo '{"verdicts": {"vss-late": "confirmed"}}' >mine/fixtures/vss-late/confirmed/expect.json
echo '{"verdicts": {"vss-late": "ruled_out"}}' >mine/fixtures/vss-late/near-miss-early/expect.json
cat >expected <<'Y'
mine/signatures/area/vss-late.yml:5:62: [short-word] 'vss' stands inside many other words; write the whole value, or what stands around it
mine/signatures/area/vss-late.yml:8:1: [unreferenced] no cause and no correlation asks for the rule 'vss_other'; name it in conditions, supports or refutes, or take it out
mine/signatures/area/vss-late.yml:15:1: [no-fixture] mine/fixtures/vss-late lacks a case 'source-missing…': the same without a source that decides
0 errors, 3 pieces of advice in 1 file
Y
for path in mine/signatures mine/signatures/ ./mine/signatures/area mine/signatures/area/vss-late.yml; do
    run 0 signatures lint "$path"
    diff -u expected out || fail "another answer for $path"
done
run 0 signatures lint --signatures mine/signatures mine/signatures/area/vss-late.yml
diff -u expected out || fail "a file that is named twice counts twice"
(cd mine && run 0 signatures lint signatures && sed 's|mine/||g' ../expected | diff -u - out) || fail "not beside the folder"
(cd mine/signatures && run 0 signatures lint . && has out '[no-fixture]' '3 pieces of advice in 1 file') || fail "not here"

# What the name of a case begins with says what it is: as in signatures test.
mkdir mine/fixtures/vss-late/source-missing-application-log
cp mine/fixtures/vss-late/near-miss-early/expect.json mine/fixtures/vss-late/source-missing-application-log
run 0 signatures lint mine/signatures
lacks out '[no-fixture]'
rm -r mine/fixtures/vss-late/source-missing-application-log

# Together with the built-in ones.
run 0 signatures lint --signatures mine/signatures
has out 'vss-late.yml:5:62: [short-word]' 'vss-late.yml:8:1: [unreferenced]' 'vss-late.yml:15:1: [no-fixture]'
run 0 signatures lint --signatures mine/signatures --fixtures "$FIXTURES/signatures" mine/signatures
has out '[no-fixture]' 'lacks a case that expects'

# Errors are all told, and advice only where there is none.
sed 's/EventID: 12345/EventID: 12345, Data|contians: x/; s/when: late/when: later/' mine/signatures/area/vss-late.yml >broken.yml
run 1 signatures lint broken.yml
has out broken.yml:5: "did you mean 'contains'?" broken.yml:22:9: '3 errors; advice follows once all of it loads'
run 1 signatures lint no-such-folder
has err no-such-folder
run 1 signatures lint --fixtures no-such-folder mine/signatures
run 1 signatures lint --frobnicate
