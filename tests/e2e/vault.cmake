# The embedded vault and environments from the command line: tests/e2e/vault_test.py.
confide_e2e_suite(vault_test TIMEOUT 240)
