# Turns signature files into C: for each file its name, its lines, NULL; one more NULL ends the list.
# A string a line, because compilers need not take strings beyond 4095 bytes.
BEGIN {
    print "/* Generated from signatures/ by embed.awk. */"
    print "#include <stddef.h>"
    print "extern const char *const signatures_builtin[];"
    print "const char *const signatures_builtin[] = {"
}
FNR == 1 {
    if (open) {
        print "NULL,"
    }
    open = 1
    name = FILENAME
    sub(/^signatures\//, "", name)
    print "\"" name "\","
}
{
    gsub(/[\\"?]/, "\\\\&")
    gsub(/\r/, "")
    gsub(/\t/, "\\t")
    print "\"" $0 "\\n\","
}
END {
    if (open) {
        print "NULL,"
    }
    print "NULL};"
}
