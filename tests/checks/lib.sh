# What the checks share. Each is called as NAME.sh x64|x86|native, after ./tools/build has filled dist/.
# Sourced by them, never run.
set -euo pipefail

# For the checks that source this.
arch=${1:?which architecture: x64, x86 or native}
project_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
dist=$project_dir/dist/$arch
source "$project_dir/tools/lib/version.sh"
case $arch in
x64) triple=x86_64-w64-mingw32 ;;
x86) triple=i686-w64-mingw32 ;;
esac
warnings=(-std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
include=(-I "$project_dir/include" -I "$project_dir/src")
# What cmake/windows_dll.cmake defines.
IFS=. read -r major minor patch < <(project_version)
macros=("-DOPENICMP_VERSION_MAJOR=$major" "-DOPENICMP_VERSION_MINOR=$minor" "-DOPENICMP_VERSION_PATCH=$patch")

fail() {
    printf '%s\n' "$*"
    exit 1
}

# ctest counts exit status 77 as skipped.
skip() {
    printf 'skipped: %s\n' "$*"
    exit 77
}

# fresh_folder: a new empty folder for this check's files, where Wine can reach it.
fresh_folder() {
    local folder
    folder=$project_dir/build/checks/$arch/$(basename "$0" .sh)
    rm -rf "$folder"
    mkdir -p "$folder"
    printf '%s\n' "$folder"
}

# copy_prefix PLACE: a Wine prefix of one's own there, which nobody has used. A copy of the tests' prefix takes a tenth of
# the time that Wine needs to make one.
copy_prefix() {
    cp -a "$project_dir/build/wine/$arch" "$1"
    rm -f "$1/wineserver" # Debian's: where that of the other prefix is
}

# exported_names DLL: as its export table has them, in that order.
exported_names() {
    "$triple-objdump" -p "$1" | awk '/Ordinal\/Name Pointer\] Table/ { inside = 1; next }
        inside && NF == 0 { exit }
        inside && $1 == "[" { print $NF }'
}

# def_names DEF: the names that a .def file lists, with the @N of x86.
def_names() {
    awk '/^[ \t]*;/ { next }
        /^EXPORTS/ { inside = 1; next }
        inside && NF { print $1 }' "$1"
}

# iphlpapi_list: the lines of def/iphlpapi.list that are about this architecture.
iphlpapi_list() {
    awk -v arch="$arch" '/^#/ { next }
        $5 == "" || $5 == arch' "$project_dir/def/iphlpapi.list"
}

# imported_dlls FILE: the names of the DLLs that it imports from, as they are written there.
imported_dlls() {
    "$triple-objdump" -p "$1" | sed -n 's/^[[:space:]]*DLL Name: //p'
}
