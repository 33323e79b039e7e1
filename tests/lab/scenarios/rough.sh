# Networks that lose, delay, duplicate, reorder and corrupt, with 2,000 requests outstanding.

# No request waits longer. Every reply comes much earlier, if at all: that one that came in time was lost
# shows then. Winsock takes its time for so many.
patience_ms=2500
[[ $transport != winsock ]] || patience_ms=6000

# endure BEHAVIOUR...: sends 2,000 requests at once to hosts that behave so. Each that got an intact reply is
# answered by it; each that got none is a time-out, not before its time; all are told of once, with their own
# data. With $by=batch they are the probes of a batch.
endure() {
    local log=$work_dir/replies answered lost
    respond log "$log"
    respond on $far "$@"
    probe $far many=2000 timeout=$patience_ms list ${by:+by=$by}
    respond report
    answered=$(field answered "$answer") lost=$(field lost "$answer")

    results_of_many
    expect accepted=2000 refused=0 untold=0 twice=0 mixed=0 early=0 rewritten=0 other=0
    holds requests=2000 "$answer" || fail "$probed" "not every request arrived once at the responder: $answer"
    sed 's/ lost$/ timed_out/; s/ [0-9]*$/ answered/' "$log" | sort >"$work_dir/due"
    diff "$work_dir/due" <(sort <<<"$outcomes") >"$work_dir/diff" ||
        fail "$probed" "the responder (<) and the probe (>) disagree on requests:" \
            "$(head -n 20 "$work_dir/diff")" "the responder: $answer" "the probe: ${results[0]}"
    expect answered="$answered" timed_out="$lost"
}

# results_of_many: leaves the line of each request in $outcomes, and what they were counted to in results[].
results_of_many() {
    outcomes=$(printf '%s\n' "${results[@]:0:${#results[@]}-1}")
    results=("${results[-1]}")
}

# happened COUNT...: the responder has done that to about a tenth of 2,000 requests, or it would prove
# nothing.
happened() {
    local count
    for count; do
        holds "$count>=100" "$answer" || fail "the responder: $answer" "expected: $count of at least 100"
    done
}

scenario_a_quiet_network_answers_2000_requests() { # winsock alone
    endure echo
    expect answered=2000
}

scenario_loss_of_a_tenth_leaves_the_others() { # winsock alone
    endure echo loss=10
    happened lost
}

scenario_delay_with_jitter_loses_nothing() { # winsock alone
    endure echo delay=20..200
    expect answered=2000
}

scenario_duplicates_complete_nothing_twice() { # winsock alone, IPv6 too
    endure echo duplicate=10
    happened duplicated
    expect answered=2000
}

scenario_reordered_replies_find_their_requests() { # winsock alone
    endure echo reorder=10 delay=5
    happened reordered
    expect answered=2000
}

scenario_corrupted_replies_are_no_replies() { # winsock alone
    endure echo corrupt=10
    happened corrupted lost
}

scenario_loss_delay_duplication_reordering_and_corruption_together() { # x86 too, winsock alone, IPv6 too
    endure echo loss=10 delay=20..200 duplicate=10 reorder=10 corrupt=10
    happened lost corrupted duplicated reordered
}

scenario_a_batch_gets_through_a_quiet_network() { # x86 too, IPv6 too, alone
    local by=batch
    endure echo
    expect answered=2000
}

scenario_a_batch_gets_through_loss_delay_duplication_reordering_and_corruption() { # x86 too, alone
    local by=batch
    endure echo loss=10 delay=20..200 duplicate=10 reorder=10 corrupt=10
    happened lost corrupted duplicated reordered
}

# The replies come, but late.
scenario_replies_after_their_time_are_time_outs() { # winsock alone, IPv6 too
    respond on $far echo delay=1200..1500
    probe $far many=500 timeout=900
    expect accepted=500 answered=0 timed_out=500 untold=0 twice=0 early=0 rewritten=0
    respond on $far silent
    probe $far timeout=300 by=routine count=3
    expect_each ret=0 error=IP_REQ_TIMED_OUT status=IP_REQ_TIMED_OUT "took>=300"
}
