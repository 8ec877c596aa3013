# Over many bundles: how often each verdict came, and which conditions never had data, for want of what.
mkdir many many/unpacked
heap many/heap.zip
fixture signatures/desktop-heap/source-missing many/no-event-logs.zip
"$MKFIXTURE" "$FIXTURES/signatures/com-msdtc-account/confirmed/bundle" -folder many/unpacked

counts() { # CAUSE NUMBER…: of the five verdicts
    cause=$1
    shift
    [ "$(awk -v c="$cause" '$1 == c { print $2, $3, $4, $5, $6 }' out)" = "$*" ] || fail "$cause: $(grep -F "$cause" out), expected $*"
}

run 0 signatures coverage many/heap.zip many/no-event-logs.zip many/unpacked
has out ' over 3 bundles' 'confirmed  likely  possible  cannot tell  ruled out'
counts com-msdtc-account 1 - - 1 1
counts desktop-heap 1 - - 1 1
has out 'never had data: dates_differ: files with their times (directory listings) (missing in 3)'
awk 'length > 100' out | grep -q . && fail "longer lines than a page has"
cp out named

# A folder that holds archives is walked, one level; a bundle that is a folder is not.
run 0 signatures coverage many
cmp out named
[ ! -s err ] || fail "$(cat err)"
run 0 signatures coverage many/unpacked
has out ' over 1 bundle'
cp many/heap.zip many/unpacked/WindowsAzure/
cp many/heap.zip many/unpacked/
run 0 signatures coverage many/unpacked
has out ' over 1 bundle'
rm many/unpacked/*.zip many/unpacked/*/*.zip

# What cannot be read is told and does not stop the rest.
echo junk >many/broken.zip
echo notes >many/notes.txt
run 2 signatures coverage many no-such-bundle
has err 'vmsift: many/broken.zip: ' 'vmsift: no-such-bundle: No such file' 'left out: 1 other file'
has out ' over 3 bundles; could not be read: 2'
sed 1d out >rest && sed 1d named | cmp - rest

# What is no source that is missing is not called so.
run 0 signatures coverage many/heap.zip
has out 'proves nothing (in 1)'

# Signatures of one's own come first, and of these one of whose sources no bundle has any.
mkdir own
cat >own/aaa-never.yml <<'YAML'
title: Something in the DNS client's log
name: dns_client_event
logsource: {product: windows, service: dns-client}
detection: {a: {EventID: 3008}, condition: a}
---
title: Never
name: zzz-never
level: low
vmsift:
  cause: Nobody knows.
  conditions:
    seen: {rule: dns_client_event, says: it is there, window: bundle}
  when: seen
  remedy: [{do: Nothing.}]
  references: [{document: none}]
YAML
mv own/aaa-never.yml own/zzz-never.yml
run 0 signatures coverage --signatures own many/heap.zip many/no-event-logs.zip
sed -n '/^No condition of these had data/,/^Some condition/p' out | grep -q '^  zzz-never  *-  *-  *-  *2  *-$' || fail "$(cat out)"
grep -E '^(Signatures|  (zzz-never|com-msdtc-account) )' out | cut -c 1-14 | tr -s ' \n' ' ' | grep -q '^Signatures of zzz-never Signatures tha' ||
    fail "another's come first: $(grep -E '^Sig|^  zzz' out)"
grep -A3 'zzz-never' out | tr -s ' \n' ' ' | grep -q 'never had data: seen: .*DNS.* (missing in 2)' || fail "$(grep -A3 zzz-never out)"

run 1 signatures coverage
run 1 signatures coverage --frob many
