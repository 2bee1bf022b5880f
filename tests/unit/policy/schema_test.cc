#include "policy/schema.h"

#include <gtest/gtest.h>

#include "golden.h"
#include "policy/keys.h"

namespace confide::policy {
namespace {

TEST(Schema, IsTheOneThatIsKept) {
  const std::string_view path = "tests/golden/policy-schema.json";
  update_golden(path, schema_json());
  EXPECT_EQ(schema_json(), source_text(path));
}

TEST(Schema, KnowsEveryKeyWithItsMeaning) {
  const std::string schema = schema_json();
  for (const KeyInfo& info : all_keys()) {
    EXPECT_NE(schema.find(cat("\"", leaf(info.path), "\"")), std::string::npos) << info.path;
    EXPECT_NE(schema.find(info.help.substr(0, info.help.find('"'))), std::string::npos) << info.path;
  }
}

TEST(Keys, NoKeyStandsTwiceInASection) {
  for (const KeyInfo& a : all_keys()) {
    for (const KeyInfo& b : all_keys()) {
      if (&a == &b || a.section != b.section) continue;
      EXPECT_NE(a.path, b.path);
      EXPECT_NE(a.key, b.key) << a.path;
    }
  }
}

// What an administrator may write is the beginning of what a profile may: the narrowest words.
TEST(Keys, AnAdministratorsWordsAreTheNarrowOnes) {
  for (const KeyInfo& info : all_keys()) {
    if (info.section != Section::kAdministrator || info.words.empty()) continue;
    const KeyInfo* profile = find_key(Section::kProfile, info.key);
    ASSERT_NE(profile, nullptr) << info.path;
    ASSERT_LT(info.words.size(), profile->words.size()) << info.path;
    for (size_t i = 0; i < info.words.size(); ++i) EXPECT_EQ(info.words[i], profile->words[i]) << info.path;
  }
}

}  // namespace
}  // namespace confide::policy
