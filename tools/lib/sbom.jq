# The SPDX document of a release. $sha1 and $sha256 are what sha1sum and sha256sum print about its files, in one order;
# $packages has a line for each Debian package that it was made with: linked|tool NAME VERSION ARCHITECTURE. What SPDX lets
# one leave out is left out where nothing could be said.

def lines: split("\n")[:-1];

# An identifier may have no other characters.
def id: "SPDXRef-" + gsub("[^A-Za-z0-9.-]"; "-");

def file_types:
    if test("\\.(dll|exe|so|a|lib)$") then ["BINARY"]
    elif test("\\.(h|sh|awk|verb)$|/wine-install$") then ["SOURCE"]
    elif test("\\.(md|txt)$|/LICENSE$") then ["TEXT", "DOCUMENTATION"]
    elif test("\\.svg$") then ["IMAGE"]
    else ["OTHER"] end;

# What a package declares of what is linked in. Parts of mingw-w64's library are under other free licences, which the
# archive has in full.
def declared_licence:
    if startswith("gcc-mingw-w64") then "GPL-3.0-or-later WITH GCC-exception-3.1"
    elif startswith("mingw-w64") then "ZPL-2.1"
    else "NOASSERTION" end;

def relationship($type; $other): {spdxElementId: ., relationshipType: $type, relatedSpdxElement: $other};

[[$sha1, $sha256 | lines] | transpose[]
    | {path: .[0][42:], sha1: .[0][:40], sha256: .[1][:64]}] as $files
| [$packages | lines[] | split(" ") | {role: .[0], name: .[1], version: .[2], architecture: .[3]}] as $packages
| ($name | id) as $release
| {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: $name,
    documentNamespace: "https://spdx.org/spdxdocs/\($name)-\($verification_code)",
    creationInfo: {created: ($seconds | todate), creators: ["Tool: openicmp-tools-release"]},
    packages: ([{
        SPDXID: $release,
        name: "openicmp",
        versionInfo: $version,
        primaryPackagePurpose: "LIBRARY",
        downloadLocation: "NOASSERTION",
        filesAnalyzed: true,
        packageVerificationCode: {packageVerificationCodeValue: $verification_code},
        licenseDeclared: "MIT",
        copyrightText: "Copyright (c) 2026 The OpenICMP authors"
    }] + [$packages | unique_by(.name)[] | {
        SPDXID: (.name | id),
        name,
        versionInfo: .version,
        downloadLocation: "NOASSERTION",
        filesAnalyzed: false,
        licenseDeclared: (.name | declared_licence),
        externalRefs: [{
            referenceCategory: "PACKAGE-MANAGER",
            referenceType: "purl",
            referenceLocator: "pkg:deb/\($distribution)/\(.name)@\(.version | @uri)?arch=\(.architecture)"
        }]
    }]),
    files: [$files[] | {
        SPDXID: (.path[2:] | id),
        fileName: .path,
        fileTypes: (.path | file_types),
        checksums: [{algorithm: "SHA1", checksumValue: .sha1}, {algorithm: "SHA256", checksumValue: .sha256}]
    }],
    relationships: (
        ["SPDXRef-DOCUMENT" | relationship("DESCRIBES"; $release)]
        + [$files[] | .path[2:] as $path | $release | relationship("CONTAINS"; $path | id)]
        + [$packages[] | .name as $package
            | if .role == "linked" then $release | relationship("STATIC_LINK"; $package | id)
              else $package | id | relationship("BUILD_TOOL_OF"; $release) end]
    )
}
