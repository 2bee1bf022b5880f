#include "policy/paths.h"

#include <gtest/gtest.h>

#include <tuple>

namespace confide::policy {
namespace {

Place place() {
  return {.home = "/home/me", .cwd = "/home/me/shop/src", .project = "/home/me/shop", .tmpdir = "/var/tmp/me"};
}

std::string expanded(std::string_view text, PathSource source) {
  const auto path = expand_path(text, source, place());
  if (!path) return "error: " + path.error().what;
  return path->value_or("no project");
}

TEST(PathsInFiles, AreExpandedAndMadeNormal) {
  const std::tuple<std::string_view, std::string_view> kCases[] = {
      {"/srv/data", "/srv/data"},
      {"//srv///data/./x/", "/srv/data/x"},
      {"/", "/"},
      {"~", "/home/me"},
      {"~/", "/home/me"},
      {"~/.cargo", "/home/me/.cargo"},
      {"$HOME/.cargo", "/home/me/.cargo"},
      {"$PROJECT", "/home/me/shop"},
      {"$PROJECT/target", "/home/me/shop/target"},
      {"$TMPDIR/x", "/var/tmp/me/x"},
      {"/a b/c\nd", "/a b/c\nd"},
      {"/price$$5", "/price$5"},
      {"/$$HOME", "/$HOME"},
      {"/a/~b", "/a/~b"},
      {"/a/...", "/a/..."},
  };
  for (const auto& [text, path] : kCases) EXPECT_EQ(expanded(text, PathSource::kFile), path) << text;
}

TEST(PathsInFiles, AreRefusedWithTheCure) {
  const std::tuple<std::string_view, std::string_view> kCases[] = {
      {"", "empty path"},
      {"data", "relative"},
      {"./data", "relative"},
      {"~bob/x", "another user's home"},
      {"$PROJCET/x", "did you mean $PROJECT?"},
      {"$HOMER/x", "did you mean $HOME?"},
      {"$UID/x", "only $HOME, $PROJECT and $TMPDIR"},
      {"/home/$USER/x", "first component"},
      {"/a$", "first component"},
      {"/a/../b", "`..`"},
      {"~/..", "`..`"},
      {"~/.cargo/*", "not patterns"},
      {"/a/b?", "not patterns"},
      {std::string_view("/a\0b", 4), "NUL"},
  };
  for (const auto& [text, why] : kCases)
    EXPECT_NE(expanded(text, PathSource::kFile).find(why), std::string::npos)
        << text << ": " << expanded(text, PathSource::kFile);
  EXPECT_NE(expanded("/" + std::string(4095, 'a'), PathSource::kFile).find("4095"), std::string::npos);
}

TEST(PathsInFlags, AreTakenAsTheShellLeftThem) {
  const std::tuple<std::string_view, std::string_view> kCases[] = {
      {"/srv/data/", "/srv/data"},
      {"x", "/home/me/shop/src/x"},
      {"./x", "/home/me/shop/src/x"},
      {".", "/home/me/shop/src"},
      {"..", "/home/me/shop"},
      {"../lib", "/home/me/shop/lib"},
      {"../../../../../../x", "/x"},
      {"~/x", "/home/me/x"},
      {"~bob", "/home/me/shop/src/~bob"},
      {"$PROJECT/x", "/home/me/shop/src/$PROJECT/x"},
      {"/a/*", "/a/*"},
      {"/a\xff", "/a\xff"},
  };
  for (const auto& [text, path] : kCases) EXPECT_EQ(expanded(text, PathSource::kFlag), path) << text;
  for (const std::string_view text : {"/a/../b", "x/..", "../x/../y", "/.."})
    EXPECT_NE(expanded(text, PathSource::kFlag).find("`..`"), std::string::npos) << text;
}

TEST(Paths, WithoutAProjectOrAHome) {
  const Place bare{.home = "", .cwd = "/", .project = std::nullopt};
  EXPECT_EQ(expand_path("$PROJECT/x", PathSource::kFile, bare).value(), std::nullopt);
  EXPECT_NE(expand_path("~/x", PathSource::kFile, bare).error().what.find("no home"), std::string::npos);
  EXPECT_EQ(expand_path("x", PathSource::kFlag, bare).value(), "/x");
}

TEST(Paths, NormalMeansAbsoluteAndPlain) {
  for (const std::string_view good : {"/", "/a", "/a/b", "/a/..b", "/ "}) EXPECT_TRUE(is_normal(good)) << good;
  for (const std::string_view bad : {"", "a", "//", "/a/", "/a//b", "/.", "/a/..", "/a/./b"})
    EXPECT_FALSE(is_normal(bad)) << bad;
}

TEST(Paths, SomeFoldersAreNeverAProject) {
  for (const std::string_view bad :
       {"/", "/home", "/home/me", "/tmp", "/var/tmp", "/dev/shm", "/proc/self/cwd", "/sys", "/run", "x", "/a/"})
    EXPECT_FALSE(may_be_project(bad, "/home/me")) << bad;
  for (const std::string_view good : {"/home/me/shop", "/tmp/x", "/srv/app", "/home/meadow"})
    EXPECT_TRUE(may_be_project(good, "/home/me")) << good;
  EXPECT_FALSE(may_be_project("/root", "/root"));
  EXPECT_TRUE(may_be_project("/root/shop", "/root"));
  EXPECT_TRUE(may_be_project("/srv/app", "/"));
}

}  // namespace
}  // namespace confide::policy
