# Makes of a header in our style, whose comments are plain, one in Doxygen's, for tools/reference:
#     the first comment is about the file;
#     a comment above macros or simple typedefs is about each of them, as far as the next blank line;
#     a comment above anything else is about that, and one behind a declaration as well;
#     any other (before a blank line or another directive, or a ---- heading ----) is no documentation.

# print_held OPENING: the comment that was read, with this in the place of its first two characters.
function print_held(opening,    i) {
    print substr(comment[1], 1, index(comment[1], "/*") - 1) opening substr(comment[1], index(comment[1], "/*") + 2)
    for (i = 2; i <= held; i++)
        print comment[i]
}

function is_one_of_several() {
    return /^[ \t]*#[ \t]*define / || /^typedef [^{]*;/
}

in_comment {
    comment[++held] = $0
    in_comment = !/\*\//
    is_new = !in_comment
    next
}

/^[ \t]*\/\*/ {
    held = 0
    comment[++held] = $0
    in_comment = !/\*\//
    is_new = !in_comment
    next
}

# Stands between a comment and what it is about.
is_new && /^[ \t]*#[ \t]*pragma/ { next }

is_new && !file_documented {
    file_documented = 1
    print_held("/** @file\n *")
    held = 0
}

is_new && held {
    if (/^[ \t]*$/ || (/^[ \t]*#/ && !/^[ \t]*#[ \t]*define /) || comment[1] ~ /----/)
        held = 0
    else if (!is_one_of_several()) {
        print_held("/**")
        held = 0
    }
}

/^[ \t]*$/ { held = 0 }

{
    is_new = 0
    has_own = /[^ \t].*\/\*.*\*\/[ \t]*$/
}

# What a macro's own comment says stands in the list of all; what is true of each of several only at its own place.
held && is_one_of_several() { print_held(has_own ? "/** @details" : "/**") }

{
    if (has_own)
        sub(/\/\*/, "/**<")
    # Doxygen would call the structure by the last of its names, that of its pointer type.
    if (/^}/)
        sub(/, \*P[A-Z0-9_]+;/, ";")
    print
}
