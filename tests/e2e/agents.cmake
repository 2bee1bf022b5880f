# What agents' clients call, and what a person sets up for them. The clients themselves: clients/.
confide_e2e_test(hook_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/hook_test.py)
confide_e2e_test(allow_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/allow_test.py)
confide_e2e_test(setup_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/setup_test.py)

# The real clients, as a user who is not root unless said: scripts/install-deps --clients gets them.
foreach(client claude codex managed docs wrapped terminal)
  confide_e2e_test(clients_${client} COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/clients/${client}_test.py AS user TIMEOUT 300)
endforeach()
# Root's own sandbox is another: its user namespace is root's, and the agent has another kernel uid.
confide_e2e_test(clients_wrapped_by_root COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/clients/wrapped_test.py
  ClaudeCode.test_reading Codex.test_reading ClaudeCode.test_the_work_goes_on Codex.test_the_work_goes_on
  ClaudeCode.test_its_own_sandbox_starts_inside Codex.test_its_own_sandbox_starts_inside AS root TIMEOUT 300)
confide_e2e_test(clients_wrapped_by_root_all COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/clients/wrapped_test.py
  AS root NIGHTLY TIMEOUT 600)
confide_e2e_test(clients_wrapped_200 COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/clients/wrapped_test.py
  AtLength AS user NIGHTLY TIMEOUT 600)
confide_e2e_test(clients_codex_200 COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/clients/codex_test.py
  AtLength AS user NIGHTLY TIMEOUT 600)
confide_e2e_test(clients_claude_200 COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/clients/claude_test.py
  AtLength AS user NIGHTLY TIMEOUT 600)
