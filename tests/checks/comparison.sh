#!/usr/bin/env bash
# docs/comparison.md names tests that exist, one for each yes of ours, and the README's short table says the same.
source "$(dirname "$0")/lib.sh"

comparison=$project_dir/docs/comparison.md
# rows FILE: the feature rows of its table, with " | " between cells.
rows() {
    awk '/^\| feature \|/ { inside = 1; getline; next }
        inside && !/^\|/ { exit }
        inside' "$1" | sed 's/^| //; s/ |$//'
}

existing=$(ctest --test-dir "$project_dir/build/$arch" -N | sed -n 's/^ *Test *#[0-9]*: //p')
named=$(grep -oE "\`(unit|x64|x86)\.[A-Za-z0-9_.]+\`" "$comparison" | tr -d '`' | sort -u)
for name in $(grep "^$arch\." <<<"$named"); do
    grep -qxF "$name" <<<"$existing" || fail "docs/comparison.md names $name, and there is no such test"
done

number=0
while IFS= read -r row; do
    ours=${row#* | * | }
    for cell in "${ours%% | *}" "${ours#* | }"; do
        [[ $cell != yes* || $cell == "yes \`$arch."* ]] || fail "no test of $arch is named with a yes: $row"
    done
    number=$((number + 1))
done < <(rows "$comparison")
((number >= 10)) || fail "docs/comparison.md has only $number features"

# What the README has of each row: the feature, and the first words of the cells.
short() {
    rows "$1" | awk -F ' [|] ' '{ for (i = 2; i <= 4; i++) { split($i, words, /[ :]/); $i = words[1] == "not" ? "not tried" : words[1] } print }' OFS=' | '
}
difference=$(diff <(short "$comparison") <(short "$project_dir/README.md")) ||
    fail "docs/comparison.md (<) and README.md (>) differ: $difference"
