# find_package(OpenICMP) gives the targets OpenICMP::openicmp, OpenICMP::icmp and OpenICMP::iphlpapi: the functions of the
# ICMP API, imported from the DLL of that name. A program needs one of them. The other two DLLs forward to openicmp.dll,
# so $<TARGET_RUNTIME_DLLS:program> has that as well.
get_filename_component(_openicmp_prefix ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
foreach(_openicmp_name openicmp icmp iphlpapi)
    if(TARGET OpenICMP::${_openicmp_name})
        continue()
    endif()
    add_library(OpenICMP::${_openicmp_name} SHARED IMPORTED)
    if(MSVC)
        set(_openicmp_library ${_openicmp_prefix}/lib/${_openicmp_name}.lib)
    else()
        set(_openicmp_library ${_openicmp_prefix}/lib/lib${_openicmp_name}.dll.a)
    endif()
    set_target_properties(OpenICMP::${_openicmp_name} PROPERTIES
        IMPORTED_LOCATION ${_openicmp_prefix}/${_openicmp_name}.dll
        IMPORTED_IMPLIB ${_openicmp_library}
        INTERFACE_INCLUDE_DIRECTORIES ${_openicmp_prefix}/include/openicmp)
    if(NOT _openicmp_name STREQUAL openicmp)
        set_target_properties(OpenICMP::${_openicmp_name} PROPERTIES INTERFACE_LINK_LIBRARIES OpenICMP::openicmp)
    endif()
endforeach()
unset(_openicmp_library)
unset(_openicmp_name)
unset(_openicmp_prefix)
