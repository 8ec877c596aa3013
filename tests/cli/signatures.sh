# What can be concluded, and from what, readable on a terminal.
run 0 signatures list
has out desktop-heap com-msdtc-account 'Desktop heap exhausted'
run 0 signatures show desktop-heap
has out 'COM+ event 4689' 'rule complus_4689_8000ffff' 'from 24 h before a failed backup' 'without a boot in between' \
    'Did a reboot let backups succeed' 'It is the cause when: (install_failed or' 'SharedSection=1024,20480,4096' 'Risk:' 'Undo:' 'Documented:' \
    'the Application event log' 'Speaks against it'
run 0 signatures show msvc-dll-mismatch
has out 'Modified differs by more than 2 s'
awk 'length > 101' out | grep -q . && fail "longer lines than a page has"
run 1 signatures show no-such-cause
has err no-such-cause
run 1 signatures show
run 1 signatures
run 1 signatures rewrite
mkdir s
printf 'title: x\nname: y\ndetection: [\n' >s/y.yml
run 1 signatures list --signatures s
has err s/y.yml:
