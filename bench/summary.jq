# Makes results.json of the measurements, lines of NAME=VALUE that inside.sh leaves: the medians of each work
# through each contender, and what became of the targets. Called by tools/bench with $machine.
include "common";

# ---- One measurement ----

def completed: .answered + .lost + .wrong;

def per($count): if . == null or $count == 0 then null else . / $count end;

# What a group of processes has used of something between two samples.
def used($group; $what; $from; $to): .["\($to)_\($group)_\($what)"] - .["\($from)_\($group)_\($what)"];

# What all that serve this contender have. Of Wine's services only Wine's own ICMP makes use; the threads that
# it had there for its requests go a while later, and what they give back is nobody else's merit.
def used_by_all($what; $from; $to):
    (if .contender == "wine" then ["program", "server", "services"] else ["program", "server"] end) as $groups
    | [used($groups[]; $what; $from; $to)] | add;

def echo_figures:
    completed as $completed | {
        ms: (.elapsed_ns / 1e6),
        echo_us: (.elapsed_ns / 1e3 | per($completed)),
        window
    };

def processor_figures:
    completed as $completed |
    if .begin_program_cpu_ns == null or .end_program_cpu_ns == null then {} else {
        cpu_us: (used_by_all("cpu_ns"; "begin"; "end") / 1e3 | per($completed)),
        cpu_program_us: (used("program"; "cpu_ns"; "begin"; "end") / 1e3 | per($completed)),
        cpu_server_us: (used("server"; "cpu_ns"; "begin"; "end") / 1e3 | per($completed)),
        cpu_services_us: (used("services"; "cpu_ns"; "begin"; "end") / 1e3 | per($completed))
    } end;

def silent_figures:
    (completed + .unfinished) as $accepted | .batches as $batches |
    if .sending_ns == null then {} else {
        sending_us: (.sending_ns / 1e3 | per($accepted)),
        # The first batch's are outstanding at the peak.
        memory_bytes: (used_by_all("memory_kib"; "begin"; "peak") * 1024 | per($accepted / $batches)),
        threads: used_by_all("threads"; "begin"; "peak"),
        all_at_once, early, unfinished,
        late_50_ms: (.late_50_us / 1e3), late_99_ms: (.late_99_us / 1e3), late_max_ms: (.late_max_us / 1e3)
    } end;

def rest_figures:
    if .rest_program_cpu_ns == null then {} else {
        rest_program_us: (used("program"; "cpu_ns"; "rest"; "rested") / 1e3),
        rest_others_us: ([used("server", "services"; "cpu_ns"; "rest"; "rested")] | add / 1e3),
        threads: .rest_program_threads,
        handles
    } end;

def figures:
    echo_figures + processor_figures + silent_figures + rest_figures | with_entries(select(.value != null));

# ---- All rounds of a work through a contender ----

def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;

def result:
    {
        work: .[0].work, through: .[0].contender, rounds: length,
        lost: (map(.lost) | add), wrong: (map(.wrong) | add), refused: (map(.refused) | add),
        figures: (map(figures | to_entries) | add | group_by(.key)
            | map({key: .[0].key, value: (map(.value) | {median: median, min: min, max: max})})
            | from_entries)
    };

# ---- Targets: of the ratios of medians in this run ----

# The median of a figure; null if there is none. (Of all results.)
def figure($work; $through; $name):
    map(select(.work == $work and .through == $through) | .figures[$name].median)[0];

def ratio($a; $b): if $a == null or $b == null or $b == 0 then null else $a / $b end;

def target($what; $limit; $measured; $unit; $met):
    {target: $what, $limit, $measured, $unit,
     verdict: (if $measured == null then "not measured" elif $met then "met" else "missed" end)};
def at_most($what; $measured; $limit; $unit):
    target($what; "at most \($limit)\($unit)"; $measured; $unit; $measured <= $limit);
def at_least($what; $measured; $limit; $unit):
    target($what; "at least \($limit)\($unit)"; $measured; $unit; $measured >= $limit);

def slower($work; $through; $than):
    ratio(figure($work; $through; "echo_us"); figure($work; $than; "echo_us"));
def faster($work; $through; $than): slower($work; $than; $through);

# All that hosts which answer did not answer rightly.
def failures($through):
    map(select(.through == $through and (.work | startswith("silent") | not)) | .lost + .wrong + .refused)
    | add;

def synchronous_targets($work; $name):
    at_most("\($name), host: time / native loop"; slower($work; "host"; "native"); 1.5; " x"),
    at_least("\($name), host: Wine's time / ours"; faster($work; "host"; "wine"); 40; " x"),
    at_most("\($name), winsock: time / Wine's"; slower($work; "winsock"; "wine"); 1; " x");

def asynchronous_targets($work; $name; $host_limit):
    at_least("\($name), window 64, host: Wine's time / ours"; faster($work; "host"; "wine");
        $host_limit; " x"),
    at_least("\($name), window 64, winsock: Wine's time / ours"; faster($work; "winsock"; "wine"); 1.3; " x");

# Of 100,000 requests, and null if in some round they were not all outstanding at the same time.
def silent_targets($through):
    (map(select(.work == "silent-100000" and .through == $through))[0]
        | if .figures.all_at_once.min == 1 then . else null end) as $many |
    at_most("100,000 outstanding, \($through): completed otherwise than by a time-out, or not at all";
        if $many then $many.wrong + $many.refused + $many.figures.unfinished.max else null end; 0; ""),
    at_most("100,000 outstanding, \($through): processor time each / with 100";
        ratio($many.figures.cpu_us.median; figure("silent-100"; $through; "cpu_us")); 1.5; " x"),
    at_most("100,000 outstanding, \($through): memory each"; $many.figures.memory_bytes.median;
        512; " bytes"),
    at_most("time-outs, \($through): that came early";
        map(select(.through == $through) | .figures.early.max // empty) | add; 0; ""),
    at_most("time-outs, \($through): 99 % of 100,000 late by"; $many.figures.late_99_ms.median; 20; " ms");

def targets:
    synchronous_targets("synchronous-1"; "synchronous"),
    synchronous_targets("synchronous-8"; "synchronous, 8 threads"),
    asynchronous_targets("events-64"; "event each"; 3),
    asynchronous_targets("shared-64"; "shared event"; 20),
    asynchronous_targets("routines-64"; "APC"; 20),
    at_most("sweep of 16,382, host: time / fping's"; slower("sweep"; "host"; "fping"); 1.5; " x"),
    at_most("sweep of 16,382, sweep.exe: time / fping's"; slower("sweep"; "sweep"; "fping"); 1; " x"),
    silent_targets("host", "winsock"),
    (("host", "winsock") as $through
        | at_most("idle, \($through): processor time of the program";
            figure("idle"; $through; "rest_program_us"); 0; " µs")),
    (("host", "winsock") as $through
        | at_most("all but silent hosts, \($through): lost, wrong or refused"; failures($through); 0; ""));

# What other work on the machine disturbs less, in the place of the medians of times: the least of all
# rounds; the processor time.
def of_the_least: map(.figures |= map_values(.median = .min));
def of_processor_time: map(.figures.echo_us = .figures.cpu_us);

# ----

[inputs | fields]
| [names_of_works[] as $work | contenders[] as $through
    | map(select(.work == $work and .contender == $through)) | select(length > 0) | result]
| {$machine, results: ., targets: ([[targets], [of_the_least | targets], [of_processor_time | targets]]
    | transpose | map(.[0] + {least: .[1].measured, processor_time: .[2].measured}))}
