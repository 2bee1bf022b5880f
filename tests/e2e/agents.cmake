# What agents' clients call, and what a person sets up for them. The clients themselves: clients/.
confide_e2e_test(hook_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/hook_test.py)
confide_e2e_test(allow_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/allow_test.py)
confide_e2e_test(setup_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/setup_test.py)

# The real clients, as a user who is not root: scripts/install-deps --clients gets them.
foreach(client claude codex managed docs)
  confide_e2e_test(clients_${client} COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/clients/${client}_test.py AS user TIMEOUT 300)
endforeach()
confide_e2e_test(clients_claude_200 COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/clients/claude_test.py
  AtLength AS user NIGHTLY TIMEOUT 600)
