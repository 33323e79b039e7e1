#!/usr/bin/env bash
# An object that clang has compiled as Microsoft's compiler does, against our headers, is linked by lld-link with each of
# our .lib files, and the program pings through that DLL and no other.
source "$(dirname "$0")/lib.sh"

for tool in clang lld-link llvm-dlltool; do
    command -v "$tool" >/dev/null || skip "$tool is not installed"
done
case $arch in
x64) machine=i386:x86-64 target=x86_64-pc-windows-msvc ;;
x86) machine=i386 target=i686-pc-windows-msvc ;;
esac

folder=$(fresh_folder)
cp "$dist"/*.dll "$folder"
clang "--target=$target" -std=c11 -O2 -Wall -Wextra -Werror -I "$project_dir/include" -I "$project_dir/tests" \
    -isystem "$project_dir/tests/checks/msvc" -c -o "$folder/program.obj" "$project_dir/tests/checks/msvc/program.c"
# Of the system's functions it needs only this one.
printf 'LIBRARY kernel32.dll\nEXPORTS\n    ExitProcess@4\n' >"$folder/kernel32.def"
[[ $arch == x86 ]] || sed -i 's/@4//' "$folder/kernel32.def"
llvm-dlltool -m "$machine" -k -D kernel32.dll -d "$folder/kernel32.def" -l "$folder/kernel32.lib"

for dll in openicmp icmp iphlpapi; do
    lld-link -nologo -nodefaultlib -subsystem:console -entry:start "-out:$folder/$dll.exe" "$folder/program.obj" \
        "$dist/lib/$dll.lib" "$folder/kernel32.lib"
    imports=$(imported_dlls "$folder/$dll.exe" | LC_ALL=C sort)
    [[ $imports == $(printf '%s\n' "$dll.dll" kernel32.dll | LC_ALL=C sort) ]] || fail "$dll.exe imports from $imports"
    status=0
    WINEDLLOVERRIDES=icmp,iphlpapi=n,b "$project_dir/tools/lib/wine" "$arch" "$folder/$dll.exe" || status=$?
    ((status == 0)) || fail "$dll.exe got no reply: status $status"
done
