# What another computer forwarded to this one is no evidence about this one.
fixture signatures/desktop-heap/confirmed own.zip
python3 - <<'PY'
import re, zipfile, os, shutil
zipfile.ZipFile("own.zip").extractall("bundle")
PY
src="$FIXTURES/signatures/desktop-heap/confirmed/bundle"
cp -R "$src" work
app=$(find work -name 'Application.evtx.xml')
sed 's#<Computer>[^<]*</Computer>#<Computer>other-vm</Computer>#' "$app" >"$(dirname "$app")/ForwardedEvents.evtx.xml"
python3 - "$app" <<'PY'
import re, sys
p = sys.argv[1]
s = open(p, encoding="utf-8").read()
s = re.sub(r"<Event(?:\s[^>]*)?>(?:(?!</Event>).)*4689(?:(?!</Event>).)*</Event>\s*", "", s, flags=re.S)
open(p, "w", encoding="utf-8").write(s)
PY
"$MKFIXTURE" work forwarded.zip
json 0 forwarded.zip
check 'verdict("desktop-heap") not in ("confirmed", "likely")'
check 'not any("Forwarded" in e["source"] for v in r["verdicts"] for e in v["evidence"])'
