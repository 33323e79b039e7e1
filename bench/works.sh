# What is measured: the table of all works. Sourced by inside.sh and rounds.sh.
#
# Each is: NAME, in which rounds (all, or every third for what takes long), by whom, and what bench.exe and
# the native program are told to do (measuring.h, windows/work.h). A request of 32 bytes, to loopback, unless
# it says otherwise. With ms=, it ends after that many milliseconds; the sweep and silent hosts end by
# themselves.

# Two routers away: the server has all addresses of the one network, and router2 drops what goes to the other.
live_network=10.128.0.0/18
first_live=10.128.0.1
live_addresses=16382
silent_network=10.64.0.0/10
first_silent=10.64.0.1

# define_works full|quick|calls
define_works() {
    local echoes="requests=1000000 ms=200" windows=wine,winsock,host all=native,wine,winsock,host
    local sweep=$live_addresses batches=20 settling=2500 window bytes way
    if [[ $1 == quick ]]; then
        echoes="requests=20 ms=50" sweep=100 batches=1 settling=100
    elif [[ $1 == calls ]]; then
        echoes="requests=1000"
    fi
    works=(
        "synchronous-1 all $all synchronous $echoes"
        "synchronous-8 all $all synchronous $echoes threads=8"
    )
    for way in events shared routines; do
        for window in 1 64 1000; do
            works+=("$way-$window all $all $way $echoes window=$window")
        done
    done
    for bytes in 32 1472 8192 32768 65500; do
        works+=("payload-$bytes all $all synchronous $echoes bytes=$bytes")
    done
    works+=(
        "sweep third fping,sweep,$windows routines first=$first_live addresses=$sweep requests=$sweep window=1024"
        "idle third $windows idle settling_ms=$settling"
        "silent-100 third $windows silent first=$first_silent requests=100 batches=$batches"
        "silent-1000 third $windows silent first=$first_silent requests=1000 batches=2"
    )
    # Of so many, Wine accepts all, and completes but 256 as it should.
    [[ $1 == quick ]] || works+=(
        "silent-10000 third winsock,host silent first=$first_silent requests=10000"
        "silent-100000 third winsock,host silent first=$first_silent requests=100000"
    )
}
