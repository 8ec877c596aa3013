heap b.zip
mkdir s
cat >s/desktop-heap.yml <<'Y'
title: COM+ 4689
name: our_4689
logsource: {product: windows, service: application}
detection:
  x: {EventID: 4689}
  condition: x
---
title: Our own words about the heap
name: desktop-heap
level: high
vmsift:
  cause: Stated by this test.
  conditions:
    seen: {rule: our_4689, says: a 4689 beside the failure, distinguishing: true}
  when: seen
  remedy: [{do: Nothing. This is a test.}]
  references: [{document: none, section: none}]
Y
json 0 --signatures s b.zip
check 'verdict("desktop-heap") == "confirmed" and verdict("vcredist-install") == "ruled_out"'
has out "Our own words about the heap"
run 0 signatures show desktop-heap --signatures s
lacks out "SharedSection"
# Others that ask for rules of the replaced file still have them; one that is written anew counts for all.
rm -r s
mkdir s
cat >s/com-msdtc-account.yml <<'Y'
title: Our own words about the account
name: msdtc_account_other
logsource: {product: windows, category: service_state}
detection:
  x: {ServiceName: MSDTC, Account: nobody}
  condition: x
---
title: Our own words about MSDTC
name: com-msdtc-account
level: high
vmsift:
  cause: Stated by this test.
  conditions:
    seen: {rule: msdtc_account_other, says: the account is nobody, distinguishing: true}
  when: seen
  remedy: [{do: Nothing. This is a test.}]
  references: [{document: none, section: none}]
Y
run 0 signatures show com-msdtc-account --signatures s
has out 'Our own words about MSDTC'
run 0 signatures show msdtc-broken --signatures s
has out 'msdtc_account_other (s/com-msdtc-account.yml:1)' 'msdtc_reinstalled (signatures/azure-vm-backup/com-msdtc-account.yml'
json 0 --signatures s b.zip
