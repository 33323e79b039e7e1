#!/usr/bin/env bash
# The README's three recipes work as they stand there, in order: linked against, beside one program, in a prefix. For x86
# with x86 in the place of x64, as the README says.
source "$(dirname "$0")/lib.sh"

folder=$(fresh_folder)
export HOME=$folder/home OPENICMP_TRACE=1
mkdir -p "$folder/bin" "$HOME"
trap 'rm -rf "$HOME"' EXIT # it is large

# What a user has: "wine", with a prefix in ~/.wine, this project's folder, and a program.
cat >"$folder/bin/wine" <<EOF
#!/bin/sh
OPENICMP_WINEPREFIX=\${WINEPREFIX:-\$HOME/.wine} exec "$project_dir/tools/lib/wine" $arch "\$@"
EOF
chmod +x "$folder/bin/wine"
PATH=$folder/bin:$PATH
ln -s "$project_dir/dist" "$project_dir/tools" "$folder"
cp "$project_dir/tests/checks/program_imports.c" "$folder/program.c"
copy_prefix "$HOME/.wine"
mkdir "$HOME/.wine/drive_c/program"
"$triple-gcc" "${warnings[@]}" "${include[@]}" -o "$HOME/.wine/drive_c/program/program.exe" \
    "$project_dir/tests/checks/prefix_program.c" -liphlpapi -lws2_32

# recipe HEADING: the commands below that heading.
recipe() {
    local commands
    commands=$(awk -v heading="### $1" '
        /^#/ { inside = $0 == heading }
        inside && sub(/^\$ /, "")' "$project_dir/README.md")
    [[ -n $commands ]] || fail "the README has no recipe: $1"
    [[ $arch == x64 ]] || commands=$(sed 's,dist/x64,dist/x86,g; s/x86_64-w64/i686-w64/g' <<<"$commands")
    printf '%s\n' "$commands"
}

# follow HEADING: does what it says, one line after the other, and shows what came of it.
follow() {
    local commands output
    commands=$(recipe "$1")
    output=$(cd "$folder" && bash -e -c "$commands" 2>&1) || fail "$1: $output"
    wine wineserver -w
    # What a ping by our engine leaves behind, beside the program's own output.
    grep -q '^openicmp: .* echo 127.0.0.1 ' <<<"$output" || fail "$1: there is no ping by OpenICMP: $output"
    printf '%s\n' "$output"
}

follow "Link against it"
follow "Put it beside one program"
follow "Install it into a prefix"
[[ ! -e $HOME/.wine/openicmp ]] || fail "the last recipe leaves something behind"
