# What the checks of the sample programs share: they run one as a user would, and compare what it prints and its exit
# status. A line a case. Sourced by them, never run; unlike lib.sh this goes on after a failure.
#
# Each is called as
#     NAME.sh x64|x86                 the one that CMake built, by tools/lib/wine
#     NAME.sh RUNNER... PROGRAM_EXE   any other, e.g. ping.sh /usr/lib/wine/wine64 ./ping.exe
set -u

project_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
failures=0

# program_to_check NAME ARGUMENT...: finds out from the check's arguments how to run it, and leaves that in program[].
program_to_check() {
    name_of_program=$1
    shift
    case $# in
    0)
        echo "usage: $0 x64|x86, or $0 RUNNER... PROGRAM_EXE" >&2
        exit 2
        ;;
    1) program=("$project_dir/tools/lib/wine" "$1" "$project_dir/build/$1/bin/$name_of_program.exe") ;;
    *) program=("$@") ;;
    esac
}

pass() {
    echo "ok      $1"
}

fail() {
    echo "FAILED  $1: $2"
    failures=$((failures + 1))
}

# finish: exit status 1 if any case failed.
finish() {
    exit $((failures > 0))
}

# run ARGUMENT...: leaves the lines of standard output in lines[], the exit status in status.
run() {
    local output
    output=$(timeout 60 "${program[@]}" "$@" 2>/dev/null </dev/null)
    status=$?
    mapfile -t lines < <(printf '%s\n' "${output//$'\r'/}")
}

# run_in_terminal SECONDS INPUT ARGUMENT...: the same on a terminal of 100 columns and 30 lines, where INPUT is typed
# after so many seconds; leaves all that came to the terminal in output. False if none can be made.
run_in_terminal() {
    local seconds=$1 input=$2
    shift 2
    command -v script >/dev/null || return 1
    # Wine's console writes what the locale has.
    output=$( (
        sleep "$seconds"
        printf "$input"
        sleep 4
    ) |
        # The shell that script starts gets a Ctrl-C, too, and shall not end of it.
        LC_ALL=C.UTF-8 timeout 60 script -qec "trap : INT; stty cols 100 rows 30; $(printf '%q ' "${program[@]}" "$@"); exit \$?" \
            /dev/null)
    status=$?
}

# check NAME STATUS REGEX...: the last run ended with STATUS and printed exactly these lines.
check() {
    local name=$1 expected_status=$2 i
    shift 2
    if [ "$status" -ne "$expected_status" ]; then
        fail "$name" "exit status $status, not $expected_status"
        return
    fi
    if [ "${#lines[@]}" -ne $# ]; then
        fail "$name" "${#lines[@]} lines, not $#: ${lines[*]}"
        return
    fi
    for ((i = 0; i < ${#lines[@]}; i++)); do
        if ! [[ ${lines[i]} =~ ^$1$ ]]; then
            fail "$name" "line $((i + 1)) is '${lines[i]}', which does not match '$1'"
            return
        fi
        shift
    done
    pass "$name"
}

# check_with_usage NAME STATUS REGEX: as check, but of the first line only; somewhere below stands the usage text.
check_with_usage() {
    if [ "$status" -ne "$2" ]; then
        fail "$1" "exit status $status, not $2"
    elif ! [[ ${lines[0]} =~ ^$3$ ]]; then
        fail "$1" "the first line is '${lines[0]}', which does not match '$3'"
    elif ! printf '%s\n' "${lines[@]}" | grep -q "^Usage: $name_of_program "; then
        fail "$1" "no usage text"
    else
        pass "$1"
    fi
}
