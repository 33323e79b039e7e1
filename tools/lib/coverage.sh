# How many lines of the portable code the native tests reach. The native build counts them (OPENICMP_COVERAGE in
# CMakePresets.json): forget the counts, run the tests, report. Sourced by the tools.

# The folders that are measured, and how many lines of each, in percent, must be reached.
coverage_folders=(src/echo src/wire)
coverage_minimum=95

# coverage_forget: what the native tests have reached so far.
coverage_forget() {
    [[ ! -d $build_dir/native ]] || find "$build_dir/native" -name '*.gcda' -delete
}

# coverage_report [lines]: prints the coverage of each file and folder and, if asked, the lines that were not reached.
# Fails when a folder has too little.
coverage_report() {
    local folder source objects=() named=(-false)
    for folder in "${coverage_folders[@]}"; do
        for source in "$project_dir/$folder"/*.c; do
            named+=(-o -path "*/$folder/${source##*/}.gcno")
        done
    done
    mapfile -t objects < <(find "$build_dir/native" '(' "${named[@]}" ')' | sort)
    ((${#objects[@]} > 0)) || die "the native build does not count lines"
    (cd "$project_dir" && gcov --stdout --relative-only "${objects[@]}" 2>"$log_dir/gcov.log") |
        awk -v folders="${coverage_folders[*]}" -v minimum="$coverage_minimum" -v list_lines="${1:-}" \
            -f "$project_dir/tools/lib/coverage.awk"
}
