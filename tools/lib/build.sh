# Configures, builds and installs one preset. Sourced by the tools.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# From gcc on they are for the host transport's two halves.
compiler_packages_x64=(cmake ninja-build gcc-mingw-w64-x86-64-win32 llvm gcc libc6-dev wine64-tools)
compiler_packages_x86=(cmake ninja-build gcc-mingw-w64-i686-win32 llvm gcc gcc-multilib libc6-dev-i386 wine64-tools)
native_packages=(cmake ninja-build gcc libc6-dev libcmocka-dev)
fuzz_packages=(cmake ninja-build clang libclang-rt-dev llvm libc6-dev)

# Beside those of the compilers and Wine, what the lab needs: a native compiler, namespaces' networks and
# their filters.
lab_packages=(gcc libc6-dev iproute2 nftables)

# Beside those of the compilers and Wine, what the benchmark needs.
bench_packages=(gcc libc6-dev iproute2 fping gnuplot-nox jq)

# build_lab_responder: the lab's native program, whatever the architecture of the Windows ones.
build_lab_responder() {
    configure native
    build native lab_responder
}

# configure PRESET
configure() {
    (cd "$project_dir" && logged "configure-$1" cmake --preset "$1" -B "$build_dir/$1") || die "$1 could not be configured"
}

# build PRESET [TARGET...]: silent when there is nothing to do.
build() {
    local preset=$1
    shift
    [[ -e $build_dir/$preset/build.ninja ]] || configure "$preset"
    local plan
    plan=$(ninja -C "$build_dir/$preset" -n "$@")
    if [[ $plan != *"no work to do"* ]]; then
        say "building $preset"
        (cd "$project_dir" && cmake --build "$build_dir/$preset" ${1:+--target "$@"} -- --quiet) ||
            die "$preset could not be built"
    fi
}

# install_to_dist x64|x86
install_to_dist() {
    # The date is for strip, which else writes the present one into DLLs and programs.
    SOURCE_DATE_EPOCH=0 logged "install-$1" cmake --install "$build_dir/$1" --prefix "$dist_dir/$1" --strip ||
        die "dist/$1 could not be filled"
    SOURCE_DATE_EPOCH=0 logged "install-wine-$1" cmake --install "$build_dir/$1" --prefix "$dist_dir/wine" --strip \
        --component wine || die "dist/wine could not be filled"
}

# run_sample NAME ARGUMENT...: builds what it takes and runs NAME.exe in Wine, instead of the calling script, whose help
# -h and --help show.
run_sample() {
    case ${2:-} in
    -h | --help)
        usage_of "$0"
        exit
        ;;
    esac
    locked set_up_sample
    exec "$project_dir/tools/lib/wine" x64 "$dist_dir/x64/$1.exe" "${@:2}"
}

set_up_sample() {
    require_packages "${compiler_packages_x64[@]}"
    build x64 dist
    install_to_dist x64
    require_wine x64
}
