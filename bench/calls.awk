# Counts the calls in wineserver's notes (--debug=1) between the marks begin and end, as NAME=VALUE: those of
# the process `program` as program:CALL, those of all others as other:CALL.
/^mark begin$/ {
    measuring = 1
}
/^mark end$/ {
    measuring = 0
}
# Threads are known by their identifiers, and which are the program's by who has made them.
$2 == "init_first_thread(" {
    ours[$1] = $3 == "unix_pid=" program ","
}
$2 == "new_thread()" && ours[$1] && match($0, /tid=[0-9a-f]+/) {
    ours[substr($0, RSTART + 4, RLENGTH - 4) ":"] = 1
}
measuring && /^[0-9a-f]+: [a-z_]+\( / {
    count[(ours[$1] ? "program:" : "other:") substr($2, 1, length($2) - 1)]++
}
END {
    for (call in count)
        printf "%s=%d ", call, count[call]
}
