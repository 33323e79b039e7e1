# What the tools share: where things are, how they speak, how they become root. Sourced by them, never run.
set -euo pipefail

project_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build_dir=$project_dir/build
dist_dir=$project_dir/dist
log_dir=$build_dir/log
cache_dir=${OPENICMP_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/openicmp}

# Which Wine the programs run in: empty for that of this Debian, "wine10" for Wine 10 in a Debian 13 of its own.
export OPENICMP_WINE=${OPENICMP_WINE:-}
[[ $OPENICMP_WINE =~ ^(wine10)?$ ]] || {
    printf 'openicmp: error: OPENICMP_WINE is %s: there is wine10, or none\n' "$OPENICMP_WINE" >&2
    exit 1
}

# wine_prefix ARCH: the Wine prefix that the set-up makes for its programs. Wine 10's runs those of both.
wine_prefix() {
    printf '%s\n' "$build_dir/wine/${OPENICMP_WINE:-$1}"
}

# Progress goes to stderr: stdout belongs to the program that a tool runs.
say() {
    printf 'openicmp: %s\n' "$*" >&2
}

die() {
    say "error: $*"
    exit 1
}

# skip WHY: ends a test that cannot be made here. CTest counts exit status 77 as skipped.
skip() {
    say "skipped: $*"
    exit 77
}

# usage_of TOOL: prints the first comment of a tool, which is its help.
usage_of() {
    sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$1"
}

# require_root WHY: makes sure that as_root can work; sudo may ask for the password here.
require_root() {
    ((EUID != 0)) || return 0
    command -v sudo >/dev/null || die "root is needed $1: run this as root, or install sudo"
    sudo true || die "root is needed $1, and sudo does not give it"
}

# as_root COMMAND...: runs it as root.
as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo -- "$@"
    fi
}

# logged NAME COMMAND...: runs it with its output in build/log/NAME.log; shows the end of that when it fails.
logged() {
    local log=$log_dir/$1.log
    shift
    mkdir -p "$log_dir"
    "$@" >"$log" 2>&1 && return
    local status=$?
    tail -n 10 "$log" >&2
    say "failed: $* (all of its output: $log)"
    return "$status"
}

# locked FUNCTION: calls it while no other of our tools prepares or builds in this project folder.
locked() {
    mkdir -p "$build_dir"
    local lock
    exec {lock}>"$build_dir/lock"
    flock "$lock"
    "$1" {lock}>&-
    exec {lock}>&-
}
