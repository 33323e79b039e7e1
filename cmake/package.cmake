# What others build with, beside DLLs, programs and import libraries: headers, a CMake package, pkg-config files; and
# CPack's archives, which hold the same tree as cmake --install makes.
include(CMakePackageConfigHelpers)

install(FILES include/icmpapi.h include/ipexport.h include/openicmp.h DESTINATION include/openicmp COMPONENT development)
install(FILES LICENSE DESTINATION . COMPONENT runtime)

# The version file also refuses programs of the other architecture.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/OpenICMPConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/package/OpenICMPConfig.cmake ${CMAKE_BINARY_DIR}/package/OpenICMPConfigVersion.cmake
    DESTINATION lib/cmake/OpenICMP COMPONENT development)

foreach(dll openicmp icmp iphlpapi)
    set(pc_name openicmp-${dll})
    if(dll STREQUAL openicmp)
        set(pc_name openicmp)
    endif()
    configure_file(cmake/package/pkgconfig.pc.in ${CMAKE_BINARY_DIR}/package/${pc_name}.pc @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/package/${pc_name}.pc DESTINATION lib/pkgconfig COMPONENT development)
endforeach()

if(CMAKE_SIZEOF_VOID_P EQUAL 8)
    set(CPACK_SYSTEM_NAME x64)
else()
    set(CPACK_SYSTEM_NAME x86)
endif()
set(CPACK_PACKAGE_NAME openicmp)
set(CPACK_PACKAGE_FILE_NAME openicmp-${PROJECT_VERSION}-${CPACK_SYSTEM_NAME})
set(CPACK_GENERATOR ZIP TGZ)
set(CPACK_STRIP_FILES ON)
include(CPack)
