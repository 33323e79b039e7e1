# A release's bill of materials, in the format SPDX 2.3. Sourced by tools/release.

# triple_of x64|x86: as the compilers are called.
triple_of() {
    case $1 in
    x64) echo x86_64-w64-mingw32 ;;
    x86) echo i686-w64-mingw32 ;;
    esac
}

# packages_of FILE...: the Debian packages that have installed them, each once.
packages_of() {
    realpath -- "$@" | xargs dpkg-query --search | sed 's/:.*//' | sort -u
}

# linked_packages ARCH...: of which something is linked into what we build: the compiler's run-time library, libgcc, and
# mingw-w64's.
linked_packages() {
    local arch compiler
    for arch; do
        compiler=$(triple_of "$arch")-gcc
        packages_of "$("$compiler" -print-file-name=libgcc.a)" "$("$compiler" -print-file-name=libmingw32.a)"
    done
}

# tool_packages ARCH...: whose programs have built it.
tool_packages() {
    local arch programs=(cmake ninja llvm-dlltool gcc ld)
    for arch; do
        programs+=("$(triple_of "$arch")-gcc" "$(triple_of "$arch")-ld")
    done
    mapfile -t programs < <(type -P "${programs[@]}" && PATH=$PATH:/usr/lib/wine type -P winebuild)
    packages_of "${programs[@]}"
}

# sbom TREE NAME SECONDS ARCH...: prints the document about the files below TREE, a release of this name and time. It
# leaves what it was made of beside TREE.
sbom() {
    local tree=$1 name=$2 seconds=$3 sum
    shift 3
    for sum in sha1 sha256; do
        (cd "$tree" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 "${sum}sum") >"$tree.$sum"
    done
    {
        linked_packages "$@" | sed 's/^/linked /'
        tool_packages "$@" | sed 's/^/tool /'
    } | while read -r role package; do
        dpkg-query --show --showformat "$role "'${Package} ${Version} ${Architecture}\n' "$package"
    done >"$tree.packages"
    jq --null-input --arg name "$name" --argjson seconds "$seconds" --arg version "$(project_version)" \
        --arg distribution "$(. /etc/os-release && printf '%s' "$ID")" \
        --arg verification_code "$(cut -c 1-40 "$tree.sha1" | sort | tr -d '\n' | sha1sum | cut -c 1-40)" \
        --rawfile sha1 "$tree.sha1" --rawfile sha256 "$tree.sha256" --rawfile packages "$tree.packages" \
        --from-file "$project_dir/tools/lib/sbom.jq"
}
