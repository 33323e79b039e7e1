#!/usr/bin/env bash
# tools/wine-install, on a prefix made for the purpose: what it puts there works, what it takes out leaves every byte as
# it was, and what it cannot do it refuses without doing half of it.
source "$(dirname "$0")/lib.sh"

folder=$(fresh_folder)
prefix=$folder/prefix
trap 'rm -rf "$prefix"' EXIT # it is large

# The Wine of the tests, as a program that takes prefixes as any Wine does.
cat >"$folder/wine" <<EOF
#!/bin/sh
OPENICMP_WINEPREFIX=\$WINEPREFIX OPENICMP_WINEDLLPATH=\$WINEDLLPATH exec "$project_dir/tools/lib/wine" $arch "\$@"
EOF
chmod +x "$folder/wine"
export WINE=$folder/wine WINEPREFIX=$prefix

wine_install() {
    "$project_dir/tools/wine-install" "$@" >"$folder/log" 2>&1
}

# must OPERATION...: wine-install does it. must_not PATTERN OPERATION...: it does not, and says something like that.
must() {
    wine_install "$@" || fail "wine-install $*: $(cat "$folder/log")"
}

must_not() {
    local pattern=$1
    shift
    ! wine_install "$@" || fail "wine-install $* should have failed: $(cat "$folder/log")"
    grep -q -- "$pattern" "$folder/log" || fail "wine-install $* does not say $pattern: $(cat "$folder/log")"
}

# run PROGRAM: its output and OpenICMP's trace, into output. False if it fails. The prefix is not in use afterwards.
run() {
    local status=0
    OPENICMP_TRACE=1 "$WINE" "$@" >"$folder/output" 2>&1 || status=$?
    "$WINE" wineserver -k || true
    "$WINE" wineserver -w
    return "$status"
}

pings_by_openicmp() {
    run "$1" || fail "$1 failed: $(cat "$folder/output")"
    grep -q '^openicmp: .* echo 127.0.0.1 ' "$folder/output" || fail "$1 does not ping by OpenICMP: $(cat "$folder/output")"
    grep -q '^error 0, last error 1234567, mask ff' "$folder/output" && grep -q '^error 0, some interfaces' "$folder/output" ||
        fail "$1 does not get at the system's functions: $(cat "$folder/output")"
}

pings_without_openicmp() {
    run "$1" || true
    ! grep -q '^openicmp: ' "$folder/output" || fail "$1 pings by OpenICMP: $(cat "$folder/output")"
}

# All that there is: path, kind, size, time of last change, and the user's registry. Where Wine alone writes, whenever it
# starts, that is left out: its links to devices, system.reg, times in the registry, and how its console looks.
inventory() {
    (
        cd "$prefix"
        find . -path ./dosdevices -prune -o ! -name '*.reg' -printf '%P %y %s %T@ %l\n' |
            grep -v '^drive_c/users/[^/]*/\(AppData/Local/\)\?Temp ' | sed '/ d /s/ [0-9]* [0-9.]* / /' | LC_ALL=C sort
        sed '/^\[Console\]/,/^$/d; /^#time=/d; s/^\(\[.*\]\) [0-9]*$/\1/' user.reg
    )
}

# as_before WHAT: the prefix is as it was at first.
as_before() {
    inventory | diff "$folder/inventory" - >"$folder/diff" || fail "after $1 the prefix is not as it was: $(head -n 20 "$folder/diff")"
}

override() {
    OPERATION=get KEY=$1 NAME=$2 LINE='' awk -f "$project_dir/tools/lib/registry.awk" "$prefix/user.reg"
}

# ---- A prefix, and programs for it ----

must_not 'no such folder' install
mkdir "$prefix"
must_not 'no Wine prefix' install
rmdir "$prefix"
copy_prefix "$prefix"

for other in i686 x86_64; do
    "$other-w64-mingw32-gcc" "${warnings[@]}" -I "$project_dir/include" -o "$folder/program-$other.exe" \
        "$project_dir/tests/checks/prefix_program.c" -liphlpapi -lws2_32
done
case $arch in
x64) other=i686 ;;
x86) other=x86_64 ;;
esac
apps="$prefix/drive_c/Program Files/some programs"
mkdir -p "$apps"
cp "$folder/program-${triple%%-*}.exe" "$apps/One (1).exe"
cp "$folder/program-${triple%%-*}.exe" "$apps/two.exe"
cp "$folder/program-$other.exe" "$apps/other.exe"
printf 'a DLL of its own' >"$apps/ICMP.DLL"
program=$folder/program-${triple%%-*}.exe
run "$program" || fail "without OpenICMP the program does not work: $(cat "$folder/output")"
inventory >"$folder/inventory"
sha256sum "$prefix"/drive_c/windows/*/ic*.dll "$prefix"/drive_c/windows/*/ip*.dll >"$folder/sums"

# ---- The whole prefix ----

must_not 'not installed' status
must install
grep -q 'tried: .* goes through it, over ' "$folder/log" || fail "it was not tried: $(cat "$folder/log")"
pings_by_openicmp "$program"
WINEDLLOVERRIDES=iphlpapi=n pings_by_openicmp "$program"
# Where the system's own functions do the work: those are Wine's, though ours stand in their place.
OPENICMP_TRANSPORT=system pings_by_openicmp "$program"
# A façade beside the program alone: it forwards to the openicmp.dll in the system directory.
mkdir "$folder/facade"
cp "$program" "$dist/iphlpapi.dll" "$folder/facade"
pings_by_openicmp "$folder/facade/${program##*/}"
if [[ -d $project_dir/dist/wine ]]; then
    grep -q 'over host' "$folder/log" || fail "the host transport was not tried: $(cat "$folder/log")"
    WINEDLLPATH=$prefix/openicmp/wine pings_by_openicmp "$program"
    grep -q 'transport: host ' "$folder/output" || fail "the host transport is not found: $(cat "$folder/output")"
fi
must status
! grep -q 'but:' "$folder/log" || fail "$(cat "$folder/log")"

inventory >"$folder/installed"
must install
inventory | sed 's/ [0-9.]* $/ /' | diff <(sed 's/ [0-9.]* $/ /' "$folder/installed") - >"$folder/diff" ||
    fail "a second time makes a difference: $(cat "$folder/diff")"
pings_by_openicmp "$program"

printf x >>"$prefix/drive_c/windows/system32/icmp.dll"
must status
grep -q 'icmp.dll is not the one in dist' "$folder/log" || fail "it does not see another version: $(cat "$folder/log")"

must uninstall
as_before uninstalling
sha256sum --quiet --check "$folder/sums" || fail "Wine's own DLLs are not what they were"
pings_without_openicmp "$program"
must uninstall
as_before "uninstalling twice"

# ---- One program ----

must install --app "$apps/One (1).exe"
pings_by_openicmp "$apps/One (1).exe"
pings_without_openicmp "$program"
must status --app "$apps/One (1).exe"
must_not 'not installed' status --app "$apps/two.exe"
pings_without_openicmp "$apps/two.exe" # though the DLLs lie beside it, too
must install --app "$apps/two.exe"
must install --app "$apps/two.exe"
must uninstall --app "$apps/One (1).exe"
pings_by_openicmp "$apps/two.exe"
must uninstall --app "$apps/two.exe"
# An empty key AppDefaults is not in the file while it has a key below it. Wine makes it for every program it starts.
run cmd /c exit
as_before "uninstalling both programs"

# One program and all of them.
must install --app "$apps/two.exe"
must install
must uninstall --app "$apps/two.exe"
pings_by_openicmp "$program"
must uninstall
run cmd /c exit
as_before "uninstalling one program and all of them"

# ---- Overrides of the user's own ----

key='Software\\Wine\\DllOverrides'
cp -p "$prefix/user.reg" "$folder/user.reg"
OPERATION=set KEY=$key NAME=iphlpapi LINE='"iphlpapi"="builtin"' awk -f "$project_dir/tools/lib/registry.awk" \
    "$folder/user.reg" >"$prefix/user.reg"
must install
pings_by_openicmp "$program"
must uninstall
[[ $(override "$key" iphlpapi) == '"iphlpapi"="builtin"' ]] || fail "the user's own override has gone"
[[ -z $(override "$key" icmp) ]] || fail "an override of ours is left"
cp -p "$folder/user.reg" "$prefix/user.reg"
as_before "having an override of one's own"

# ---- What is refused, and what fails ----

mkfifo "$folder/waiting"
"$WINE" cmd <>"$folder/waiting" >/dev/null 2>&1 &
"$WINE" cmd /c exit
must_not 'is in use' install --app "$apps/two.exe" # it waits for some seconds, so it is asked once
"$WINE" wineserver -k
wait
as_before "refusing a prefix in use"

if ((EUID == 0)); then
    # Root may write everywhere but to a read-only file system.
    unshare --mount bash -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && ! "$2" install' - "$prefix" \
        "$project_dir/tools/wine-install" >"$folder/log" 2>&1 || fail "it installs where nothing can be written: $(cat "$folder/log")"
    grep -q 'cannot be written to' "$folder/log" || fail "it is not said why: $(cat "$folder/log")"
    ! setpriv --reuid 65534 --regid 65534 --clear-groups -- "$project_dir/tools/wine-install" install \
        >"$folder/log" 2>&1 || fail "another user can install"
    grep -Eq 'belongs to another user|no such folder' "$folder/log" || fail "it is not said why: $(cat "$folder/log")"
else
    chmod a-w "$prefix/drive_c/windows/system32"
    must_not 'cannot be written to' install
    chmod u+w "$prefix/drive_c/windows/system32"
fi
as_before "refusing what cannot be written to"

must_not 'there is no program' install --app "$apps/three.exe"
must_not 'no Windows program' install --app "$prefix/user.reg"
must_not 'runs none but these' install --app "$apps/other.exe"
cp "$apps/two.exe" "$apps/\"t]w\".exe"
must_not 'of this name' install --app "$apps/\"t]w\".exe"
rm "$apps/\"t]w\".exe"
as_before "refusing programs"

mv "$prefix/drive_c/windows/system32/iphlpapi.dll" "$folder"
must_not 'has no iphlpapi.dll' install
cp "$dist/openicmp.dll" "$prefix/drive_c/windows/system32/iphlpapi.dll"
must_not "neither Wine's own nor ours" install
mv "$folder/iphlpapi.dll" "$prefix/drive_c/windows/system32"
as_before "refusing prefixes of a wrong kind"

# A Wine that does not take the DLLs.
printf '#!/bin/sh\nexit 1\n' >"$folder/broken-wine"
chmod +x "$folder/broken-wine"
WINE=$folder/broken-wine must_not 'does not take our DLLs' install
as_before "a failure"
WINE=$folder/broken-wine must_not 'does not take our DLLs' install --app "$apps/One (1).exe"
as_before "a failure of one program"

# ---- 32-bit programs in a 64-bit prefix ----

# Without such a Wine: only whether everything comes to its place.
if [[ $arch == x64 && -e $project_dir/dist/x86/iphlpapi.dll ]]; then
    cp "$project_dir/dist/x86/openicmp.dll" "$prefix/drive_c/windows/syswow64/kernel32.dll"
    {
        head -c 64 "$project_dir/dist/x86/openicmp.dll"
        printf 'Wine builtin DLL'
        tail -c +81 "$project_dir/dist/x86/openicmp.dll"
    } >"$prefix/drive_c/windows/syswow64/iphlpapi.dll"
    inventory >"$folder/inventory-wow64"
    sha256sum "$prefix"/*.reg >"$folder/sums"
    WINE=$folder/no-wine must install
    for name in icmp iphlpapi openicmp; do
        cmp "$dist/$name.dll" "$prefix/drive_c/windows/system32/$name.dll" || fail "$name.dll is not in system32"
        cmp "$project_dir/dist/x86/$name.dll" "$prefix/drive_c/windows/syswow64/$name.dll" ||
            fail "$name.dll is not in syswow64"
    done
    [[ $(override "$key" 'C:\\windows\\syswow64\\openicmp\\iphlpapi') == *=\"builtin\" ]] ||
        fail "32-bit programs will not find Wine's iphlpapi.dll"
    WINE=$folder/no-wine must install --app "$apps/other.exe"
    WINE=$folder/no-wine must uninstall --app "$apps/other.exe"
    must uninstall
    inventory | diff "$folder/inventory-wow64" - || fail "the 64-bit prefix with 32-bit programs is not as it was"
    sha256sum --quiet --check "$folder/sums" || fail "the registry is not what it was, to the byte"
    rm "$prefix/drive_c/windows/syswow64"/{kernel32,iphlpapi}.dll
fi

# ---- What Wine's own folder or WINEDLLPATH is needed for ----

mkdir -p "$folder/dist/wine/x86_64-unix" "$folder/dist/wine/i386-unix" "$folder/library/x86_64-unix"
touch "$folder/dist/wine/x86_64-unix/openicmp-host.so" "$folder/dist/wine/i386-unix/openicmp-host.so" \
    "$folder/library/x86_64-unix/ntdll.so"
ln -s "$dist" "$folder/dist/$arch"
export OPENICMP_DIST_DIR=$folder/dist
WINE=$folder/no-wine must install
grep -q "WINEDLLPATH=$prefix/openicmp/wine" "$folder/log" || fail "it does not say how programs find it: $(cat "$folder/log")"
[[ -e $prefix/openicmp/wine/x86_64-unix/openicmp-host.so ]] || fail "it is not in the prefix"
must uninstall
as_before "uninstalling with the host transport"
export OPENICMP_WINE_LIBRARY=$folder/library
must_not 'not installed in' status --system
must install --system
must status --system
[[ $(cd "$folder/library" && find . -type f | LC_ALL=C sort | tr '\n' ' ') == \
    './x86_64-unix/ntdll.so ./x86_64-unix/openicmp-host.so ' ]] || fail "it is not in Wine's folder, or more is"
must uninstall --system
[[ $(cd "$folder/library" && find . -type f) == ./x86_64-unix/ntdll.so ]] || fail "something is left in Wine's folder"
