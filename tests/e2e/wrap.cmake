# The whole agent in a sandbox.
confide_e2e_test(wrap_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/wrap_test.py TIMEOUT 240)
confide_e2e_test(prove_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/prove_test.py TIMEOUT 180)
