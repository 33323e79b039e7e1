# Makes of results.json what a panel of curves.gnuplot is drawn from: for each work of $kind a line "NUMBER
# NATIVE WINE WINSOCK HOST" with the medians of $figure; "-" where there is none.
.results | map(select(.work | startswith($kind + "-")))
| group_by(.work | split("-")[1] | tonumber)[] as $of_number
| [($of_number[0].work | split("-")[1]),
   (("native", "wine", "winsock", "host") as $through
       | $of_number | map(select(.through == $through))[0].figures[$figure].median // "-")]
| join(" ")
