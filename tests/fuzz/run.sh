#!/usr/bin/env bash
# Usage: tests/fuzz/run.sh TARGET [INPUT...]
# Fuzzes a target that has been built, for OPENICMP_FUZZ_SECONDS (60; 0: only the inputs that are known already), or runs
# it on these inputs alone. It begins with its seeds, of tests/fuzz/seeds/*.txt, and with what earlier runs have added in
# build/fuzz/corpus/TARGET. The exit status is 0 when nothing was found. Run by ctest and ./tools/fuzz.
set -euo pipefail

project_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
target=${1:?which target?}
program=$project_dir/build/fuzz/bin/fuzz_$target
seeds=$project_dir/build/fuzz/seeds/$target
corpus=$project_dir/build/fuzz/corpus/$target
findings=$project_dir/build/fuzz/findings
log=$project_dir/build/log/fuzz-$target.log

[[ $# == 1 ]] || exec "$program" "${@:2}"

# make_seeds: a file for each line of tests/fuzz/seeds/*.txt (targets, name, bytes in hexadecimal) that is for the target.
make_seeds() {
    local targets name bytes
    rm -rf "$seeds"
    mkdir -p "$seeds"
    while read -r targets name bytes; do
        if [[ ,$targets, == *,"$target",* ]]; then
            bytes=${bytes//[[:space:]]/}
            printf "$(sed 's/../\\x&/g' <<<"$bytes")" >"$seeds/$name"
        fi
    done < <(cat "$project_dir"/tests/fuzz/seeds/*.txt)
}

make_seeds
seconds=${OPENICMP_FUZZ_SECONDS:-60}
mkdir -p "$corpus" "$findings" "$(dirname "$log")"
how_long=(-max_total_time="$seconds")
((seconds > 0)) || how_long=(-runs=0)
status=0
"$program" "${how_long[@]}" -timeout=60 -print_final_stats=1 -artifact_prefix="$findings/$target-" \
    "$corpus" "$seeds" >"$log" 2>&1 || status=$?

# stat NAME: one of libFuzzer's final statistics.
stat() {
    sed -n "s/^stat::$1: *//p" "$log"
}

if ((status == 0)); then
    printf 'fuzz %s: %s inputs tried in %s s, %s of them kept; nothing found\n' "$target" \
        "$(stat number_of_executed_units)" "$seconds" "$(stat new_units_added)"
    exit
fi
sed -n '/does not hold:\|ERROR: \|runtime error:/,$p' "$log" | head -n 60 | grep . || tail -n 5 "$log"
finding=$(sed -n 's/^.*Test unit written to //p' "$log" | tail -n 1)
printf 'fuzz %s: found something (all output: %s)\n' "$target" "$log"
[[ -z $finding ]] || printf 'once more: ./tools/fuzz %s %s\n' "$target" "$finding"
exit 1
