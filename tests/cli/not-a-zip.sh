printf '\000\001\002 no archive, no log, nothing that a parser takes \377\376' >x.zip
json 2 x.zip
has err x.zip
check 'row("x.zip")["status"] == "unread" or not r["sources"]'
