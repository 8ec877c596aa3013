[ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null || skip "as root every folder is readable, and there is no setpriv"
mkdir closed
echo x >closed/a.log
chmod 000 closed
if [ "$(id -u)" -eq 0 ]; then
    chmod 755 .
    cp "$VMSIFT" ./vmsift && chmod 755 vmsift
    got=0
    setpriv --reuid 65534 --regid 65534 --clear-groups ./vmsift analyze --format json closed >out 2>err || got=$?
    [ $got -ne 126 ] && [ $got -ne 127 ] || skip "another user cannot run programs here"
    [ $got -eq 2 ] || fail "exit status $got: $(cat err)"
else
    json 2 closed
fi
has err closed
check 'r["diagnostics"]'
