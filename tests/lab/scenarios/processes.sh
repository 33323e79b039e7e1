# Several programs that ping at the same time: raw sockets bring each the others' replies, too.

# next_sequence NAME: the sequence of the next request of a probe that has just started; the mirror shows it.
next_sequence() {
    local data
    step "$1"
    data=$(field data "${results[0]}") || fail "$probed" "no data in ${results[0]}"
    sequence=$((16#${data:52:4}))
}

# Sequences start anywhere. One program after the other starts until one is near enough to the first, so that
# most of the sequences are outstanding in both at the same time.
scenario_two_programs_with_the_same_sequences_get_their_own_replies() { # x86 too, winsock alone
    local first second distance attempt sequence
    respond on $far mirror
    start_probe one $far count=1 many=4000 timeout=20000
    next_sequence one
    first=$sequence
    for ((attempt = 0; attempt < 400; attempt++)); do
        start_probe two $far count=1 many=4000 timeout=20000
        next_sequence two
        second=$sequence
        distance=$(((second - first + 65536) % 65536))
        ((distance == 0 || distance > 2500 && distance < 63036)) || break
    done
    ((attempt < 400)) || fail "no two of 400 programs had sequences near each other"

    respond on $far echo delay=2000
    start_step one
    start_step two
    finish_step one
    expect accepted=4000 answered=4000 mixed=0 twice=0 untold=0
    finish_step two
    expect accepted=4000 answered=4000 mixed=0 twice=0 untold=0
}

# What one program was told of is nothing to another that asks the same host.
scenario_an_error_is_told_to_the_program_whose_request_it_quotes() { # IPv6 too
    respond on $far echo delay=1000
    start_probe one $far timeout=20000
    start_step one
    await_responder requests=1
    respond on $far error $(unreachable_host)
    probe $far
    expect_icmp_error "$host_unreachable" from=$far
    finish_step one
    expect_answer from=$far "took>=1000"
}
