heap confirmed.zip
fixture signatures/msvc-dll-mismatch/source-missing possible.zip
run 0 confirmed.zip
run 3 --exit-code confirmed.zip
"$MKFIXTURE" "$FIXTURES/bundles/healthy/bundle" healthy.zip
fixture bundles/no-known-cause nothing.zip
for bundle in healthy.zip nothing.zip; do
    json 0 $bundle
    best=$(python3 -c 'import json; v = {x["verdict"] for x in json.load(open("out"))["verdicts"]}; print(5 if "cannot_tell" in v else 0)')
    run "$best" --exit-code $bundle
done
run 2 --exit-code missing.zip
