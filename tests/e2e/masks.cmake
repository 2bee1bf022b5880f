find_package(Python3 REQUIRED COMPONENTS Interpreter)
confide_e2e_test(masks COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/masks_test.py TIMEOUT 300)
