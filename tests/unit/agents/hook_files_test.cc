#include "agents/hook_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace confide::agents {
namespace {

class Locate : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/locate.XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    top_ = std::filesystem::canonical(name).string();
    for (const char* folder : {"/project", "/project/sub", "/outside"})
      std::filesystem::create_directory(top_ + folder);
    std::ofstream(top_ + "/project/a") << "x";
    link("/project/out", top_ + "/outside");
    link("/project/nowhere", top_ + "/outside/none");
    link("/project/self", "self");
    link("/project/proc", "/proc/self/cwd");
    link("/project/into", "sub");
  }
  void TearDown() override { std::filesystem::remove_all(top_); }
  void link(const std::string& name, const std::string& target) {
    std::filesystem::create_symlink(target, top_ + name);
  }
  FileFact at(const std::string& text) const { return locate(text, top_ + "/project", top_); }
  std::string top_;
};

TEST_F(Locate, RelativeAbsoluteAndHome) {
  EXPECT_EQ(at("a").real, top_ + "/project/a");
  EXPECT_EQ(at("./sub//../a").real, top_ + "/project/a");
  EXPECT_EQ(at(top_ + "/outside").real, top_ + "/outside");
  EXPECT_EQ(at("~/outside").real, top_ + "/outside");
  EXPECT_EQ(at("~").real, top_);
  EXPECT_EQ(at("~root").real, top_ + "/project/~root");
  EXPECT_EQ(at(".").real, top_ + "/project");
}

TEST_F(Locate, WhatDoesNotExistYetLiesInItsFolder) {
  EXPECT_EQ(at("new").real, top_ + "/project/new");
  EXPECT_EQ(at("new/deep/er").real, top_ + "/project/new/deep/er");
  EXPECT_EQ(at("out/new").real, top_ + "/outside/new");
}

TEST_F(Locate, LinksAreFollowed) {
  EXPECT_EQ(at("out/x/y").real, top_ + "/outside/x/y");
  EXPECT_EQ(at("into").real, top_ + "/project/sub");
}

TEST_F(Locate, WhatCannotBeToldIsNotTold) {
  for (const char* text : {"", " a", "a ", "a\n", "\ta", "a\x01z", "nowhere", "nowhere/x", "self", "self/x", "proc/a",
                           "into/../a", "out/../a", "a/b"}) {
    const FileFact fact = at(text);
    EXPECT_EQ(fact.real, "") << text;
    EXPECT_NE(fact.why_not, "") << text;
  }
  EXPECT_EQ(at(std::string(5000, 'x')).real, "");
}

TEST_F(Locate, ProcItselfIsOutside) { EXPECT_TRUE(at("/proc/version").real.starts_with("/proc/")); }

}  // namespace
}  // namespace confide::agents
