# librdkafka from source (tools/lib/get_librdkafka says why), as the target `rdkafka`; its headers
# are <librdkafka/rdkafka.h>, as where it is installed.
include_guard(GLOBAL)

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/lib/get_librdkafka)
execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/lib/get_librdkafka
  OUTPUT_VARIABLE librdkafka OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)

file(GLOB sources ${librdkafka}/src/*.c ${librdkafka}/src/nanopb/*.c
  ${librdkafka}/src/opentelemetry/*.c)
# What its configuration leaves out: Windows, Cyrus SASL, libcurl (OAuth by HTTP), its own LZ4 and regex.
list(FILTER sources EXCLUDE REGEX
  "/(rdkafka_sasl_win32|rdkafka_sasl_cyrus|rdkafka_sasl_oauthbearer_oidc|rdhttp|lz4[a-z]*|regexp)\\.c$")
pkg_check_modules(rdkafka_needs REQUIRED IMPORTED_TARGET libssl libcrypto liblz4 libzstd zlib)

# Copied below the build: a compiler cache tells places outside of the checkout apart.
foreach(header rdkafka.h rdkafka_mock.h)
  configure_file(${librdkafka}/src/${header} ${PROJECT_BINARY_DIR}/include/librdkafka/${header} COPYONLY)
endforeach()

add_library(rdkafka STATIC ${sources})
set_target_properties(rdkafka PROPERTIES UNITY_BUILD OFF)
target_include_directories(rdkafka SYSTEM PUBLIC ${PROJECT_BINARY_DIR}/include)
target_include_directories(rdkafka PRIVATE ${librdkafka}/src)
target_link_libraries(rdkafka PRIVATE PkgConfig::rdkafka_needs Threads::Threads m ${CMAKE_DL_LIBS})
# Others' code: optimised in every build, and without our warnings.
target_compile_options(rdkafka PRIVATE -O2 -w)
