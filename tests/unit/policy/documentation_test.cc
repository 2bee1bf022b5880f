// The pages name every key and every word that a key takes, so that they cannot fall behind the table.
#include <gtest/gtest.h>

#include <string>

#include "golden.h"
#include "policy/keys.h"
#include "policy/presets.h"
#include "policy/toolchains.h"

namespace confide::policy {
namespace {

TEST(Documentation, TheManualNamesEveryKeyAndWord) {
  const std::string page = source_text("docs/man/confide.toml.5.md");
  ASSERT_FALSE(page.empty());
  for (const KeyInfo& info : all_keys()) {
    const std::string key = info.shape == Shape::kTables ? std::string(info.path) : cat("**", info.path, "**");
    EXPECT_NE(page.find(key), std::string::npos) << info.path;
    for (const std::string_view word : info.words)
      EXPECT_NE(page.find(word), std::string::npos) << info.path << " " << word;
  }
}

TEST(Documentation, TheGuideNamesEveryProfileKeyAndToolchain) {
  const std::string page = source_text("docs/policy.md");
  ASSERT_FALSE(page.empty());
  for (const KeyInfo& info : all_keys()) EXPECT_NE(page.find(leaf(info.path)), std::string::npos) << info.path;
  for (const std::string_view name : preset_names())
    EXPECT_NE(page.find(cat("`", name, "`")), std::string::npos) << name;
  for (const std::string_view name : toolchain_names()) EXPECT_NE(page.find(name), std::string::npos) << name;
}

}  // namespace
}  // namespace confide::policy
