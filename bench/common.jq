# What summary.jq and those that make Markdown have in common.

# ---- Measurements ----

# What a line of NAME=VALUE says.
def fields:
    [splits(" +") | select(length > 0) | capture("^(?<key>[^=]+)=(?<text>.*)$")
        | {key, value: (.text | tonumber? // .)}] | from_entries;

def contenders: ["native", "fping", "sweep", "wine", "winsock", "host"];

# Of measurements or results: the names of the works, in the order in which they were done.
def names_of_works: reduce .[].work as $work ([]; if index([$work]) then . else . + [$work] end);

# ---- Numbers and tables ----

# With three significant digits.
def digits:
    if . == 0 then 0 else
        (fabs | log10 | floor - 2) as $magnitude
        | if $magnitude >= 0 then round else pow(10; -$magnitude) as $scale | . * $scale | round / $scale end
    end;

def text: if . == null then "" else digits | tostring end;

# Of rows of cells, the first being the head: the lines of a table with straight columns.
def table:
    map(map(tostring)) | (transpose | map(map(length) | max)) as $widths
    | (.[0], ($widths | map("-" * .)), .[1:][])
    | "| " + ([., $widths] | transpose | map(.[0] + " " * (.[1] - (.[0] | length))) | join(" | ")) + " |";

# ---- Names ----

def name:
    {native: "native loop", fping: "fping", sweep: "sweep.exe, host", wine: "Wine",
     winsock: "OpenICMP, winsock", host: "OpenICMP, host"}[.];

def kind: split("-")[0];
def number: split("-")[1];

def work_name:
    {synchronous: "synchronous, threads: ", events: "event each, window ", shared: "shared event, window ",
     routines: "APC, window ", payload: "synchronous, bytes: ",
     silent: "silent hosts, outstanding: "}[kind] + number;
