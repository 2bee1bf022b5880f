# Masking in whole runs.
confide_e2e_suite(masking_test TIMEOUT 240)
confide_e2e_suite(screens_test TIMEOUT 240)
