heap b.zip
mkdir s
printf 'title: A broken one\nname: broken\nlogsource: {product: windows, service: application}\ndetection:\n  x: {EventID|frobnicate: 1}\n  condition: x\n' >s/broken.yml
run 1 --signatures s b.zip
has err 'broken.yml:5:'
grep -Eq 'broken\.yml:[0-9]+:[0-9]+: ' err || fail "no file:line:column: $(cat err)"
has err frobnicate
[ ! -s out ] || fail "a report in spite of it"
printf 'title: [unclosed\n' >s/broken.yml
run 1 --signatures s b.zip
grep -Eq 'broken\.yml:[0-9]+:[0-9]+: ' err || fail "no file:line:column: $(cat err)"
printf 'a: &x 1\nb: *x\n' >s/broken.yml
run 1 --signatures s b.zip
grep -Eq 'broken\.yml:[0-9]+:[0-9]+: ' err || fail "no file:line:column: $(cat err)"
run 1 --signatures nowhere b.zip
has err nowhere
# A name that a built-in rule has: where that is, is no file of the author's.
printf 'title: Twice\nname: backup_failed\nlogsource: {product: azurevm, service: episode}\ndetection:\n  x: {Kind: backup}\n  condition: x\n' >s/broken.yml
run 1 --signatures s b.zip
has err "broken.yml:2:7: 'name: backup_failed' stands here a second time; first in signatures/azure-vm-backup/backup-runs.yml:" \
    ', which is built in; take another'
