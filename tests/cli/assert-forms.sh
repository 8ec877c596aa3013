fixture signatures/desktop-heap/possible-reboot-not-seen b.zip
json 0 b.zip
check 'verdict("desktop-heap") == "possible"'
json 0 --assert reboot-helps=yes b.zip
check 'verdict("desktop-heap") == "confirmed"'
has out operator
json 0 --assert=reboot-helps=no b.zip
check 'verdict("desktop-heap") == "ruled_out"'
run 1 --assert reboot-helps b.zip
has err reboot-helps
run 1 --assert reboot-helps=maybe b.zip
run 1 --assert no-such-question=yes b.zip
has err no-such-question
