# How our DLLs are made for Windows: their exports, version resources and linker flags.

include(${CMAKE_CURRENT_LIST_DIR}/import_libraries.cmake)

set(windows_linker_flags -static-libgcc LINKER:--dynamicbase LINKER:--nxcompat LINKER:--no-insert-timestamp)
if(CMAKE_SIZEOF_VOID_P EQUAL 8)
    list(APPEND windows_linker_flags LINKER:--high-entropy-va)
endif()

# What the folder dist/ is filled with: DLLs, import libraries and samples.
add_custom_target(dist ALL)

# add_version_resource(TARGET RC): gives a DLL or program the resource of this file, which includes def/version.rcinc, with
# the version of project().
function(add_version_resource target rc)
    set_source_files_properties(${rc} PROPERTIES OBJECT_DEPENDS ${CMAKE_SOURCE_DIR}/def/version.rcinc)
    target_sources(${target} PRIVATE ${rc})
    target_compile_definitions(${target} PRIVATE
        OPENICMP_VERSION_MAJOR=${PROJECT_VERSION_MAJOR}
        OPENICMP_VERSION_MINOR=${PROJECT_VERSION_MINOR}
        OPENICMP_VERSION_PATCH=${PROJECT_VERSION_PATCH})
endfunction()

# add_windows_dll(NAME [FACADE] [EXPORTS DEF IMPORTS DEF...] SOURCES SOURCE...)
#
# Makes NAME.dll from the sources, def/NAME.def (the exports) and def/NAME.rc (the version), its import libraries, and
# the target NAME_import to link it. EXPORTS and IMPORTS name other files in the place of def/NAME.def, for the linker
# and for add_import_libraries. A FACADE is a DLL without run-time library, for programs that know its functions by
# another DLL's name.
#
# In def/NAME.def the functions have the names that an x86 compiler gives them, as Name@8. Programs link those, but in
# a DLL's export table and in what programs ask of it the names are plain: --kill-at makes them so. An x64 compiler
# adds nothing, so for x64 the @8 is cut off in a copy of the file.
function(add_windows_dll name)
    cmake_parse_arguments(PARSE_ARGV 1 dll FACADE EXPORTS "IMPORTS;SOURCES")
    if(NOT dll_EXPORTS)
        set(dll_EXPORTS ${CMAKE_SOURCE_DIR}/def/${name}.def)
        if(CMAKE_SIZEOF_VOID_P EQUAL 8)
            set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${dll_EXPORTS})
            file(READ ${dll_EXPORTS} exports)
            string(REGEX REPLACE "([A-Za-z0-9_])@[0-9]+" "\\1" exports "${exports}")
            set(dll_EXPORTS ${CMAKE_BINARY_DIR}/def/${name}.def)
            file(GENERATE OUTPUT ${dll_EXPORTS} CONTENT "${exports}")
        endif()
        set(dll_IMPORTS ${dll_EXPORTS})
        set(kill_at LINKER:--kill-at)
    endif()

    # A module is a shared library for which the linker makes no import library: its own would lack the @8.
    add_library(${name} MODULE ${dll_SOURCES} ${dll_EXPORTS})
    add_version_resource(${name} ${CMAKE_SOURCE_DIR}/def/${name}.rc)
    set_target_properties(${name} PROPERTIES PREFIX "" LINKER_LANGUAGE C)
    target_link_options(${name} PRIVATE ${windows_linker_flags} ${kill_at})
    if(dll_FACADE)
        if(CMAKE_SIZEOF_VOID_P EQUAL 8)
            set(entry DllMain)
        else()
            set(entry _DllMain@12)
        endif()
        target_link_options(${name} PRIVATE -nostdlib LINKER:--entry=${entry})
        target_link_libraries(${name} PRIVATE kernel32 ntdll)
    endif()

    add_import_libraries(${name} ${dll_IMPORTS})
    add_library(${name}_import INTERFACE)
    add_dependencies(${name}_import ${name}_import_libraries ${name})
    target_link_libraries(${name}_import INTERFACE ${CMAKE_BINARY_DIR}/lib/lib${name}.dll.a)

    add_dependencies(dist ${name} ${name}_import_libraries)
    install(TARGETS ${name} LIBRARY DESTINATION . COMPONENT runtime)
endfunction()
