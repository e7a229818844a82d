# The map of rooms: which room may use which. This table is the only place where a room gets its
# link list, and a room sees the headers of what it links and of nothing else (each room has an
# include root of its own), so a dependency that is not written here does not compile.
set(ROOMS base model wire shadow signal intel predict remedy learn store engine http ingest rpc web
          notify teach collect lens apply agent)

set(ROOM_base    )
set(ROOM_model   base)
set(ROOM_wire    model)
# The thinking rooms: pure computation, no clock, disk, network or threads.
set(ROOM_shadow  model)
set(ROOM_signal  model shadow)
set(ROOM_intel   model shadow signal)
set(ROOM_predict model shadow signal intel)
set(ROOM_remedy  model shadow signal intel predict)
# Offline: history files, training, back-tests and their reports.
set(ROOM_learn   model shadow signal intel predict)
set(ROOM_store   wire)
set(ROOM_engine  shadow signal intel predict remedy store)
set(ROOM_http    base)
set(ROOM_ingest  engine wire http learn)
set(ROOM_rpc     engine wire http)
set(ROOM_web     engine wire http ingest)
set(ROOM_notify  engine wire http)
# The site's own past, learnt from while the engine runs.
set(ROOM_teach   engine learn)
set(ROOM_collect model)
# Large third-party parsers, for the agent's parser process alone.
set(ROOM_lens    collect)
# Compares with what the agent saw, so it reads texts with the agent's parsers.
set(ROOM_apply   model collect)
set(ROOM_agent   collect wire)

# driftcast_room(<name> [LIBS <third-party targets>...])
#
# Builds src/<name>: every *.cc is the library, except *_test.cc (one GoogleTest program),
# *_bench.cc (one Google Benchmark program), *_fuzz.cc (one fuzzer each) and *_main.cc (programs,
# declared by the room itself).
function(driftcast_room name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  if(NOT name IN_LIST ROOMS)
    message(FATAL_ERROR "room '${name}' is not on the map (cmake/Rooms.cmake)")
  endif()
  set(dir ${PROJECT_SOURCE_DIR}/src/${name})
  set(root ${PROJECT_BINARY_DIR}/rooms/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${dir} ${root}/${name} SYMBOLIC)

  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${dir}/*_test.cc)
  file(GLOB benches CONFIGURE_DEPENDS ${dir}/*_bench.cc)
  file(GLOB fuzzers CONFIGURE_DEPENDS ${dir}/*_fuzz.cc)
  file(GLOB mains CONFIGURE_DEPENDS ${dir}/*_main.cc)
  list(REMOVE_ITEM sources ${tests} ${benches} ${fuzzers} ${mains} "")

  if(sources)
    add_library(driftcast_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(driftcast_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(driftcast_${name} ${scope} ${root})
  foreach(used IN LISTS ROOM_${name})
    target_link_libraries(driftcast_${name} ${scope} driftcast_${used})
  endforeach()
  target_link_libraries(driftcast_${name} ${scope} ${ARG_LIBS})

  if(tests AND DRIFTCAST_TESTS)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE driftcast_${name} GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT 300)
  endif()
  if(benches AND DRIFTCAST_BENCHMARKS)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE driftcast_${name} benchmark::benchmark_main)
  endif()
  if(DRIFTCAST_TESTS)
    foreach(fuzzer IN LISTS fuzzers)
      get_filename_component(fuzz_name ${fuzzer} NAME_WE)
      driftcast_fuzzer(${name}_${fuzz_name} ${fuzzer} driftcast_${name})
    endforeach()
  endif()
endfunction()

# A fuzzer is a file with LLVMFuzzerTestOneInput. With the `fuzz` preset (clang) it is a libFuzzer
# program; in every other build it is linked with a small driver that replays its corpus
# (tests/corpus/<name>/) and a fixed number of seeded mutations of it, as a test.
function(driftcast_fuzzer target source library)
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE ${library})
  if(DRIFTCAST_LIBFUZZER)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set_property(GLOBAL APPEND PROPERTY DRIFTCAST_FUZZERS ${target})
  else()
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz_driver.cc)
    add_test(NAME fuzz.${target} COMMAND ${target} ${PROJECT_SOURCE_DIR}/tests/corpus/${target})
    set_tests_properties(fuzz.${target} PROPERTIES TIMEOUT 120)
  endif()
endfunction()
