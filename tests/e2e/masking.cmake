# Masking in whole runs.
confide_e2e_suite(masking_test TIMEOUT 240)
