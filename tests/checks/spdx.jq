# Prints what is wrong with an SPDX 2.3 document in JSON, by the rules of the specification that concern what ours has.

def need($condition; $what): if $condition then empty else $what end;

def only($names): (keys_unsorted - $names)[] | "unknown member \(.)";

def hex($digits): type == "string" and test("^[0-9a-f]{\($digits)}$");

. as $document
| ([.SPDXID] + [(.packages, .files)[].SPDXID]) as $ids
| need(.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and .SPDXID == "SPDXRef-DOCUMENT"; "the document's kind"),
  need(.documentNamespace | test("^https?://[^# ]+$"); "the name space"),
  need(.creationInfo.created | test("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$"); "the time"),
  need(.creationInfo.creators | length > 0 and all(test("^(Tool|Person|Organization): .")); "the creators"),
  only(["SPDXID", "spdxVersion", "dataLicense", "name", "documentNamespace", "creationInfo", "packages", "files",
        "relationships"]),
  need($ids | all(test("^SPDXRef-[A-Za-z0-9.-]+$")); "an identifier's form"),
  need($ids | length == (unique | length); "an identifier is there twice"),
  (.packages[]
    | only(["SPDXID", "name", "versionInfo", "primaryPackagePurpose", "downloadLocation", "filesAnalyzed",
            "packageVerificationCode", "licenseDeclared", "copyrightText", "externalRefs"]),
      need(.name and .versionInfo and .downloadLocation; "a package lacks something: \(.SPDXID)"),
      need(.filesAnalyzed == has("packageVerificationCode"); "verification code: \(.SPDXID)"),
      (.externalRefs // [] | .[]
        | need(.referenceCategory == "PACKAGE-MANAGER" and .referenceType == "purl"
                and (.referenceLocator | test("^pkg:deb/[a-z]+/[a-z0-9.+-]+@[^ ?]+\\?arch=[a-z0-9]+$")); "\(.referenceLocator)"))),
  (.files[]
    | only(["SPDXID", "fileName", "fileTypes", "checksums"]),
      need(.fileName | startswith("./"); "a file's name: \(.fileName)"),
      need(.fileTypes - ["BINARY", "SOURCE", "TEXT", "DOCUMENTATION", "IMAGE", "OTHER"] == []; "types: \(.fileName)"),
      need([.checksums[].algorithm] == ["SHA1", "SHA256"]
            and (.checksums[0].checksumValue | hex(40)) and (.checksums[1].checksumValue | hex(64)); "checksums: \(.fileName)")),
  (.relationships[]
    | need(.relationshipType | IN("DESCRIBES", "CONTAINS", "STATIC_LINK", "BUILD_TOOL_OF"); "\(.relationshipType)"),
      need([.spdxElementId, .relatedSpdxElement] - $ids == []; "a relationship with nothing: \(.)")),
  need([.relationships[] | select(.relationshipType == "DESCRIBES")] | length == 1; "what is described"),
  need([.relationships[] | select(.relationshipType == "STATIC_LINK")] | length > 0; "nothing is linked in"),
  need([.relationships[] | select(.relationshipType == "CONTAINS").relatedSpdxElement] | sort
        == ([$document.files[].SPDXID] | sort); "files that nothing contains")
