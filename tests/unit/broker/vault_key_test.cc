#include "broker/vault_key.h"

#include <gtest/gtest.h>

namespace confide::broker {
namespace {

TEST(VaultKey, WhatSystemdCredsSays) {
  constexpr std::pair<const char*, const char*> kRows[] = {
      {"Failed to determine local credential host secret: Permission denied\n", "only root"},
      {"Failed to determine local credential key: No such file or directory\n", "systemd-creds setup"},
      {"Failed to determine local credential host secret: Read-only file system\n", "systemd-creds setup"},
      {"Decryption failed (incorrect key?): error:00000000\n", "another host"},
      {"Embedded credential name 'x' does not match filename 'confide-vault', refusing.\n", "another host"},
      {"one line\nFailed to \x1b[31mfly\n", "systemd-creds failed: Failed to \\x1b[31mfly"},
      {"", "systemd-creds failed"},
  };
  for (const auto& [said, words] : kRows) {
    const Error error = explain_systemd_failure(said, 0);
    EXPECT_EQ(error.kind, ErrorKind::kRefused);
    EXPECT_NE(error.what.find(words), std::string::npos) << error.what;
    EXPECT_EQ(error.what.find('\n'), std::string::npos) << error.what;
  }
}

// A host without a key would not help anybody but root to get one.
TEST(VaultKey, TheHostsKeyIsForRootAlone) {
  const Error error =
      explain_systemd_failure("Failed to determine local credential key: No such file or directory\n", 1);
  EXPECT_NE(error.what.find("only root"), std::string::npos) << error.what;
}

}  // namespace
}  // namespace confide::broker
