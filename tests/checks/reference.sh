#!/usr/bin/env bash
# The API reference is made without a warning, and has every function that the DLLs export for programs.
source "$(dirname "$0")/lib.sh"

command -v doxygen >/dev/null || skip "doxygen is not installed"
"$project_dir/tools/reference"
for function in $(def_names "$project_dir/def/openicmp.def" | sed 's/@.*//'); do
    case $function in
    do_echo_req | do_echo_rep | register_icmp) continue ;; # nobody knows what they do
    GetIpErrorString) continue ;;                          # <iphlpapi.h> declares it
    esac
    grep -Eq "\"memname\">.*[ >]$function </td>" "$project_dir"/build/reference/*_8h.html || fail "$function is not there"
done
