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
# Of a correlation no log source may be forgotten, so there is a limit.
rm -rf s
mkdir s
rules=
n=0
for service in application system security setup windows-azure azure-guestagent azure-heartbeat azure-runtime azure-bootstrapper \
    azure-status-guestagent azure-status-plugins partition-diagnostic resource-exhaustion-detector codeintegrity-operational capi2 sysmon \
    powershell-classic windefend bits-client taskscheduler wmi ntlm dns-client dns-server dhcp driver-framework openssh ntfs sense \
    smbclient-security terminalservices-localsessionmanager applocker; do
    n=$((n + 1))
    rules="$rules, many_$n"
    printf 'title: T\nname: many_%s\nlogsource: {product: windows, service: %s}\ndetection: {s: {EventID: 1}, condition: s}\n---\n' $n $service >>s/many.yml
done
printf 'title: T\nname: many_all\ncorrelation: {type: event_count, rules: [%s], timespan: 1m, condition: {gte: 1}}\n' "${rules#, }" >>s/many.yml
run 1 signatures list --signatures s
has err 'a correlation over more than 32 log sources' '1 error in 1 file'
