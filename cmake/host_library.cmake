# The host transport's two halves: openicmp-host.dll, marked as one of Wine's own, and openicmp-host.so, a Linux library
# in the midst of a build for Windows. Wine takes the pair from a folder that is laid out as its own library folder:
#     wine/x86_64-windows/openicmp-host.dll   wine/x86_64-unix/openicmp-host.so     (or i386-windows, i386-unix)
# Such a folder is made in the build folder, for the tests, and installed as the component "wine".

if(CMAKE_SIZEOF_VOID_P EQUAL 8)
    set(wine_machine x86_64)
    set(host_compiler_flags -m64)
else()
    set(wine_machine i386)
    # Times beyond 2038.
    set(host_compiler_flags -m32 -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64)
endif()

# host_library_problem(RESULT): why the two cannot be made here; empty if they can.
function(host_library_problem result)
    find_program(OPENICMP_HOST_CC NAMES gcc clang cc DOC "C compiler for this machine")
    find_program(OPENICMP_WINEBUILD winebuild PATHS /usr/lib/wine DOC "Wine's winebuild (Debian: wine64-tools)")
    set(problem "")
    if(NOT CMAKE_HOST_SYSTEM_NAME STREQUAL "Linux")
        set(problem "the machine that builds is not a Linux one")
    elseif(NOT OPENICMP_HOST_CC)
        set(problem "there is no C compiler for this machine (Debian: gcc)")
    elseif(NOT OPENICMP_WINEBUILD)
        set(problem "there is no winebuild (Debian: wine64-tools)")
    else()
        set(try ${CMAKE_BINARY_DIR}/try_host_compiler)
        file(WRITE ${try}.c "#include <stdio.h>\nint main(void) { return puts(\"\"); }\n")
        execute_process(COMMAND ${OPENICMP_HOST_CC} ${host_compiler_flags} -o ${try} ${try}.c
            RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
        if(failed)
            set(problem "${OPENICMP_HOST_CC} makes no Linux programs for ${wine_machine} (Debian: gcc-multilib)")
        endif()
    endif()
    set(${result} ${problem} PARENT_SCOPE)
endfunction()

function(add_host_library)
    set(tree ${CMAKE_BINARY_DIR}/wine)
    set(library ${tree}/${wine_machine}-unix/openicmp-host.so)
    file(MAKE_DIRECTORY ${tree}/${wine_machine}-unix ${tree}/${wine_machine}-windows)
    list(TRANSFORM host_unix_sources PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE sources)
    set(werror $<$<BOOL:${OPENICMP_WERROR}>:-Werror>)
    # nodelete: to Windows a thread is over as soon as it is terminated, while Linux is still winding it up out of a call
    # of ours; a program that unloads our DLLs in that moment must not take the code away (seen in Wine 10.0).
    file(GLOB_RECURSE headers ${CMAKE_SOURCE_DIR}/src/host/*.h ${CMAKE_SOURCE_DIR}/src/transport/*.h
        ${CMAKE_SOURCE_DIR}/src/wire/*.h)
    add_custom_command(OUTPUT ${library} DEPENDS ${sources} ${headers}
        COMMAND ${OPENICMP_HOST_CC} ${host_compiler_flags} -std=c11 -D_GNU_SOURCE -O2
            -Wall -Wextra -Wpedantic -Wshadow -Wconversion ${werror}
            -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -I ${CMAKE_SOURCE_DIR}/src
            -shared -fPIC -fvisibility=hidden -fstack-protector-strong -pthread
            -Wl,-z,defs -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack -Wl,-z,nodelete -s -o ${library} ${sources}
        COMMAND_EXPAND_LISTS COMMENT "Making openicmp-host.so" VERBATIM)
    add_custom_target(host_library ALL DEPENDS ${library})

    set(def ${CMAKE_SOURCE_DIR}/def/openicmp-host.def)
    add_library(openicmp-host MODULE src/host/dll.c ${def})
    add_version_resource(openicmp-host ${CMAKE_SOURCE_DIR}/def/openicmp-host.rc)
    set_target_properties(openicmp-host PROPERTIES PREFIX "" LINKER_LANGUAGE C)
    target_link_options(openicmp-host PRIVATE ${windows_linker_flags})
    add_custom_command(TARGET openicmp-host POST_BUILD
        COMMAND ${OPENICMP_WINEBUILD} --builtin $<TARGET_FILE:openicmp-host>
        COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:openicmp-host> ${tree}/${wine_machine}-windows
        VERBATIM)

    add_dependencies(dist openicmp-host host_library)
    install(TARGETS openicmp-host LIBRARY DESTINATION . COMPONENT runtime)
    install(TARGETS openicmp-host LIBRARY DESTINATION ${wine_machine}-windows COMPONENT wine EXCLUDE_FROM_ALL)
    install(PROGRAMS ${library} DESTINATION ${wine_machine}-unix COMPONENT wine EXCLUDE_FROM_ALL)
endfunction()

host_library_problem(problem)
if(problem)
    message(WARNING "Without the host transport for ${wine_machine}, because ${problem}. "
        "Programs go through Winsock.")
else()
    add_host_library()
endif()
