run 2 no-such.zip
has err no-such.zip
json 2 no-such.zip
check 'r["sources"] == [] and "no-such.zip" in r["bundle"]["name"] and r["diagnostics"]'
