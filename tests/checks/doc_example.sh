#!/usr/bin/env bash
# The example programs of Microsoft's documentation, unmodified, compile with our headers, link with our import library
# and get their echo from this machine. OPENICMP_DOCS_DIR holds the pages (*.md).
source "$(dirname "$0")/lib.sh"

docs=${OPENICMP_DOCS_DIR:-$project_dir/../shared/docs}
[[ -d $docs ]] || skip "no documentation in $docs"

# Each ```cpp block of an "Example" section becomes a file PAGE-N.c.
extract_examples() {
    awk -v prefix="$2/$(basename "$1" .md)" '
        /^```/ && inside { inside = 0; close(file); next }
        inside { print > file; next }
        /^#+ / { example = /^##+ Examples?[ \t\r]*$/ }
        /^```cpp/ && example { inside = 1; file = prefix "-" ++count ".c" }' "$1"
}

folder=$(fresh_folder)
for page in "$docs"/*.md; do
    extract_examples "$page" "$folder"
done
cp "$dist"/*.dll "$folder"
programs=0
for source in "$folder"/*.c; do
    grep -q 'main *(' "$source" 2>/dev/null || continue
    program=${source%.c}.exe
    "$triple-gcc" -Wall -Wno-unknown-pragmas -I "$project_dir/include" -o "$program" "$source" \
        "$dist/lib/libopenicmp.dll.a" -lws2_32
    output=$("$project_dir/tools/lib/wine" "$arch" "$program" 127.0.0.1) || fail "$source failed: $output"
    grep -q 'Received 1 icmp message' <<<"$output" || fail "$source got no reply: $output"
    programs=$((programs + 1))
done
((programs > 0)) || skip "no example program in $docs"
