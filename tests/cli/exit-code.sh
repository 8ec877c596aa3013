heap confirmed.zip
fixture signatures/msvc-dll-mismatch/source-missing possible.zip
run 0 confirmed.zip
run 3 --exit-code confirmed.zip
"$MKFIXTURE" "$FIXTURES/bundles/healthy/bundle" healthy.zip
json 0 healthy.zip
best=$(python3 -c 'import json; v = {x["verdict"] for x in json.load(open("out"))["verdicts"]}; print(5 if "cannot_tell" in v else 0)')
run "$best" --exit-code healthy.zip
fixture bundles/no-known-cause nothing.zip
run 0 --exit-code nothing.zip
run 2 --exit-code missing.zip
