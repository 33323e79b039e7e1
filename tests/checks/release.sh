#!/usr/bin/env bash
# ./tools/release gives the same bytes in two folders, at two times, to users with different settings; its DLLs and libraries
# are those of dist/; its list of parts is valid and true.
source "$(dirname "$0")/lib.sh"

command -v jq >/dev/null && command -v zip >/dev/null || skip "jq or zip is not installed"
folder=$(fresh_folder)
name=openicmp-$(project_version)

# release FOLDER: from a copy of this project there.
release() {
    mkdir -p "$folder/$1"
    tar -C "$project_dir" --exclude=./build --exclude=./dist --exclude=./.git --create . | tar -C "$folder/$1" --extract
    SOURCE_DATE_EPOCH=1234567890 "$folder/$1/tools/release" --arch "$arch" --output "$folder/$1-release" \
        >"$folder/log" 2>&1 || fail "no release: $(cat "$folder/log")"
    mv "$folder/$1/build/release/$name" "$folder/$1-tree"
    rm -rf "${folder:?}/$1"
}

(umask 022 && TZ=UTC release one)
(umask 077 && TZ=Asia/Tokyo release the/other/one)
diff -r "$folder/one-tree" "$folder/the/other/one-tree" || fail "two builds differ"
diff -r "$folder/one-release" "$folder/the/other/one-release" || fail "two releases of the same files differ"
diff -r "$folder/one-tree/dist/$arch" "$dist" || fail "the release is not what ./tools/build makes"
! grep -rlF "$folder" "$folder/one-tree" || fail "these name the folder that they were built in"

cd "$folder/one-release"
[[ $(ls) == "SHA256SUMS"$'\n'"$name.spdx.json"$'\n'"$name.tar.gz"$'\n'"$name.zip" ]] || fail "the release is $(ls)"
sha256sum --quiet --check SHA256SUMS || fail "SHA256SUMS is wrong"
for archive in "$name".{zip,tar.gz}; do
    mkdir "$folder/$archive"
    (cd "$folder/$archive" && cmake -E tar xf "$folder/one-release/$archive")
    diff -r "$folder/$archive/$name" "$folder/one-tree" || fail "$archive does not hold what it should"
done

wrong=$(jq --raw-output --from-file "$project_dir/tests/checks/spdx.jq" "$name.spdx.json")
[[ -z $wrong ]] || fail "the SPDX document is wrong: $wrong"
jq --raw-output '.files[] | "\(.checksums[1].checksumValue)  \(.fileName)"' "$name.spdx.json" |
    (cd "$folder/$name.zip/$name" && sha256sum --quiet --check -) || fail "the SPDX document has wrong checksums"
[[ $(jq '.files | length' "$name.spdx.json") == $(find "$folder/one-tree" -type f | wc -l) ]] ||
    fail "the SPDX document does not have all files"
