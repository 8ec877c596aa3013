# Fixtures through the program: green as they are, red and told for every kind of difference, the same for machines.
cp -R "$FIXTURES/signatures/desktop-heap" heap
expect=heap/confirmed/expect.json
good=$(cat $expect)

# Red with that line, once that text is what is expected.
red() { # TEXT LINE…
    printf '%s\n' "$1" >$expect
    shift
    run 1 signatures test heap/confirmed
    has out 'not ok 1 - heap/confirmed' "$@" '# 1 of '
}
verdicts='"verdicts": {"desktop-heap": "confirmed", "iaas-provider-state": "likely"}'

run 0 signatures test heap/confirmed
has out 'TAP version 14' 'ok 1 - heap/confirmed' 'ok 2 - heap/confirmed: without each kind of source' '1..2'
lacks out 'not ok'

# A folder that is called as the cause: its cases are all there, and one too few is told.
mkdir all && mv heap all/desktop-heap
run 0 signatures test all
has out 'desktop-heap: has a positive case, a near miss, and one with a source missing'
rm -r all/desktop-heap/near-miss* all/desktop-heap/source-missing*
run 1 signatures test all/desktop-heap
has out 'desktop-heap has no near miss: no case whose name begins with near-miss' 'desktop-heap has no case with a source missing'
lacks out 'desktop-heap has no positive'
mv all/desktop-heap heap && rmdir all

# What may be expected, each once wrongly.
red '{"verdicts": {"desktop-heap": "ruled_out", "iaas-provider-state": "*"}}' \
    'expect.json:1:31: desktop-heap: expected ruled_out, came confirmed' '#     catastrophic                     true     seen 2 times'
red '{"verdicts": {"iaas-provider-state": "likely"}}' 'desktop-heap: not expected at all, came confirmed'
red '{"verdicts": {"desktop-heep": "confirmed", "no-such-cause": "*", "desktop-heap": "*", "iaas-provider-state": "*"}}' \
    'no signature is called desktop-heep; did you mean desktop-heap?'
lacks out no-such-cause
red "{$verdicts, \"conditions\": {\"desktop-heap\": {\"catastrophic\": \"unknown\", \"nope\": \"true\"}}}" \
    'desktop-heap.catastrophic: expected unknown, came true' 'desktop-heap has no condition nope'
red "{$verdicts,
  \"evidence\": {\"desktop-heap\": [\"error code = 0x8000FFFF\", \"not there\"]}}" \
    'expect.json:2:60: desktop-heap: "not there" is not in its evidence' '#     {"condition": "install_failed"'
red "{$verdicts, \"near\": {\"dotnet-32bit\": [\"x#y\"]}}" 'dotnet-32bit: "x#y" is not in its nearest lines'
red "{$verdicts, \"remedy\": {\"desktop-heap\": [\"SubSystem!\"]}}" '"SubSystem!" is not in its remedy'
red "{$verdicts, \"verify\": {\"desktop-heap\": [\"look there\"]}}" '"look there" is not in its verify'
red "{$verdicts, \"ask\": {\"desktop-heap\": [\"reboot-helps\"]}}" '"reboot-helps" is not in its ask'
red "{$verdicts, \"sources\": {\"a.log\": \"*\", \"System.evtx\": {\"status\": \"damaged\"}, \"Application.evtx\": \"read\"}}" \
    'there is no source a.log' 'System.evtx: expected status "damaged", came "read"'
red "{$verdicts, \"no_source\": [\"winevt\"]}" 'there is a source Windows/System32/winevt'
red "{$verdicts, \"errors\": [\"0x8000ffff\", \"0x1\"], \"symbols\": [\"E_FOO\"]}" '0x1 is not among the errors' 'E_FOO is not among'
red "{$verdicts, \"episodes\": {\"backup\": 7, \"boot\": 2}}" 'episodes of kind backup: expected 7, came 6'
red "{$verdicts, \"bundle\": {\"kind\": \"7z\"}}" 'bundle.kind: expected "7z", came "zip"'
red "{$verdicts, \"collect\": {\"desktop-heap\": [\"coffee\"]}}" 'collect_next has no row about "coffee"'
red "{$verdicts, \"modes\": [\"nightly\"]}" 'the modes that collect_next proposes are {'
red "{$verdicts, \"not_here\": {\"coffee\": \"drunk\"}}" 'coffee is not among the absent sources'
red "{$verdicts, \"term\": [\"no such text\"], \"absent\": [\"desktop-heap\"]}" 'the terminal report does not show "no such text"' \
    'the JSON report holds "desktop-heap"'
red "{$verdicts, \"no_positive\": true}" 'desktop-heap: confirmed, though no cause may be found'
red "{$verdicts, \"exit\": 2, \"exit_code\": [5]}" 'expected exit status 2, came 0' '--exit-code gives 3'

# What cannot be understood is told with its place, and the other cases are run.
red '{"verdicts": {}' 'it is no JSON'
red '[]' 'it is no object'
red '{"verdict": {}}' 'expect.json:1:13: unknown key "verdict"; did you mean "verdicts"?' '"verdicts" is missing'
red '{"verdicts": {"dotnet-32bit": "*",
  "desktop-heap": "probable"}}' 'expect.json:2:19: desktop-heap: not "probable"; "verdicts" wants an object of verdicts: confirmed, likely,'
red '{"verdicts": []}' 'expect.json:1:14: "verdicts" wants an object of verdicts'
red '{"verdicts": {"desktop-heap": "confirmed", "*": "*"}}' 'expect.json:1:49: "*" is no cause; write "other-cause": "*" for each'
red '{"verdicts": {}, "verdicts": {}}' 'duplicate object key'
red "{$verdicts, \"evidence\": {\"desktop-heap\": \"x\"}}" '"evidence" wants an object of lists of texts'
red "{$verdicts, \"args\": [\"--format\", \"json\"]}" '--format: args takes --assert, --at, --task-id and --code'
red "{$verdicts, \"args\": [\"--assert\", \"nobody-asks=yes\"]}" 'these args are refused'
has err 'nobody-asks'
run 1 signatures test heap
has out 'not ok' 'ok 3 - heap/'

# --update writes what is said of verdicts and conditions, and nothing else.
printf '{\n   "verdicts":{"desktop-heap" : ["possible","ruled_out"],"iaas-provider-state":"*" },\n  "conditions": {"desktop-heap": {"catastrophic": "false"}}, "errors": ["0x8000ffff"]\n}\n' >$expect
cp $expect before
run 0 signatures test --update heap/confirmed
has out 'expect.json:2: updated: desktop-heap: expected possible or ruled_out, came confirmed' 'expect.json:3: updated: desktop-heap.catastrophic'
sed -e 's/\["possible","ruled_out"\]/"confirmed"/' -e 's/"false"/"true"/' before | cmp - $expect
run 0 signatures test heap/confirmed
lacks out updated
cp $expect before
run 0 signatures test --update heap/confirmed
cmp before $expect
printf '%s\n' "{$verdicts, \"errors\": [\"0x1\"]}" >$expect
cp $expect before
run 1 signatures test --update heap/confirmed
cmp before $expect

# For machines: well-formed, complete, and the same bytes each time.
red "{$verdicts, \"errors\": [\"0x1\"], \"conditions\": {\"desktop-heap\": {\"catastrophic\": \"unknown\"}}}" 0x1
run 1 signatures test --junit j.xml --sarif s.json heap
cp out tap
run 1 signatures test --junit=j2.xml --sarif=s2.json heap
cmp out tap && cmp j.xml j2.xml && cmp s.json s2.json
python3 - <<'PYTHON' || fail "junit or sarif are not as they should be"
import json, re, xml.etree.ElementTree as E
tap = open("tap").read()
points, bad = int(re.search(r"^1\.\.(\d+)$", tap, re.M).group(1)), len(re.findall("^not ok", tap, re.M))
assert len(re.findall("^(?:not )?ok", tap, re.M)) == points and bad == 1, tap
root = E.parse("j.xml").getroot()
cases = root.findall("testsuite/testcase")
assert root.tag == "testsuites" and len(cases) == points == int(root.get("tests")) and int(root.get("failures")) == bad
assert [c.get("name") for c in cases if c.find("failure") is not None] == ["heap/confirmed"]
assert not any("time" in e.attrib or "timestamp" in e.attrib for e in root.iter())
s = json.load(open("s.json"))
assert s["version"] == "2.1.0" and s["$schema"].endswith("sarif-2.1.0.json")
run = s["runs"][0]
rules = {r["id"] for r in run["tool"]["driver"]["rules"]}
assert run["tool"]["driver"]["name"] and len(run["results"]) == 2
for r in run["results"]:
    place = r["locations"][0]["physicalLocation"]
    assert r["ruleId"] in rules and r["level"] == "error" and r["message"]["text"]
    assert place["artifactLocation"]["uri"] == "heap/confirmed/expect.json" and place["region"]["startLine"] == 1
assert rules == {"desktop-heap", "fixture"}
PYTHON

# The mutation test: the hive says that the account is right, an event that it is not. Without the hive the verdict is
# better, and that must not be.
mkdir -p kinds/com-msdtc-account
cp -R "$FIXTURES/signatures/com-msdtc-account/confirmed" kinds/com-msdtc-account
cp -R "$FIXTURES/signatures/com-msdtc-account/ruled-out-hive" kinds/com-msdtc-account/likely-two-minds
two=kinds/com-msdtc-account/likely-two-minds/expect.json
echo '{"include": "../confirmed", "mutation": true, "verdicts": {"com-msdtc-account": "likely", "iaas-provider-state": "*"}}' >$two
run 1 signatures test kinds
has out 'ok 3 - com-msdtc-account/likely-two-minds' 'not ok 4 - com-msdtc-account/likely-two-minds: without each kind of source' \
    'com-msdtc-account is likely; without registry_hive it is confirmed'
sed -i 's/"mutation": true/"mutation": false/' $two
run 1 signatures test kinds
has out 'in turn # SKIP expect.json says "mutation": false' '# 1 of 5 failed'

# Signatures of one's own: only they must have their cases, and they must.
mkdir -p own/signatures own/fixtures/com-plus/confirmed
printf '%s\n' "$good" >$expect
cp -R heap/confirmed/bundle own/fixtures/com-plus/confirmed
cat >own/signatures/com-plus.yml <<'YAML'
title: COM+ failed
name: com_plus_4689
logsource: {product: windows, service: application}
detection: {a: {Provider_Name: COM+, EventID: 4689}, condition: a}
---
title: COM+ failed
name: com-plus
level: low
vmsift:
  cause: COM+ failed.
  conditions:
    event: {rule: com_plus_4689, says: COM+ says so, distinguishing: true}
  when: event
  remedy: [{do: Nothing.}]
  references: [{document: none}]
YAML
echo '{"verdicts": {"com-plus": "confirmed", "desktop-heap": "*", "iaas-provider-state": "*"}}' >own/fixtures/com-plus/confirmed/expect.json
run 1 signatures test --signatures own/signatures own/fixtures
has out 'ok 1 - com-plus/confirmed' 'not ok 3 - com-plus: has a positive case' 'own/signatures/com-plus.yml:6:1: com-plus has no near miss'
lacks out 'com-plus has no positive' 'desktop-heap'

# In their own checkout, with no folder named: the built-in ones' cases are not asked for, with --signatures or without.
mkdir -p repo/fixtures && cp -R own/fixtures repo/fixtures/signatures && cp -R own/signatures repo
(cd repo && run 1 signatures test --signatures signatures && has out '# 1 of 3 failed' && lacks out 'desktop-heap: has') ||
    fail "cases of built-in signatures are asked for"
(cd repo && run 1 signatures test && has out '# 1 of 2 failed' \
    'no signature is called com-plus; --signatures DIR reads those of a folder') || fail "the folder is not known as another's"

# A given archive instead of a readable folder; a bundle that is not there, not one, or broken.
mkdir -p zip/case
printf '{%s}\n' "$verdicts" >zip/case/expect.json
run 1 signatures test zip
has out 'there is neither a folder bundle/ nor an archive beside it'
heap zip/case/from-a-user.zip
run 0 signatures test zip
has out 'ok 1 - zip/case' 'ok 2 - zip/case: without each kind of source'
heap zip/case/again.7z
run 1 signatures test zip
has out 'more than one archive'
mkdir zip/case/bundle
run 1 signatures test zip
has out 'zip/case/bundle: there is no file in it'
printf 'frobnicate x\n' >zip/case/bundle/bundle.txt
run 1 signatures test zip
has out 'zip/case/bundle/bundle.txt:1:1: no such directive; known are mtime, eol,'
lacks out 'expect.json: zip'
printf '<Events>\n</Event>\n' >zip/case/bundle/System.evtx.xml
rm zip/case/bundle/bundle.txt
run 1 signatures test zip
has out 'zip/case/bundle/System.evtx.xml:2:1: not well-formed XML'

# What is no case is told; what is nothing at all is an error of the caller.
mkdir -p heap/lost/bundle
run 0 signatures test heap
has out '# heap/lost: a bundle without expect.json is no case'
run 1 signatures test no-such-folder
has err 'the folder of fixtures cannot be read' no-such-folder
run 1 signatures test
has err 'there is no folder fixtures/signatures here'
mkdir empty
run 1 signatures test empty
has err 'there is no expect.json below empty'
run 1 signatures test heap own
run 1 signatures test --frob heap
run 1 signatures test --junit no/such/folder/j.xml heap
has err 'the output file cannot be written'
printf 'title: [\n' >own/signatures/bad.yml
run 1 signatures test --signatures own/signatures own/fixtures
has err own/signatures/bad.yml:
