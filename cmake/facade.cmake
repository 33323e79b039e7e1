# Makes what iphlpapi.dll is built of from the table def/iphlpapi.list, whose first comment explains its columns.

# generate_facade(FOLDER): writes to FOLDER, for the architecture at hand,
#     iphlpapi.def             what the linker exports
#     iphlpapi.import.def      what import libraries are made of, names as compilers ask for them
#     iphlpapi.plain.def       the same without the functions whose decorated names the DLL exports, and
#     iphlpapi.decorated.def   only those, for llvm-dlltool
#     system_functions.S       a line for each function that is passed through, for src/facade/system_function.S
function(generate_facade folder)
    set(table ${CMAKE_SOURCE_DIR}/def/iphlpapi.list)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${table} ${CMAKE_SOURCE_DIR}/def/openicmp.def)
    file(STRINGS ${table} lines REGEX "^[^#]")
    file(READ ${CMAKE_SOURCE_DIR}/def/openicmp.def engine_exports)
    if(CMAKE_SIZEOF_VOID_P EQUAL 8)
        set(arch x64)
    else()
        set(arch x86)
    endif()

    set(exports "")
    set(plain "")
    set(decorated "")
    set(llvm_decorated "")
    set(code "")
    foreach(line IN LISTS lines)
        if(NOT line MATCHES "^([A-Za-z0-9_@]+) +([0-9]+|[?]) +(openicmp|system +(error|zero|handle) *(x64)?) *$")
            message(FATAL_ERROR "${table}: cannot read \"${line}\"")
        endif()
        set(name ${CMAKE_MATCH_1})
        set(bytes ${CMAKE_MATCH_2})
        set(whose ${CMAKE_MATCH_3})
        set(lacking ${CMAKE_MATCH_4})
        if(CMAKE_MATCH_5 AND NOT CMAKE_MATCH_5 STREQUAL arch)
            continue()
        endif()

        if(whose STREQUAL openicmp AND NOT engine_exports MATCHES "[ \n]${name}@${bytes}\n")
            message(FATAL_ERROR "${table}: ${name} is to be forwarded, but def/openicmp.def has no ${name}@${bytes}")
        endif()
        if(lacking)
            string(MAKE_C_IDENTIFIER ${name} symbol)
            string(APPEND exports "    \"${name}\" = system_${symbol}\n")
            string(APPEND code "system_function ${symbol}, \"${name}\", ${bytes}, ${lacking}\n")
        else()
            string(APPEND exports "    \"${name}\" = openicmp.${name}\n")
        endif()

        # Compilers ask for _Pf...@24 when a program calls Pf... on x86, and that is also what the DLL calls it there.
        string(REGEX REPLACE "^_(Pf[A-Za-z]+)@[0-9]+$" "\\1" plain_name ${name})
        if(arch STREQUAL x64 AND plain_name STREQUAL name)
            string(APPEND plain "    ${name}\n")
        elseif(arch STREQUAL x86 AND NOT plain_name STREQUAL name)
            string(APPEND decorated "    ${plain_name}@${bytes} == ${name}\n")
            string(APPEND llvm_decorated "    ${name}\n    ${plain_name}@${bytes}==${name}\n")
        elseif(arch STREQUAL x86 AND NOT bytes STREQUAL "?")
            string(APPEND plain "    ${name}@${bytes}\n")
        endif()
    endforeach()
    set(made "made from def/iphlpapi.list by cmake/facade.cmake")
    set(head "; ${made}\nLIBRARY iphlpapi.dll\nEXPORTS\n")
    file(GENERATE OUTPUT ${folder}/iphlpapi.def CONTENT "${head}${exports}")
    file(GENERATE OUTPUT ${folder}/iphlpapi.import.def CONTENT "${head}${plain}${decorated}")
    file(GENERATE OUTPUT ${folder}/iphlpapi.plain.def CONTENT "${head}${plain}")
    file(GENERATE OUTPUT ${folder}/iphlpapi.decorated.def CONTENT "${head}${llvm_decorated}")
    file(GENERATE OUTPUT ${folder}/system_functions.S
        CONTENT "/* ${made} */\n#include \"facade/system_function.S\"\n\n${code}")
endfunction()
