#!/usr/bin/env bash
# The documentation hangs together: links lead to what is there, README.md leads to each page, docs/architecture.md knows every
# source file, and CHANGELOG.md this version.
source "$(dirname "$0")/lib.sh"

cd "$project_dir"
wrong=

# note TEXT: something is wrong.
note() {
    wrong+=$'\n'"$*"
}

# anchors PAGE: what its headings are called in links.
anchors() {
    awk '/^```/ { code = !code } !code && /^#+ /' "$1" | sed 's/^#* //' | tr '[:upper:]' '[:lower:]' |
        sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

for page in *.md docs/*.md; do
    while IFS= read -r link; do
        target=${link%%#*}
        file=$page
        [[ -z $target ]] || file=$(realpath -m --relative-to . "$(dirname "$page")/$target")
        if [[ ! -e $file ]]; then
            note "$page links to $target, which is not there"
        elif [[ $link == *'#'* && $file == *.md ]] && ! anchors "$file" | grep -qxF -- "${link#*#}"; then
            note "$page links to $link, and $file has no such heading"
        fi
    done < <(awk '/^```/ { code = !code } !code' "$page" | grep -oE '\]\([^) ]+\)' | sed 's/^](//; s/)$//' | grep -vE '^[a-z]+:' || true)
done

for page in docs/*.md CONTRIBUTING.md CHANGELOG.md SECURITY.md; do
    grep -qF "]($page" README.md || [[ $page == docs/reference.md ]] || note "README.md does not lead to $page"
done

while IFS= read -r file; do
    name=$(basename "$file")
    grep -qE "[\`/]${name%.*}\.[a-zA-Z]\`" docs/architecture.md || note "docs/architecture.md does not name $file"
done < <(find src samples -name '*.[chS]' | sed 's/\.h$/.c/' | sort -u)

grep -qx "## $(project_version)" CHANGELOG.md || note "CHANGELOG.md has no section for $(project_version)"

[[ -z $wrong ]] || fail "The documentation:$wrong"
