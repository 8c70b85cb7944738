# The functions that declare everything we build: libraries, tests, services.
include_guard(GLOBAL)

# Warnings, standard and sanitizers for everything we compile.
add_library(trama_options INTERFACE)
target_compile_features(trama_options INTERFACE cxx_std_20)
target_include_directories(trama_options INTERFACE ${PROJECT_SOURCE_DIR})
# GCC 12 reports overlaps and bounds in std::string's own code that cannot happen (GCC bugs 105329,
# 105651); the sanitizer builds watch for the real ones.
target_compile_options(trama_options INTERFACE
  -Wall -Wextra $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local> -Wnon-virtual-dtor -Wimplicit-fallthrough
  -Wno-missing-field-initializers
  "$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>"
  $<$<BOOL:${TRAMA_WERROR}>:-Werror>)
if(TRAMA_UNITY)
  # In a unity file, the .cc is an included one, which GCC warns of where a class or a coroutine's frame
  # holds what an anonymous namespace declares.
  target_compile_options(trama_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(TRAMA_SANITIZE)
  add_compile_options(-fsanitize=${TRAMA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TRAMA_SANITIZE})
endif()

# Three sets of precompiled headers: for pure code, for code that touches the outside, and for tests.
add_library(trama_core_pch OBJECT ${PROJECT_SOURCE_DIR}/tools/cmake/pch.cc)
target_link_libraries(trama_core_pch PUBLIC trama_options protobuf::libprotobuf absl::strings)
add_library(trama_edge_pch OBJECT ${PROJECT_SOURCE_DIR}/tools/cmake/pch.cc)
target_link_libraries(trama_edge_pch PUBLIC trama_options protobuf::libprotobuf gRPC::grpc++ absl::strings)
add_library(trama_test_pch OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tools/cmake/pch.cc)
target_link_libraries(trama_test_pch PUBLIC trama_options protobuf::libprotobuf gRPC::grpc++
  absl::strings GTest::gmock)
if(TRAMA_PCH)
  set(core_headers <algorithm> <functional> <map> <memory> <optional> <string> <string_view>
    <utility> <variant> <vector> <google/protobuf/message.h> <google/protobuf/util/json_util.h>
    <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/strings/str_format.h>
    <absl/time/time.h> <absl/container/btree_map.h>)
  set(edge_headers ${core_headers} <thread> <mutex> <condition_variable> <grpcpp/grpcpp.h>)
  target_precompile_headers(trama_core_pch PRIVATE ${core_headers})
  target_precompile_headers(trama_edge_pch PRIVATE ${edge_headers})
  target_precompile_headers(trama_test_pch PRIVATE ${edge_headers} <gmock/gmock.h> <gtest/gtest.h>)
endif()

# Sanitized, code is compiled without optimisation, and tests without the checks of every pointer that
# they follow (null, which address reports as well, alignment, and vptr): a third and two fifths of the
# time of a compiler. Product code has all checks.
set(TRAMA_OF_TESTS "")
if(TRAMA_SANITIZE)
  foreach(pch core edge test)
    target_compile_options(trama_${pch}_pch PRIVATE -O0)
  endforeach()
  if(TRAMA_SANITIZE MATCHES undefined)
    set(TRAMA_OF_TESTS -fno-sanitize=null,alignment,vptr)
  endif()
endif()

# _trama_compile(<target> core|edge|test|simulated): with the precompiled headers of its kind.
# simulated: pure code that runs for minutes, and is optimised always.
function(_trama_compile target kind)
  if(kind STREQUAL "simulated")
    if(TRAMA_SANITIZE)
      return()
    endif()
    set(kind core)
  elseif(TRAMA_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
  if(TRAMA_PCH)
    target_precompile_headers(${target} REUSE_FROM trama_${kind}_pch)
  endif()
endfunction()

function(_trama_require context)
  foreach(name IN LISTS ARGN)
    if(NOT ARG_${name})
      message(FATAL_ERROR "${context}: ${name} is missing")
    endif()
  endforeach()
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${context}: not understood: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
endfunction()

# trama_library(<name> KIND core|simulated|edge SRCS ... [DEPS ...]): library trama::<name>.
# `core` is pure code, and `simulated` that of simulations; `edge` may touch Kafka, Redis, gRPC, HTTP,
# clocks and threads.
function(trama_library name)
  cmake_parse_arguments(ARG "" "KIND" "SRCS;DEPS" ${ARGN})
  _trama_require("trama_library(${name})" KIND SRCS)
  add_library(trama_${name} STATIC ${ARG_SRCS})
  add_library(trama::${name} ALIAS trama_${name})
  target_link_libraries(trama_${name} PUBLIC trama_options protobuf::libprotobuf absl::strings ${ARG_DEPS})
  if(ARG_KIND STREQUAL "edge")
    target_link_libraries(trama_${name} PUBLIC gRPC::grpc++)
  endif()
  _trama_compile(trama_${name} ${ARG_KIND})
endfunction()

# trama_binary(<name> SRCS ... [DEPS ...]): a program that is not a service.
function(trama_binary name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  _trama_require("trama_binary(${name})" SRCS)
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE trama_options protobuf::libprotobuf absl::strings gRPC::grpc++ ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  _trama_compile(${name} edge)
endfunction()

# trama_test(<name> LABEL unit|sim|integration|suite [THREADS] SRCS ... [DEPS ...] [TIMEOUT s]
#   [KIND core|simulated|edge])
# `unit` and `sim` need nothing but the binary. `integration` and `suite` find a real broker and a
# real Redis through the environment and run one binary = one CTest entry.
# THREADS: it has threads and no gRPC, so that the thread sanitizer can judge it: it also gets the
# label `threads`, and is built by the target `threads_tests`. (With the libgrpc of Debian, which is
# not instrumented, the sanitizer reports races that are none: grpc/grpc issue 22325.)
add_custom_target(threads_tests)
function(trama_test name)
  cmake_parse_arguments(ARG "THREADS" "LABEL;TIMEOUT;KIND" "SRCS;DEPS" ${ARGN})
  _trama_require("trama_test(${name})" LABEL SRCS)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_KIND)
    set(ARG_KIND edge)
  endif()
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE trama_options protobuf::libprotobuf absl::strings
    ${ARG_DEPS} GTest::gmock GTest::gtest GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_compile_options(${name} PRIVATE ${TRAMA_OF_TESTS})
  if(ARG_KIND STREQUAL "edge")
    target_link_libraries(${name} PRIVATE gRPC::grpc++)
    _trama_compile(${name} test)
  else()
    _trama_compile(${name} ${ARG_KIND})
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set(labels ${ARG_LABEL})
  if(ARG_THREADS)
    list(APPEND labels threads)
    add_dependencies(threads_tests ${name})
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${ARG_TIMEOUT})
  if(ARG_LABEL MATCHES "integration|suite")
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()

# trama_service(<name> [WEBHOOKS] [SIMULATED]
#   CORE  pure sources: may link kernel and protos only
#   EDGE  sources that touch Kafka, Redis, gRPC, HTTP
#   TESTS sources of <name>_test
#   CORE_DEPS, DEPS  further libraries of the core, of the edge)
#
# WEBHOOKS: takes in many small requests, and has the allocator for them. SIMULATED: its core is.
#
# Makes trama_<name>_core, trama_<name>_edge, trama-<name> (from main.cc) and <name>_test; refuses a
# service without a README and manifests, so that adding one is one commit.
function(trama_service name)
  cmake_parse_arguments(ARG "WEBHOOKS;SIMULATED" "" "CORE;EDGE;TESTS;DEPS;CORE_DEPS" ${ARGN})
  _trama_require("trama_service(${name})" CORE TESTS)
  foreach(needed ${CMAKE_CURRENT_SOURCE_DIR}/README.md
      ${PROJECT_SOURCE_DIR}/k8s/base/${name}/kustomization.yaml)
    if(NOT EXISTS ${needed})
      message(FATAL_ERROR "trama_service(${name}): ${needed} is missing")
    endif()
  endforeach()

  set(kind core)
  if(ARG_SIMULATED)
    set(kind simulated)
  endif()
  trama_library(${name}_core KIND ${kind} SRCS ${ARG_CORE} DEPS trama::kernel trama::protos ${ARG_CORE_DEPS})
  set(edge trama::${name}_core)
  if(ARG_EDGE)
    trama_library(${name}_edge KIND edge SRCS ${ARG_EDGE}
      DEPS trama::${name}_core trama::platform trama::grpc ${ARG_DEPS})
    set(edge trama::${name}_edge)
  endif()
  set(allocator ${TRAMA_ALLOCATOR})
  if(ARG_WEBHOOKS)
    set(allocator ${TRAMA_WEBHOOK_ALLOCATOR})
  endif()
  trama_binary(trama-${name} SRCS main.cc DEPS ${allocator} ${edge} trama::platform)
  trama_test(${name}_test LABEL unit SRCS ${ARG_TESTS} DEPS ${edge} trama::platform)
endfunction()
