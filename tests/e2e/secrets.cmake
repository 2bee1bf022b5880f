# Secrets in whole runs: delivery, references, what is left of them anywhere.
confide_e2e_suite(secrets_test TIMEOUT 300)
confide_e2e_suite(file_view_test TIMEOUT 240)
