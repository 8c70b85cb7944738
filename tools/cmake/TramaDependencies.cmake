# Everything that is not ours, as Debian 12 packages it.
include_guard(GLOBAL)

option(TRAMA_WERROR "Treat warnings as errors" OFF)
option(TRAMA_PCH "Precompile the heavy third-party headers" ON)
option(TRAMA_UNITY "Compile a target's sources by the dozen: a third of the time" OFF)
option(TRAMA_ARCHIVES "Take the large C++ libraries into each program" OFF)
option(TRAMA_FUZZ "Declare the fuzz targets (needs clang)" OFF)
set(TRAMA_SANITIZE "" CACHE STRING "Value of -fsanitize=, empty for none")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Dev)
endif()
# Dev: optimised enough for the simulations, line tables for stack traces, NDEBUG not set.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1" CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_DEV "-O1 -g1" CACHE STRING "" FORCE)
set(CMAKE_EXE_LINKER_FLAGS_DEV "" CACHE STRING "" FORCE)
# Shared libraries (the allocator, libc, libcrypto) are called directly, without a jump on the way: 3 % of
# the instructions of a webhook.
add_compile_options($<$<CONFIG:Release>:-fno-plt>)

# Lines of the log and broken promises name their source below the checkout, wherever it was compiled.
# Without it, a unity file's source, which it includes by its whole path, would differ by checkout, and
# the compiler cache (below) serve only one.
add_compile_options(-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)

# What is alike in front of every source, templates above all, is most of what a compiler does here.
# Names in the anonymous namespaces of one target must therefore differ.
set(CMAKE_UNITY_BUILD ${TRAMA_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12 CACHE STRING "Sources that are compiled together")

find_program(TRAMA_CCACHE ccache)
if(TRAMA_CCACHE)
  # A precompiled header is an input that ccache must look into, hence the sloppiness. Paths below
  # the checkout are hashed relative to it, so that what one checkout compiled serves the next one.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${TRAMA_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
endif()
find_program(TRAMA_MOLD mold)
if(TRAMA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(GTest CONFIG REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS system)
if(TRAMA_SANITIZE MATCHES thread)
  # The thread sanitizer does not know fences, which Asio puts beside the mutexes that it has.
  target_compile_definitions(Boost::headers INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  target_compile_options(Boost::headers INTERFACE -Wno-tsan)
endif()
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(pugixml CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(gmime REQUIRED IMPORTED_TARGET gmime-3.0)
# Its -D_LARGEFILE64_SOURCE means nothing on 64 bits and would keep the precompiled headers out.
set_target_properties(PkgConfig::gmime PROPERTIES INTERFACE_COMPILE_OPTIONS "")
pkg_check_modules(idn2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(icu REQUIRED IMPORTED_TARGET icu-uc icu-i18n)
if(TRAMA_ARCHIVES)
  include(TramaArchives)
else()
  find_library(TRAMA_PHONENUMBER phonenumber REQUIRED)
endif()
# The allocator of the services: they allocate on one thread and free on another all the time, where
# the one of glibc is slow (settings: platform/service/service_main.cc). Where each message of many
# small ones is 130 allocations, TCMalloc's shorter way saves 6 % of all; engines would hold half as
# much memory again with it. Sanitizers bring their own.
if(NOT TRAMA_SANITIZE)
  find_library(TRAMA_ALLOCATOR NAMES libjemalloc.so.2 REQUIRED)
  find_library(TRAMA_WEBHOOK_ALLOCATOR NAMES libtcmalloc_minimal.so.4 REQUIRED)
endif()
include(TramaLibrdkafka)
include(GoogleTest)
