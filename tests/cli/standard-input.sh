heap b.zip
json 0 b.zip
check 'verdict("desktop-heap") == "confirmed"'
for form in zip tar.gz 7z tar; do
    heap b.$form
    "$VMSIFT" analyze --format json - <b.$form >out 2>err || fail "$form on standard input: $(cat err)"
    check 'verdict("desktop-heap") == "confirmed"'
    cat b.$form | "$VMSIFT" analyze --format json - >out 2>err || fail "$form through a pipe: $(cat err)"
    check 'verdict("desktop-heap") == "confirmed"'
done
: | { got=0; "$VMSIFT" analyze --format json - >out 2>err || got=$?; [ $got -eq 2 ] || fail "nothing on standard input: exit status $got"; }
