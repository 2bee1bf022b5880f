# Providers: programs themselves and stand-ins.
confide_e2e_test(providers_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/providers_test.py TIMEOUT 240)
confide_e2e_test(providers_http_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/providers_http_test.py TIMEOUT 240)
confide_e2e_test(leases_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/leases_test.py)
