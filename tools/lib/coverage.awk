# Reads what gcov --stdout prints, COUNT:LINE:TEXT for each line of each source, and prints how many lines of each file
# and folder were reached. The exit status is 1 when a folder has less than `minimum` percent, or no lines at all.
# A source can come several times, once for each object that includes it: what any of them reaches is reached.
# Set by the caller: folders, minimum, list_lines.

function print_share(name, reached, lines) {
    printf "%6.2f %% of %4d lines   %s\n", lines ? 100 * reached / lines : 0, lines, name
}

{
    count = $0
    sub(/:.*/, "", count)
    gsub(/ /, "", count)
    text = substr($0, index($0, ":") + 1)
    number = text + 0
    text = substr(text, index(text, ":") + 1)
}

number == 0 && text ~ /^Source:/ {
    source = substr(text, length("Source:") + 1)
    sub(/^\.\//, "", source)
    if (!(source in lines_of)) {
        lines_of[source] = 0
        sources[++source_count] = source
    }
}

# "-" is no code, "#####" and "=====" were not reached.
number > 0 && count != "-" {
    line = source SUBSEP number
    if (!(line in reached)) {
        reached[line] = 0
        text_of[line] = text
        lines_of[source]++
    }
    if (count !~ /^[#=]/ && !reached[line]) {
        reached[line] = 1
        reached_of[source]++
    }
    last_line[source] = number > last_line[source] ? number : last_line[source]
}

END {
    folder_count = split(folders, folder_names, " ")
    for (f = 1; f <= folder_count; f++) {
        folder = folder_names[f]
        all = all_reached = 0
        for (s = 1; s <= source_count; s++) {
            source = sources[s]
            if (index(source, folder "/") != 1)
                continue
            print_share(source, reached_of[source], lines_of[source])
            all += lines_of[source]
            all_reached += reached_of[source]
            for (number = 1; list_lines && number <= last_line[source]; number++) {
                line = source SUBSEP number
                if (line in reached && !reached[line])
                    printf "    %s:%d: %s\n", source, number, text_of[line]
            }
        }
        print_share(folder, all_reached, all)
        if (all == 0 || 100 * all_reached < minimum * all) {
            printf "the native tests reach less than %d %% of %s\n", minimum, folder
            failed = 1
        }
    }
    exit failed
}
