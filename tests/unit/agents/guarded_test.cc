#include "agents/guarded.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "policy/runs_later.h"

namespace confide::agents {
namespace {

TEST(Guarded, WholeNamesOnly) {
  EXPECT_EQ(guarded_part("/src/.git/config"), ".git");
  EXPECT_EQ(guarded_part(".Git"), ".Git");
  for (const char* path :
       {"", "/", "/src/git/config", "/.gitignore", "/.github/x", "/a.git/b", "/confide.toml.md", "/dot.claude"})
    EXPECT_FALSE(guarded_part(path)) << path;
}

TEST(Guarded, EachMemberOfTheOneListAtAnyDepth) {
  std::set<std::string_view> paths;
  for (const policy::RunsLater& member : policy::runs_later()) {
    EXPECT_TRUE(paths.insert(member.path).second) << member.path;
    EXPECT_EQ(policy::find_runs_later(member.path), &member);
    for (const char* above : {"/", "/packages/one/"}) {
      const std::string path = cat(above, member.path);
      EXPECT_TRUE(guarded_part(path)) << path;
      EXPECT_TRUE(guarded_part(path + "/below")) << path;
    }
  }
  EXPECT_EQ(policy::find_runs_later(".git/hooks/"), nullptr);
}

}  // namespace
}  // namespace confide::agents
