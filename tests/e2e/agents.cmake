# What agents' clients call, and what a person sets up for them. The clients themselves: clients/.
confide_e2e_test(hook_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/hook_test.py)
confide_e2e_test(allow_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/allow_test.py)
confide_e2e_test(setup_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/setup_test.py)
