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
if(TRAMA_SANITIZE)
  add_compile_options(-fsanitize=${TRAMA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TRAMA_SANITIZE})
endif()

# Two sets of precompiled headers: one for pure code, one for code that touches the outside.
add_library(trama_core_pch OBJECT ${PROJECT_SOURCE_DIR}/tools/cmake/pch.cc)
target_link_libraries(trama_core_pch PUBLIC trama_options protobuf::libprotobuf absl::strings)
add_library(trama_edge_pch OBJECT ${PROJECT_SOURCE_DIR}/tools/cmake/pch.cc)
target_link_libraries(trama_edge_pch PUBLIC trama_options protobuf::libprotobuf gRPC::grpc++ absl::strings)
if(TRAMA_PCH)
  set(core_headers <algorithm> <functional> <map> <memory> <optional> <string> <string_view>
    <utility> <variant> <vector> <google/protobuf/message.h> <google/protobuf/util/json_util.h>
    <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/strings/str_format.h>
    <absl/time/time.h> <absl/container/btree_map.h>)
  target_precompile_headers(trama_core_pch PRIVATE ${core_headers})
  target_precompile_headers(trama_edge_pch PRIVATE ${core_headers} <thread> <mutex>
    <condition_variable> <grpcpp/grpcpp.h>)
endif()

# _trama_use_pch(<target> core|edge)
function(_trama_use_pch target kind)
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

# trama_library(<name> KIND core|edge SRCS ... [DEPS ...]): library trama::<name>.
# `core` is pure code, `edge` may touch Kafka, Redis, gRPC, HTTP, clocks and threads.
function(trama_library name)
  cmake_parse_arguments(ARG "" "KIND" "SRCS;DEPS" ${ARGN})
  _trama_require("trama_library(${name})" KIND SRCS)
  add_library(trama_${name} STATIC ${ARG_SRCS})
  add_library(trama::${name} ALIAS trama_${name})
  target_link_libraries(trama_${name} PUBLIC trama_options protobuf::libprotobuf absl::strings ${ARG_DEPS})
  if(ARG_KIND STREQUAL "edge")
    target_link_libraries(trama_${name} PUBLIC gRPC::grpc++)
  endif()
  _trama_use_pch(trama_${name} ${ARG_KIND})
endfunction()

# trama_binary(<name> SRCS ... [DEPS ...]): a program that is not a service.
function(trama_binary name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  _trama_require("trama_binary(${name})" SRCS)
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE trama_options protobuf::libprotobuf absl::strings gRPC::grpc++ ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  _trama_use_pch(${name} edge)
endfunction()

# trama_test(<name> LABEL unit|sim|integration|suite [THREADS] SRCS ... [DEPS ...] [TIMEOUT s]
#   [KIND core|edge])
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
  if(ARG_KIND STREQUAL "edge")
    target_link_libraries(${name} PRIVATE gRPC::grpc++)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  _trama_use_pch(${name} ${ARG_KIND})
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

# trama_service(<name> [WEBHOOKS]
#   CORE  pure sources: may link kernel and protos only
#   EDGE  sources that touch Kafka, Redis, gRPC, HTTP
#   TESTS sources of <name>_test
#   CORE_DEPS, DEPS  further libraries of the core, of the edge)
#
# WEBHOOKS: takes in many small requests, and has the allocator for them.
#
# Makes trama_<name>_core, trama_<name>_edge, trama-<name> (from main.cc) and <name>_test; refuses a
# service without a README and manifests, so that adding one is one commit.
function(trama_service name)
  cmake_parse_arguments(ARG "WEBHOOKS" "" "CORE;EDGE;TESTS;DEPS;CORE_DEPS" ${ARGN})
  _trama_require("trama_service(${name})" CORE TESTS)
  foreach(needed ${CMAKE_CURRENT_SOURCE_DIR}/README.md
      ${PROJECT_SOURCE_DIR}/k8s/base/${name}/kustomization.yaml)
    if(NOT EXISTS ${needed})
      message(FATAL_ERROR "trama_service(${name}): ${needed} is missing")
    endif()
  endforeach()

  trama_library(${name}_core KIND core SRCS ${ARG_CORE} DEPS trama::kernel trama::protos ${ARG_CORE_DEPS})
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
