# A bare word that is no file was meant as a command: one of a later version is refused. A path is a bundle, and missing.
run 1 frobnicate
has err frobnicate
run 1 timeline case.zip
has err timeline
run 2 ./frobnicate
has err frobnicate
run 2 analyze frobnicate
has err frobnicate
