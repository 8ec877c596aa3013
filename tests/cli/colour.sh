heap b.zip
esc=$(printf '\033')
unset NO_COLOR
run 0 b.zip
lacks out "$esc"
run 0 --color always b.zip
has out "$esc"
cp out coloured
run 0 --color=never b.zip
lacks out "$esc"
cp out plain
sed "s/$esc\[[0-9;]*m//g" coloured >stripped
cmp stripped plain || fail "colour changes the text"
export NO_COLOR=1
run 0 --color always b.zip
has out "$esc"
run 1 --color sometimes b.zip
