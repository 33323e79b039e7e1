# Draws the curves of the benchmark. Called by tools/bench as: gnuplot -c curves.gnuplot FOLDER, where the
# folder holds a file KIND.FIGURE for each panel, of lines "NUMBER NATIVE WINE WINSOCK HOST" (curve.jq).
# Leaves KIND.svg there.
folder = ARG1
names = '"native loop" "Wine" "OpenICMP, winsock" "OpenICMP, host"'
array colour[4] = ["#666666", "#c0392b", "#2471a3", "#1e8449"]

set datafile missing "-"
set logscale xy
set format x "%.0s%c"
set format y "%g"
set grid
set key outside below horizontal
set style data linespoints
style_of_i = "lc rgb colour[i] pt 7 ps 0.5"
set term svg size 960,440 background "white" font "sans-serif,12"

in_folder(file) = folder . "/" . file

# Time by size of the data.
set output in_folder("payload.svg")
set multiplot layout 1,2 title "A synchronous echo on loopback"
set xlabel "bytes of data"
set title "µs an echo"
plot for [i=1:4] in_folder("payload.echo_us") using 1:i+1 title word(names, i) @style_of_i
set title "µs of processor time, all processes"
plot for [i=1:4] in_folder("payload.cpu_us") using 1:i+1 title word(names, i) @style_of_i
unset multiplot

# Time by window, for each way to hear of completions.
set output in_folder("window.svg")
set multiplot layout 1,3 title "Asynchronous echoes on loopback: µs an echo"
set xlabel "outstanding at a time"
do for [way in "events shared routines"] {
    set title (way eq "events" ? "an event each" : way eq "shared" ? "one event for all" : "APCs")
    plot for [i=1:4] in_folder(way . ".echo_us") using 1:i+1 title word(names, i) @style_of_i
}
unset multiplot

# What requests to silent hosts cost, by how many there are.
set output in_folder("silent.svg")
set multiplot layout 1,3 title "Requests to hosts that do not answer"
set xlabel "outstanding"
do for [figure in "cpu_us memory_bytes late_99_ms"] {
    set title (figure eq "cpu_us" ? "µs of processor time each" : \
               figure eq "memory_bytes" ? "bytes of memory each" : "ms late, 99 % of time-outs")
    plot for [i=2:4] in_folder("silent." . figure) using 1:i+1 title word(names, i) @style_of_i
}
unset multiplot
