confide_fuzz_target(vault SOURCES fuzz_vault.cc DEPENDS confide_vault)
