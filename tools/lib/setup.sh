# Installs and prepares what a build and a run need, once, and says what: packages, cmocka for Windows, Wine prefixes.
# Sourced by the tools. Knows nothing of what is built.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# require_packages NAME...: installs those of these Debian packages that are missing.
require_packages() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        die "this is not a Debian system; install yourself what these Debian packages hold: $*"
    local missing
    missing=$(missing_packages "$@")
    [[ -n $missing ]] || return 0
    say "installing $(tr '\n' ' ' <<<"$missing")"
    require_root "to install them"
    install_packages $missing || die "these packages could not be installed: $(tr '\n' ' ' <<<"$missing")"
}

missing_packages() {
    local installed
    installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p' || true)
    comm -23 <(printf '%s\n' "${@%%:*}" | sort -u) <(sort -u <<<"$installed")
}

install_packages() {
    logged apt-update as_root apt-get update -q || say "going on with the package lists of before"
    logged apt-install as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q --yes --no-install-recommends --no-remove "$@"
}

# debian_codename: of this system, as in "bookworm".
debian_codename() {
    (. /etc/os-release && printf '%s\n' "${VERSION_CODENAME:?/etc/os-release names no Debian release}")
}

# debian_source FORMAT: one line about the archive that this machine has its Debian release from, as apt indextargets
# formats it: the syntax of the sources file does not matter then. It needs package lists.
debian_source() {
    local line
    line=$(describe_source "$1")
    if [[ -z $line ]]; then
        logged apt-update as_root apt-get update -q || true
        line=$(describe_source "$1")
    fi
    [[ -n $line ]] || die "apt knows no source of Debian $(debian_codename) main"
    printf "%s\n" "$line"
}

describe_source() {
    apt-get indextargets --format "$1" "Created-By: Packages" "Component: main" "Origin: Debian" \
        "Codename: $(debian_codename)" | sed 1q
}

# apt_elsewhere DIR ARGUMENT...: apt-get with the sources file DIR/sources.list and package lists of its own, so that
# nothing of the system's is read or changed.
apt_elsewhere() {
    local dir=$1
    shift
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    apt-get -q -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=root "$@"
}

# apt_source_line TYPE [CODENAME]: a line for a sources.list, of type deb or deb-src, for the main archive of this release
# or another one.
apt_source_line() {
    local codename=${2:-$(debian_codename)} uri signed_by
    uri=$(debian_source '$(REPO_URI)')
    signed_by=$(debian_source '$(SIGNED_BY)')
    [[ $signed_by == /* ]] || signed_by=""
    printf '%s %s %s %s main\n' "$1" "${signed_by:+[signed-by=$signed_by]}" "$uri" "$codename"
}

# require_cmocka x64|x86: builds cmocka as a static library for Windows into build/cmocka/ARCH.
require_cmocka() {
    local arch=$1 prefix=$build_dir/cmocka/$1 source compiler
    source=${CMOCKA_SOURCE_DIR:-$cache_dir/cmocka-$(debian_codename)}
    [[ ! -e $prefix/made-from || $(<"$prefix/made-from") != "$source" ]] || return 0
    [[ -e $source/CMakeLists.txt ]] || fetch_cmocka "$source"
    say "building cmocka for $arch"
    case $arch in
    x64) compiler=x86_64-w64-mingw32-gcc ;;
    x86) compiler=i686-w64-mingw32-gcc ;;
    esac
    rm -rf "$prefix"
    logged "cmocka-configure-$arch" cmake -S "$source" -B "$prefix/build" -G Ninja \
        -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release \
        -DBUILD_SHARED_LIBS=OFF -DWITH_STATIC_LIB=ON -DWITH_EXAMPLES=OFF \
        -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib || die "cmocka could not be configured"
    logged "cmocka-build-$arch" cmake --build "$prefix/build" --target install || die "cmocka could not be built"
    printf "%s\n" "$source" >"$prefix/made-from"
}

# fetch_cmocka DIR: unpacks the source of Debian's own cmocka there. Of the source package the upstream archive is
# enough: Debian's changes concern the documentation only. Apt has verified it.
fetch_cmocka() {
    [[ $1 != "${CMOCKA_SOURCE_DIR:-}" ]] || die "CMOCKA_SOURCE_DIR=$1 holds no cmocka"
    say "downloading the source of cmocka"
    local work=$cache_dir/cmocka.new
    rm -rf "$work"
    mkdir -p "$work/source"
    apt_source_line deb-src >"$work/sources.list"
    logged cmocka-lists apt_elsewhere "$work" update || die "the list of source packages could not be downloaded"
    (cd "$work" && logged cmocka-download apt_elsewhere "$work" source --download-only --tar-only cmocka) ||
        die "the source of cmocka could not be downloaded"
    tar -xf "$work"/cmocka_*.orig.tar.* -C "$work/source" --strip-components=1
    mv -T "$work/source" "$1"
    rm -rf "$work"
}

# require_wine x64|x86 [NAME]: a Wine that runs programs of this architecture, the one that OPENICMP_WINE says, and a prefix
# for it, where wine_prefix says or in build/wine/NAME.
require_wine() {
    local prefix=${2:+$build_dir/wine/$2}
    prefix=${prefix:-$(wine_prefix "$1")}
    [[ $(uname -m) == x86_64 ]] || die "the programs are for x86-64 machines, this is $(uname -m)"
    mkdir -p "$build_dir/wine"
    "install_${OPENICMP_WINE:-wine_$1}"
    [[ -d $prefix ]] || create_wine_prefix "$1" "$prefix"
}

create_wine_prefix() {
    say "creating a Wine prefix for $1"
    rm -rf "$2.new"
    mkdir "$2.new"
    # Wine is not to ask for Mono and Gecko, nor to look for a display; a crash in a test is not to open a dialog.
    local -x OPENICMP_WINEPREFIX=$2.new WINEDLLOVERRIDES=mscoree,mshtml=
    local wine=("$project_dir/tools/lib/wine" "$1") key='HKCU\Software\Wine'
    logged "wine-$1" "${wine[@]}" wineboot --init &&
        logged "wine-$1" "${wine[@]}" reg add "$key\\Drivers" /v Graphics /d null /f &&
        logged "wine-$1" "${wine[@]}" reg add "$key\\WineDbg" /v ShowCrashDialog /t REG_DWORD /d 0 /f &&
        logged "wine-$1" "${wine[@]}" wineserver -w ||
        die "Wine could not create its prefix for $1"
    mv -T "$2.new" "$2"
}

install_wine_x64() {
    require_packages wine wine64
}

# 32-bit Wine: Debian's i386 packages beside the amd64 ones if they fit together today (the two archives can be out of
# step), else a minimal i386 Debian in the cache folder, which the runner enters with chroot. For the runner the link
# build/wine/i386-root remembers that.
install_wine_x86() {
    [[ ! -x /usr/lib/wine/wine && ! -e $build_dir/wine/i386-root ]] || return 0
    if wine32_fits; then
        install_wine32
    else
        local root
        root=$cache_dir/i386-$(debian_codename)
        [[ -d $root ]] || {
            say "wine32:i386 does not fit this system"
            create_root "$root" i386 "$(debian_codename)" wine32
            finish_root "$root"
        }
        ln -sfn "$root" "$build_dir/wine/i386-root"
    fi
}

install_wine32() {
    say "installing wine32:i386"
    require_root "to install it"
    local added=false
    if ! dpkg --print-foreign-architectures | grep -qx i386; then
        as_root dpkg --add-architecture i386
        added=true
    fi
    install_packages wine32:i386 && return
    ! $added || as_root dpkg --remove-architecture i386 || true
    die "wine32:i386 could not be installed"
}

# wine32_fits: whether apt could install wine32:i386 beside what is installed. Asked with package lists of our own,
# so that the system has to learn of the architecture only if it will be used.
wine32_fits() {
    local work=$build_dir/wine/i386-lists fits=true
    rm -rf "$work"
    mkdir -p "$work"
    local both=(-o APT::Architectures::=amd64 -o APT::Architectures::=i386)
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)|$(SIGNED_BY)' 'Created-By: Packages' |
        sed 's/^deb \(.*\)|\(\/.*\)$/deb [signed-by=\2] \1/; s/|.*$//' | sort -u >"$work/sources.list"
    {
        apt_elsewhere "$work" "${both[@]}" update &&
            apt_elsewhere "$work" "${both[@]}" --simulate --no-install-recommends install wine32:i386
    } >"$log_dir/wine32.log" 2>&1 || fits=false
    rm -rf "$work"
    $fits
}

# create_root FOLDER ARCHITECTURE CODENAME PACKAGE: makes a minimal Debian with a package, as FOLDER.new; finish_root FOLDER
# says that all of it is there.
create_root() {
    require_packages debootstrap ca-certificates
    say "creating a minimal Debian $3 for $2 with $4 (takes a minute or two) in $1"
    require_root "to create it"
    local mirror
    mirror=$(debian_source '$(REPO_URI)')
    mkdir -p "$cache_dir"
    as_root rm -rf --one-file-system "$1.new"
    # Debootstrap mounts things there; in a mount namespace of its own none outlives it.
    logged debootstrap as_root unshare --mount --propagation private -- \
        debootstrap --arch="$2" --variant=minbase --include="$4" \
        "$3" "$1.new" "$mirror" || die "the Debian for $2 could not be created"
}

finish_root() {
    as_root mv -T "$1.new" "$1"
}

# Wine 10, in the Debian that has it, on whatever Debian this is. For the runner the link build/wine/wine10-root remembers
# where that is.
install_wine10() {
    local root=$cache_dir/amd64-trixie
    [[ -d $root ]] || {
        create_root "$root" amd64 trixie wine64
        add_wine10_x86 "$root.new"
        finish_root "$root"
    }
    ln -sfn "$root" "$build_dir/wine/wine10-root"
}

# add_wine10_x86 ROOT: what Debian's wine64 lacks to run 32-bit programs in 64-bit processes: the DLLs for them. They come
# from libwine:i386; the other half of that package, 32-bit Linux libraries, is not wanted.
add_wine10_x86() {
    local work=$cache_dir/wine10-x86.new both=(-o APT::Architectures::=amd64 -o APT::Architectures::=i386) version
    say "downloading Wine 10's DLLs for 32-bit programs"
    rm -rf "$work"
    mkdir -p "$work"
    apt_source_line deb trixie >"$work/sources.list"
    version=$(dpkg-query --admindir "$1/var/lib/dpkg" --show --showformat '${Version}' libwine)
    {
        logged wine10-lists apt_elsewhere "$work" "${both[@]}" update &&
            (cd "$work" && logged wine10-download apt_elsewhere "$work" "${both[@]}" download "libwine:i386=$version")
    } || die "libwine:i386 $version of Debian trixie could not be downloaded"
    dpkg-deb --fsys-tarfile "$work"/libwine_*_i386.deb |
        as_root tar -x -C "$1/usr/lib/x86_64-linux-gnu/wine" --strip-components=5 ./usr/lib/i386-linux-gnu/wine/i386-windows
    rm -rf "$work"
}
