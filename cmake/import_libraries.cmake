# Import libraries of our DLLs, for linkers of both kinds.

if(CMAKE_SIZEOF_VOID_P EQUAL 8)
    set(llvm_machine i386:x86-64)
else()
    set(llvm_machine i386)
endif()
find_program(OPENICMP_LLVM_DLLTOOL llvm-dlltool DOC "Makes import libraries for Microsoft's linker and lld-link")
find_program(OPENICMP_LLVM_LIB llvm-lib DOC "Joins import libraries for Microsoft's linker and lld-link")
if(NOT OPENICMP_LLVM_DLLTOOL OR NOT OPENICMP_LLVM_LIB)
    message(STATUS "No llvm-dlltool or llvm-lib: there will be no .lib files (they come with Debian's package llvm)")
endif()

# add_import_libraries(NAME DEF [PLAIN_DEF DECORATED_DEF])
#
# Makes lib/libNAME.dll.a for GNU linkers and lib/NAME.lib, a short import library, for Microsoft's linker and lld-link,
# and the target NAME_import_libraries. In DEF, functions have the names that compilers give them, as Name@8 on x86, and
# the @8 is no part of what the DLL exports. If it is for some, llvm-dlltool has to be told by two files: one of those
# without it, which is treated like DEF, and one of those with it.
function(add_import_libraries name def)
    set(folder ${CMAKE_BINARY_DIR}/lib)
    file(MAKE_DIRECTORY ${folder})

    set(gnu ${folder}/lib${name}.dll.a)
    # dlltool makes symbols of its output's path as it is told it: let that name no folder of this machine.
    add_custom_command(OUTPUT ${gnu} DEPENDS ${def}
        COMMAND ${CMAKE_DLLTOOL} --kill-at --temp-prefix ${name} --dllname ${name}.dll --input-def ${def}
            --output-lib lib${name}.dll.a
        WORKING_DIRECTORY ${folder} COMMENT "Making lib${name}.dll.a" VERBATIM)
    set(libraries ${gnu})

    if(OPENICMP_LLVM_DLLTOOL AND OPENICMP_LLVM_LIB)
        set(dlltool ${OPENICMP_LLVM_DLLTOOL} -m ${llvm_machine} -D ${name}.dll)
        set(short ${folder}/${name}.lib)
        if(ARGC EQUAL 2)
            set(commands COMMAND ${dlltool} -k -d ${def} -l ${short})
        else()
            set(plain ${CMAKE_BINARY_DIR}/${name}.plain.lib)
            set(decorated ${CMAKE_BINARY_DIR}/${name}.decorated.lib)
            set(commands
                COMMAND ${dlltool} -k -d ${ARGV2} -l ${plain}
                COMMAND ${dlltool} -d ${ARGV3} -l ${decorated}
                COMMAND ${OPENICMP_LLVM_LIB} -out:${short} ${plain} ${decorated})
        endif()
        add_custom_command(OUTPUT ${short} DEPENDS ${def} ${commands} COMMENT "Making ${name}.lib" VERBATIM)
        list(APPEND libraries ${short})
    endif()

    add_custom_target(${name}_import_libraries ALL DEPENDS ${libraries})
    install(FILES ${libraries} DESTINATION lib COMPONENT development)
endfunction()
