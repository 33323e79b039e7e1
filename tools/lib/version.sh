# The version, which CMakeLists.txt has and nothing else. Sourced by tools and checks, after they have set project_dir.

# project_version: as in 1.2.3.
project_version() {
    sed -n 's/^project(.* VERSION \([0-9.]*\) .*/\1/p' "$project_dir/CMakeLists.txt"
}
