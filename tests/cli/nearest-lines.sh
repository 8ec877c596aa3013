# What came nearest is quoted by its lines: a line feed is the end of one, and no control byte to be shown.
cp -R "$FIXTURES/bundles/no-known-cause/bundle" b
find b -name 'IaaSBcdrExtension1.log' -exec sed -i.old 's/{Exception = */{Exception =\
/' {} \;
find b -name '*.old' -exec rm {} \;
run 0 b
has out nearest: "DoSnapshotSet failed {Exception ="
lacks out '\x0a'
