# Makes results.md of results.json: the targets first, then all figures.
include "common";

# ---- Cells ----

# A median, and the least and the most of the rounds.
def spread:
    if . == null then "" elif .min == .max then .median | text
    else "\(.median | text) (\(.min | text)–\(.max | text))" end;

def ratio($a; $b):
    if $a == null or $b == null or $b.median == 0 then "" else "\($a.median / $b.median | text) x" end;

# ---- The tables; of all results, but the first ----

def targets_table:
    def of_unit($unit): if . == null then "" else "\(text)\($unit)" end;
    [["target", "limit", "measured", "verdict", "by the least of the rounds", "by processor time"]]
    + map(.unit as $unit
        | [.target, .limit, (.measured | of_unit($unit)), .verdict, (.least | of_unit($unit)),
           (if $unit == " x" then .processor_time | of_unit($unit) else "" end)])
    | table;

# The figures of a work, by contender.
def of_work($work): map(select(.work == $work) | {key: .through, value: .figures}) | from_entries;

def echo_works:
    names_of_works | map(select(kind | IN("synchronous", "events", "shared", "routines", "payload")));

def echo_table:
    [["µs an echo", (("native", "wine", "winsock", "host") | name),
      "Wine / winsock", "Wine / host", "host / native"]]
    + [echo_works[] as $work | of_work($work) | map_values(.echo_us) as $all
        | [($work | work_name), ($all | .native, .wine, .winsock, .host | spread),
           ratio($all.wine; $all.winsock), ratio($all.wine; $all.host), ratio($all.host; $all.native)]]
    | table;

def processor_table:
    [["µs of processor time an echo", "native loop",
      (("wine", "winsock", "host") | name | "\(.): program", "wineserver", "other services")]]
    + [echo_works[] as $work | of_work($work)
        | [($work | work_name), (.native.cpu_us.median | text),
           (.wine, .winsock, .host | .cpu_program_us, .cpu_server_us, .cpu_services_us | .median? | text)]]
    | table;

def sweep_table:
    of_work("sweep") as $all
    | [["sweep of 16,382 addresses", "ms", "/ fping", "µs of processor time an echo"]]
    + [("fping", "sweep", "wine", "winsock", "host") | select($all[.]) | $all[.] as $of
        | [name, ($of.ms | spread), ratio($of.ms; $all.fping.ms), ($of.cpu_us.median? | text)]]
    | table;

def silent_table:
    [["silent hosts, outstanding", "through", "timed out, in all", "failed", "early", "µs to send",
      "µs of processor time", "bytes of memory", "more threads", "ms late: 50 %", "99 %", "at most"]]
    + map(select(.work | kind == "silent") | .rounds as $rounds
        | [(.work | number), (.through | name),
           (.lost / $rounds | text), ((.wrong + .refused) / $rounds | text)]
          + (.figures | [(.early.max | text), (.sending_us, .cpu_us, .memory_bytes, .threads | spread),
             (.late_50_ms, .late_99_ms, .late_max_ms | spread)]))
    | table;

def idle_table:
    [["a handle, open and used, but idle", "handles", "threads", "µs of processor time in 2 s: program",
      "all else of Wine"]]
    + map(select(.work == "idle")
        | [(.through | name)]
          + (.figures | [(.handles, .threads, .rest_program_us, .rest_others_us | spread)]))
    | table;

# ----

(.machine
    | "`./tools/bench` on \(.processors) x \(.processor), \(.kernel), Wine \(.wine) (\(.arch)), "
      + "fping \(.fping), commit \(.commit), \(.date)."),
"Medians of the rounds; in brackets the least and the most. docs/performance.md says how to read it.",
"", (.targets | targets_table),
(.results | "", echo_table, "", processor_table, "", sweep_table, "", silent_table, "", idle_table)
