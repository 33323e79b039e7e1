# A Wine prefix: what it is, who is using it, and its user's registry. Sourced by wine-install. Changes nothing but what
# the registry functions are asked to.

# machine_of FILE: x64 or x86, or what else a Windows program or DLL is for; nothing if it is none.
machine_of() {
    local offset machine
    [[ $(head -c 2 "$1" | tr -d '\0') == MZ ]] || return 0
    offset=$(od -An -tu4 -j60 -N4 "$1")
    machine=$(od -An -tx2 -j$((offset + 4)) -N2 "$1")
    case ${machine// /} in
    8664) echo x64 ;;
    014c) echo x86 ;;
    aa64) echo ARM64 ;;
    *) echo "machine ${machine// /}" ;;
    esac
}

# is_wines_own FILE: whether Wine has put this DLL there.
is_wines_own() {
    [[ $(tail -c +65 "$1" | head -c 16 | tr -d '\0') =~ ^Wine\ (builtin|placeholder) ]]
}

# take_prefix DIR: from now on everything is about this prefix. Sets
#     prefix           its path
#     prefix_folders   where it has system DLLs, as ARCH:FOLDER
# Dies if it is none that can be dealt with.
take_prefix() {
    [[ -d $1 ]] || die "$1 is no Wine prefix: there is no such folder"
    prefix=$(realpath "$1")
    local windows=$prefix/drive_c/windows arch
    [[ -e $prefix/system.reg && -e $prefix/user.reg && -d $windows/system32 ]] ||
        die "$prefix is no Wine prefix: it lacks system.reg, user.reg or drive_c/windows/system32 (wineboot makes one)"
    arch=$(sed -n 's/^#arch=//p' "$prefix/system.reg")
    case $arch in
    win64) prefix_folders=("x64:$windows/system32") ;;
    win32) prefix_folders=("x86:$windows/system32") ;;
    *) die "$prefix is a Wine prefix of an unknown kind (#arch=$arch in its system.reg)" ;;
    esac
    # A 64-bit prefix whose Wine runs 32-bit programs, too.
    [[ ! -e $windows/syswow64/kernel32.dll ]] || prefix_folders+=("x86:$windows/syswow64")
}

# prefix_is_in_use: whether a wineserver is running for it.
prefix_is_in_use() {
    local server lock inode
    printf -v server 'server-%x-%x' "$(stat -c %d "$prefix")" "$(stat -c %i "$prefix")"
    # As it comes, Debian's, and newer ones'. The wineserver keeps the file locked.
    for lock in /tmp/.wine-*/"$server"/lock /tmp/wine-*/"$server"/lock \
        "${XDG_RUNTIME_DIR:-/run/user/$EUID}"/wine*/"$server"/lock; do
        [[ -e $lock ]] || continue
        inode=$(stat -c %i "$lock")
        grep -q ":$inode " /proc/locks && return 0
    done
    return 1
}

# wait_for_prefix SECONDS: until it is not in use any more. False if that takes longer.
wait_for_prefix() {
    local tenths
    for ((tenths = 0; tenths < 10 * $1; tenths++)); do
        prefix_is_in_use || return 0
        sleep 0.1
    done
    return 1
}

# registry OPERATION KEY NAME [LINE]: what registry.awk prints for the prefix's user.reg.
registry() {
    OPERATION=$1 KEY=$2 NAME=$3 LINE=${4:-} LC_ALL=C awk -f "$project_dir/tools/lib/registry.awk" "$prefix/user.reg"
}

# registry_change OPERATION KEY NAME [LINE]: lets user.reg be what registry.awk prints.
registry_change() {
    cp -p "$prefix/user.reg" "$prefix/user.reg.new"
    registry "$@" >"$prefix/user.reg.new"
    mv "$prefix/user.reg.new" "$prefix/user.reg"
}
