# The start-up file of the shell in the lab: what scenarios are made of, by hand. inside.sh exports what it
# needs.
source "$lab_dir/../../tools/lib/common.sh"
source "$lab_dir/steps.sh"
for file in "$lab_dir"/scenarios/*.sh; do
    source "$file"
done
set +euo pipefail
PS1='lab \$ '

# Nothing is the end here.
fail() {
    printf '%s\n' "$@"
    return 1
}

eval "quiet_$(declare -f probe)"
probe() {
    quiet_probe "$@" && printf '%s\n' "${results[@]}"
}

eval "quiet_$(declare -f respond)"
respond() {
    quiet_respond "$@" && printf '%s\n' "$answer"
}

# Now, so that they do not come up as jobs of this shell later.
start_wine 2>/dev/null
start_responder 2>/dev/null

cat <<-END

	You are at the client, $client. In this network there are also
	    $host1 $host2 $host3   on the same LAN; they answer $all_nodes$(lan_scope), too
	    $router1 $router2            two routers
	    $server                     behind both
	    $responder_network                   the responder's networks, behind router2; silent until told
	Try
	    probe $server ttl=1         sends a request through our DLL and prints what came of it
	    respond on $far echo delay=100   tells the responder what to do
	    at router2 ip route           runs a command elsewhere (${nodes[*]})
	    scenario_NAME                 one of those that ./tools/lab list names
	What probe and respond understand is said at the beginning of tests/lab/probe/probe.c and
	tests/lab/responder/responder.c. Everything here goes when you leave.

END
