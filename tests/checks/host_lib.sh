# What the checks of the host transport share. Sourced by them after lib.sh, never run.

# What the DLL and the library are for. Wine 10 runs 32-bit programs in 64-bit processes.
case ${OPENICMP_WINE:-}.$arch in
*.x64) machine=x86_64 library_machine=x86_64 ;;
.x86) machine=i386 library_machine=i386 ;;
*.x86) machine=i386 library_machine=x86_64 ;;
esac
case $library_machine in
x86_64) machine_flags=(-m64) ;;
i386) machine_flags=(-m32 -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64) ;;
esac
wine_dist=$project_dir/dist/wine
[[ -e $wine_dist/$library_machine-unix/openicmp-host.so ]] || skip "the host transport could not be built for $arch"

# What trace_of runs programs by.
runner=()

# trace_of PROGRAM ARGUMENT...: runs it in Wine, and leaves what it printed in $output, its trace in $trace and its exit
# status in $status. Fails if it takes long.
trace_of() {
    local file
    file=$(mktemp)
    status=0
    output=$(OPENICMP_TRACE=1 "${runner[@]}" timeout 60 "$project_dir/tools/lib/wine" "$arch" "$@" 2>"$file" </dev/null) || status=$?
    trace=$(<"$file")
    rm -f "$file"
    ((status != 124)) || fail "$* did not end: $trace"
}

# expect_trace TEXT: the trace has a line with that text.
expect_trace() {
    grep -qF -- "$1" <<<"$trace" || fail "the trace does not say \"$1\", but: $trace"
}

expect_no_crash() {
    ! grep -qiE 'exception|unhandled|backtrace|err:' <<<"$trace" || fail "$1: $trace"
}

# expect_reply WHAT: ping got its reply.
expect_reply() {
    grep -q '^Reply from 127\.0\.0\.1: bytes=32 ' <<<"$output" || fail "$1: no reply: $output $trace"
    expect_no_crash "$1"
}

# keep_wine_running: has Wine's services up until the check ends, so that they are not part of what it does to programs.
keep_wine_running() {
    rm -f "$folder/waiting"
    mkfifo "$folder/waiting"
    "$project_dir/tools/lib/wine" "$arch" cmd <>"$folder/waiting" >/dev/null 2>&1 &
    waiting_program=$!
    trap 'echo exit >"$folder/waiting" & wait "$waiting_program" || true' EXIT
    "$project_dir/tools/lib/wine" "$arch" cmd /c exit </dev/null >/dev/null 2>&1
}
