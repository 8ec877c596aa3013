heap b.zip
json 0 b.zip
check 'any(e["kind"] == "backup" and e["outcome"] == "failure" for e in r["episodes"])'
json 0 --at 2022-03-09T21:40Z b.zip
check 'r["schema"]'
json 0 --at 2022-03-09T21:40:00Z b.zip
run 1 --at yesterday b.zip
has err yesterday
json 0 --task-id 5d1f0c3a-7a10-4b6e-9c55-000000000001 b.zip
run 0 --task-id 00000000-no-such-task b.zip
