# The attacks (attacks*.py). Root shows outside what only root can show, so root runs them for both kinds of caller; the
# variant `user` is what an unprivileged person's own run of the tests can show. What attacks as a user takes what it
# finds from every process of that user: so it has a user of its own, or runs alone.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(attack_programs --confide $<TARGET_FILE:confide> --probe $<TARGET_FILE:confide-probe>)

function(confide_attacks name script)
  cmake_parse_arguments(arg "" "" "ARGUMENTS" ${ARGN})
  set(command ${Python3_EXECUTABLE} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${script} ${attack_programs} ${arg_ARGUMENTS})
  confide_e2e_test(${name}_by_root AS root COMMAND ${command} --as-root ${arg_UNPARSED_ARGUMENTS})
  confide_e2e_test(${name}_by_user AS root COMMAND ${command} --as-user confide-${name} ${arg_UNPARSED_ARGUMENTS})
  confide_e2e_test(${name} AS user SERIAL COMMAND ${command} --as-user --profile tool ${arg_UNPARSED_ARGUMENTS})
endfunction()

confide_attacks(attacks attacks.py TIMEOUT 600 ARGUMENTS --quiet)
confide_attacks(attacks_stdio attacks_stdio.py TIMEOUT 300)
confide_attacks(attacks_race attacks_race.py TIMEOUT 600 ARGUMENTS --rounds 15)
confide_attacks(attacks_race_long attacks_race.py TIMEOUT 1800 NIGHTLY ARGUMENTS --rounds 300)
confide_e2e_test(attacks_core AS root SERIAL TIMEOUT 120
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/attacks_core.py ${attack_programs})
