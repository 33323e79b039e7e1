#!/usr/bin/env bash
# cmake --install and CPack's two archives give the same files, byte for byte; and what they give is enough for programs
# of others, found as a CMake package or by pkg-config.
source "$(dirname "$0")/lib.sh"

folder=$(fresh_folder)
build=$project_dir/build/$arch
export SOURCE_DATE_EPOCH=0 # for strip, as in tools/lib/build.sh

cmake --install "$build" --prefix "$folder/installed" --strip >"$folder/log" || fail "$(cat "$folder/log")"
(cd "$build" && cpack -B "$folder/packages") >"$folder/log" || fail "$(cat "$folder/log")"
for type in zip tar.gz; do
    mkdir "$folder/$type"
    packages=("$folder/packages"/openicmp-*-"$arch.$type")
    [[ ${#packages[@]} == 1 && -e ${packages[0]} ]] || fail "there is not one package of type $type: ${packages[*]}"
    (cd "$folder/$type" && cmake -E tar xf "${packages[0]}")
    mv "$folder/$type"/*/* "$folder/$type"
    rmdir "$folder/$type/openicmp-"[0-9]*
    diff -r "$folder/installed" "$folder/$type" || fail "the $type is not what cmake --install makes"
done
diff -r "$folder/installed" "$dist" || fail "dist/$arch is not what cmake --install makes"

# run FOLDER PROGRAM: it pings, with the DLLs that lie beside it.
run() {
    WINEDLLOVERRIDES=icmp,iphlpapi=n,b "$project_dir/tools/lib/wine" "$arch" "$folder/$1/$2.exe" || fail "$1/$2 got no reply"
}

# configure COMPILER: the consumer for that compiler, with the package that the zip holds.
configure() {
    cmake -S "$project_dir/tests/checks/consumer" -B "$folder/consumer-$1" -G Ninja -DCMAKE_SYSTEM_NAME=Windows \
        -DCMAKE_C_COMPILER="$1-gcc" -DCMAKE_PREFIX_PATH="$folder/zip" >"$folder/log" 2>&1
}

configure "$triple" || fail "the CMake package is not found: $(cat "$folder/log")"
cmake --build "$folder/consumer-$triple" >"$folder/log" || fail "the consumer cannot be built: $(cat "$folder/log")"
for dll in openicmp icmp iphlpapi; do
    [[ -e $folder/consumer-$triple/$dll/openicmp.dll ]] || fail "openicmp.dll was not copied beside the program"
    [[ $(imported_dlls "$folder/consumer-$triple/$dll/$dll.exe") == *"$dll.dll"* ]] ||
        fail "OpenICMP::$dll does not import from $dll.dll"
    run "consumer-$triple/$dll" "$dll"
done

case $arch in
x64) other=i686-w64-mingw32 ;;
x86) other=x86_64-w64-mingw32 ;;
esac
! configure "$other" || fail "a program for the other architecture takes the package"
grep -q 'not compatible\|not be compatible\|bit)' "$folder/log" || fail "it is not said why: $(cat "$folder/log")"

command -v pkg-config >/dev/null || skip "pkg-config is not installed; all else is well"
mkdir "$folder/pkg-config"
cp "$dist"/*.dll "$folder/pkg-config"
for name in openicmp openicmp-icmp openicmp-iphlpapi; do
    flags=$(PKG_CONFIG_LIBDIR=$folder/zip/lib/pkgconfig pkg-config --cflags --libs "$name")
    # shellcheck disable=SC2086 # they are several
    "$triple-gcc" "${warnings[@]}" -o "$folder/pkg-config/$name.exe" "$project_dir/tests/checks/program_imports.c" $flags -lws2_32
    [[ $(imported_dlls "$folder/pkg-config/$name.exe") == *"${name#openicmp-}.dll"* ]] ||
        fail "$name does not import from ${name#openicmp-}.dll"
    run pkg-config "$name"
done
