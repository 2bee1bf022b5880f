#include "policy/mask_names.h"

#include <gtest/gtest.h>

#include <chrono>
#include <tuple>

namespace confide::policy {
namespace {

TEST(Globs, MatchWholePaths) {
  const std::tuple<std::string_view, std::string_view, bool> kCases[] = {
      {"a", "a", true},
      {"a", "b", false},
      {"a", "a/b", false},
      {"*", "a", true},
      {"*", ".a", true},
      {"*", "a/b", false},
      {"*.key", "x.key", true},
      {"*.key", ".key", true},
      {"*.key", "x.keys", false},
      {"?.key", "x.key", true},
      {"?.key", ".key", false},
      {"a*b*c", "aXbYc", true},
      {"a*b*c", "abcb", false},
      {"a*b*c", "abbbc", true},
      {"config/*.key", "config/x.key", true},
      {"config/*.key", "config/sub/x.key", false},
      {"**", "a", true},
      {"**", "a/b/c", true},
      {"**/x", "x", true},
      {"**/x", "a/b/x", true},
      {"a/**", "a", true},
      {"a/**", "a/b/c", true},
      {"a/**/z", "a/z", true},
      {"a/**/z", "a/b/c/z", true},
      {"a/**/z", "a/b/c/y", false},
      {"**/a/**/b", "x/a/a/y/b", true},
      {"**/a/*/b", "x/a/a/y/b", true},
      {"[ab]", "a", false},
      {"[ab]", "[ab]", true},
      {"a/**", "", false},
  };
  for (const auto& [glob, path, matches] : kCases)
    EXPECT_EQ(glob_matches(glob, path), matches) << glob << " on " << path;
}

TEST(Globs, AreRefusedWhereTheyMeanNothing) {
  for (const std::string_view bad : {"", "/a", "a/", "a//b", "./a", "a/../b", "..", "a**", "**b/c", "a/***"}) {
    EXPECT_FALSE(check_glob(bad).has_value()) << bad;
    EXPECT_FALSE(glob_matches(bad, "a")) << bad;
  }
  EXPECT_FALSE(check_glob(std::string(1025, 'a')).has_value());
}

// A matcher that tries every way takes longer than the age of the universe for these.
TEST(Globs, NoPatternIsExponential) {
  std::string stars;
  std::string folders;
  for (int i = 0; i < 100; ++i) {
    stars += "*a";
    folders += "**/a/";
  }
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(glob_matches(stars + "b", std::string(4000, 'a')));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "a/";
  EXPECT_FALSE(glob_matches(folders + "b", deep + "c"));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(2));
}

TEST(Globs, SayWhetherAFolderIsWorthWalking) {
  EXPECT_TRUE(glob_may_match_below("config/*.key", "config"));
  EXPECT_TRUE(glob_may_match_below("config/*.key", ""));
  EXPECT_FALSE(glob_may_match_below("config/*.key", "src"));
  EXPECT_FALSE(glob_may_match_below("config/*.key", "config/sub"));
  EXPECT_TRUE(glob_may_match_below("**/x.key", "src/deep"));
  EXPECT_FALSE(glob_may_match_below("x.key", "src"));
  EXPECT_TRUE(glob_may_match_below("*/x.key", "src"));
}

TEST(Masks, CoverUntrackedEnvFilesAtTheRoot) {
  const Masks masks;
  for (const std::string_view name :
       {".env", ".env.local", ".env.production", ".envrc", ".env-old", ".env.example.local"})
    EXPECT_TRUE(is_masked(name, Tracked::kNo, masks)) << name;
  for (const std::string_view name :
       {".env.example", ".env.sample", ".env.template", ".envrc.sample", "env", "x.env", "sub/.env", ""})
    EXPECT_FALSE(is_masked(name, Tracked::kNo, masks)) << name;
  EXPECT_FALSE(is_masked(".env", Tracked::kYes, masks));
  EXPECT_FALSE(is_masked(".env", Tracked::kNo, Masks{.untracked_env_files = false}));
}

TEST(Masks, GlobsCoverTrackedFilesAndExceptionsLiftThem) {
  const Masks masks{.globs = {"config/*.key", "**/secrets.yml", ".env*"},
                    .exceptions = {"test.key", "docs/secrets.yml"}};
  EXPECT_TRUE(is_masked("config/a.key", Tracked::kYes, masks));
  EXPECT_TRUE(is_masked("a/b/secrets.yml", Tracked::kYes, masks));
  EXPECT_TRUE(is_masked(".env", Tracked::kYes, masks));
  EXPECT_FALSE(is_masked("config/test.key", Tracked::kYes, masks));  // by its name
  EXPECT_FALSE(is_masked("docs/secrets.yml", Tracked::kYes, masks));
  EXPECT_TRUE(is_masked("other/docs/secrets.yml", Tracked::kYes, masks));
  EXPECT_FALSE(is_masked(".env.example", Tracked::kNo, masks));
}

TEST(Masks, NoExceptionLiftsAnAdministratorsGlob) {
  const Masks masks{.exceptions = {"*.key"}, .always = {"**/*.key", "**/*.sample"}};
  EXPECT_TRUE(is_masked("a/b.key", Tracked::kYes, masks));
  EXPECT_TRUE(is_masked("x.sample", Tracked::kYes, masks));
}

}  // namespace
}  // namespace confide::policy
