# Reads or changes one value in a registry file of Wine's (user.reg), which is given as input; nobody may be using it.
#     awk -f registry.awk FILE      with these in the environment:
#     OPERATION   get: prints the line of the value, or nothing.  has-key: prints "yes" if the key is there, or nothing.
#                 set: prints the file with the value set.  delete: prints the file without the value.
#                 delete-key: the same, and without the key if it has no other value.
#     KEY         as the file has it, with doubled backslashes: Software\\Wine\\DllOverrides
#     NAME        of the value, in the same way
#     LINE        for set: the line that it becomes
# Keys and names are compared without case. What is added is put where Wine would write it, so that Wine, when it writes
# the file, changes nothing.

BEGIN {
    operation = ENVIRON["OPERATION"]
    key = tolower(ENVIRON["KEY"])
    name = tolower("\"" ENVIRON["NAME"] "\"")
}

{ lines[NR] = $0 }

# The key of a line that begins one, "" for others.
function key_of(line) {
    return line ~ /^\[/ ? tolower(substr(line, 2, index(line, "]") - 2)) : ""
}

# The name of a value's line, with its quotation marks; "" for others.
function name_of(line) {
    return line ~ /^"/ ? tolower(substr(line, 1, index(line, "\"=") )) : ""
}

# Keys are in the order of a walk through their tree, so what separates their parts comes before all letters.
function is_before(one, other) {
    gsub(/\\\\/, "\001", one)
    gsub(/\\\\/, "\001", other)
    return one < other
}

# Lines first to last are those of the key, value is that of the value, others counts its other values; 0 if there is none.
function find(    i) {
    first = last = value = others = 0
    for (i = 1; i <= NR && !first; i++)
        if (key_of(lines[i]) == key)
            first = i
    for (last = first; first && last < NR && lines[last + 1] != ""; last++) {
        if (name_of(lines[last + 1]) == name)
            value = last + 1
        else if (lines[last + 1] ~ /^["@]/)
            others++
    }
}

function print_without(from, to,    i) {
    for (i = 1; i <= NR; i++)
        if (i < from || i > to)
            print lines[i]
}

function print_with(at, line,    i) {
    for (i = 1; i <= NR + 1; i++) {
        if (i == at)
            print line
        if (i <= NR)
            print lines[i]
    }
}

# The line before which the value belongs in its key.
function place_of_value(    i) {
    for (i = first + 1; i <= last; i++)
        if (name_of(lines[i]) > name)
            return i
    return last + 1
}

# The line before which the key belongs.
function place_of_key(    i) {
    for (i = 1; i <= NR; i++)
        if (key_of(lines[i]) != "" && is_before(key, key_of(lines[i])))
            return i
    return NR + 1
}

END {
    find()
    if (operation == "get") {
        if (value)
            print lines[value]
    } else if (operation == "has-key") {
        if (first)
            print "yes"
    } else if (operation == "set" && value) {
        lines[value] = ENVIRON["LINE"]
        print_without(0, 0)
    } else if (operation == "set" && first) {
        print_with(place_of_value(), ENVIRON["LINE"])
    } else if (operation == "set") {
        # Behind the key stands when it was changed, in seconds since 1970. An empty line separates keys.
        new_key = "[" ENVIRON["KEY"] "] 0\n" ENVIRON["LINE"]
        at = place_of_key()
        print_with(at, at <= NR ? new_key "\n" : "\n" new_key)
    } else if (operation == "delete-key" && value && !others) {
        if (last == NR)
            print_without(first - 1, last)
        else
            print_without(first, last + 1)
    } else {
        print_without(value, value)
    }
}
