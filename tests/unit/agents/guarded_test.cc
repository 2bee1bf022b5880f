#include "agents/guarded.h"

#include <gtest/gtest.h>

namespace confide::agents {
namespace {

TEST(Guarded, WholeNamesOnly) {
  EXPECT_EQ(guarded_part("/src/.git/config"), ".git");
  EXPECT_EQ(guarded_part(".Git"), ".Git");
  for (const char* path :
       {"", "/", "/src/git/config", "/.gitignore", "/.github/x", "/a.git/b", "/confide.toml.md", "/dot.claude"})
    EXPECT_FALSE(guarded_part(path)) << path;
}

}  // namespace
}  // namespace confide::agents
