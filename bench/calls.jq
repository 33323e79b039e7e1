# Makes calls.md of measurements with counted calls: which calls of wineserver an echo costs.
include "common";

# The calls of one side, the most frequent first: "recv_socket 2, send_socket 1".
def calls($side; $echoes):
    to_entries
    | map((.key | split(":")) as $key | select($key[0] == $side) | {call: $key[1], each: (.value / $echoes)})
    | map(select(.each >= 0.05)) | sort_by(-.each) | map("\(.call) \(.each | text)") | join(", ");

def total($echoes): to_entries | map(select(.key | contains(":")) | .value) | add / $echoes | text;

"Calls of wineserver an echo, counted with `./tools/bench --calls`; what is below 0.05 is left out.", "",
([["work", "through", "calls", "of the program", "of other processes"]]
 + [inputs | fields | select(.contender | IN("wine", "winsock", "host"))
    | (.answered + .lost + .wrong) as $echoes
    | [(.work | work_name), (.contender | name), total($echoes),
       calls("program"; $echoes), calls("other"; $echoes)]]
 | table)
