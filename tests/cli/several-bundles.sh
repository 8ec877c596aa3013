heap a.zip
fixture bundles/no-known-cause b.zip
json 0 a.zip b.zip
[ "$(wc -l <out)" -eq 2 ] || fail "$(wc -l <out) lines for two bundles"
python3 -c 'import json; print([json.loads(x)["bundle"]["name"] for x in open("out")])' >names
has names "['a.zip', 'b.zip']"
json 2 a.zip missing.zip b.zip
[ "$(wc -l <out)" -eq 3 ] || fail "$(wc -l <out) lines for three bundles"
has err missing.zip
