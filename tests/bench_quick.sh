#!/usr/bin/env bash
# The benchmark runs, and leaves what it should: every work through everyone, a verdict for each target, a
# report, curves. Figures are not looked at.
source "$(dirname "$0")/checks/lib.sh"

((EUID == 0)) && unshare --net --mount --pid --fork true || skip "no namespaces without root"
[[ -w /dev/net/tun ]] || skip "/dev/net/tun cannot be written to, which the lab's network has"
results=$project_dir/build/bench/$arch

OPENICMP_IS_SET_UP=1 "$project_dir/tools/bench" --arch "$arch" --quick >/dev/null

# expect WHAT FILTER: the results are as the jq filter says.
expect() {
    jq -e --arg arch "$arch" "$2" "$results/results.json" >/dev/null ||
        fail "in $results/results.json: not $1"
}

expect "of this machine" '.machine | .arch == $arch and .extent == "quick" and .processors > 0'
works=(synchronous-{1,8} {events,shared,routines}-{1,64,1000} payload-{32,1472,8192,32768,65500} sweep idle
    silent-{100,1000})
for work in "${works[@]}"; do
    for through in wine winsock; do
        expect "$work through $through" "any(.results[]; .work == \"$work\" and .through == \"$through\"
            and ([.lost, .wrong, .refused, (.figures.echo_us | .median, .min, .max)]
                | all(type == \"number\")))"
    done
done
expect "echoes by the native program" 'any(.results[]; .through == "native" and .figures.echo_us.median > 0)'
expect "a sweep by fping" 'any(.results[]; .work == "sweep" and .through == "fping"
    and .figures.ms.median > 0)'
expect "a verdict for each target" '(.targets | length) > 20 and (.targets
    | all(has("measured") and has("limit") and (.verdict | IN("met", "missed", "not measured"))))'

grep -q '^| synchronous, threads: 8 ' "$results/results.md" || fail "no table in $results/results.md"
for curve in payload window silent; do
    grep -q '</svg>' "$results/$curve.svg" || fail "no curves in $results/$curve.svg"
done
