// What is protected in a writable folder: read-only itself, with the folders above it pinned, and what is not there
// covered.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "launcher/plan/explain.h"
#include "scenes.h"

namespace confide::launcher {
namespace {

using policy::Access;
using policy::IfMissing;

PathFact missing(const std::string& path) { return {.requested = path}; }

Given shop() {
  Given input = input_for(user_in_project());
  input.scene.above_protected = {folder("/home/me/shop/.git")};
  return input;
}

std::vector<std::string> targets(const LaunchPlan& plan, Access access) {
  std::vector<std::string> found;
  for (const BindStep& bind : find_all<BindStep>(plan))
    if (bind.access == access && bind.target.starts_with("/home/me/shop")) found.push_back(bind.target);
  return found;
}

TEST(Protect, IsReadOnlyAndItsFolderAMountOfItsOwn) {
  Given input = shop();
  add_path(input, folder("/home/me/shop/.git/hooks"), Access::kProtect, IfMissing::kCover);
  const LaunchPlan plan = build(input).value();
  EXPECT_EQ(targets(plan, Access::kWrite), (std::vector<std::string>{"/home/me/shop", "/home/me/shop/.git"}));
  EXPECT_EQ(targets(plan, Access::kRead), (std::vector<std::string>{"/home/me/shop/.git/hooks"}));
  const auto seal = find<SealStep>(plan);
  EXPECT_EQ(seal->read_only_again, std::vector<std::string>{"/home/me/shop/.git/hooks"});
  EXPECT_NE(std::ranges::find(seal->writable, "/home/me/shop/.git"), seal->writable.end());
  EXPECT_FALSE(find<CoverStep>(plan));
}

TEST(Protect, TheFolderAboveIsPinnedAlsoWhereAPersonNamedItForWriting) {
  Given input = shop();
  add_path(input, folder("/home/me/shop/.git"), Access::kWrite);
  add_path(input, folder("/home/me/shop/.git/hooks"), Access::kProtect);
  const auto writable = targets(build(input).value(), Access::kWrite);
  EXPECT_EQ(writable, (std::vector<std::string>{"/home/me/shop", "/home/me/shop/.git"}));
}

TEST(Protect, WhatIsNotThereIsCoveredAtItsFirstMissingPart) {
  Given input = shop();
  input.scene.above_protected.push_back(missing("/home/me/shop/.config"));
  add_path(input, missing("/home/me/shop/.husky"), Access::kProtect, IfMissing::kCover);
  add_path(input, missing("/home/me/shop/.config/a"), Access::kProtect, IfMissing::kCover);
  add_path(input, missing("/home/me/shop/.config/b"), Access::kProtect, IfMissing::kCover);
  add_path(input, missing("/home/me/shop/.idea"), Access::kProtect, IfMissing::kSkip);
  add_path(input, missing("/home/me/shop/.mcp.json"), Access::kProtect, IfMissing::kCover);
  add_path(input, missing("/home/me/shop/.git/commondir"), Access::kProtect, IfMissing::kCover);
  const auto cover = find<CoverStep>(build(input).value());
  ASSERT_TRUE(cover);
  EXPECT_EQ(cover->folder, "/home/me/shop");
  EXPECT_EQ(cover->names, (std::vector<CoveredName>{{".husky", CoverAs::kFolder, ""},
                                                    {".config", CoverAs::kFolder, ""},
                                                    {".mcp.json", CoverAs::kSocket, ""},
                                                    {".git/commondir", CoverAs::kFile, ".\n"}}));
}

TEST(Protect, CoversComeAfterTheSealAndBeforeTheFilter) {
  Given input = shop();
  add_path(input, missing("/home/me/shop/.husky"), Access::kProtect, IfMissing::kCover);
  const LaunchPlan plan = build(input).value();
  EXPECT_LT(index_of<SealStep>(plan), index_of<CoverStep>(plan));
  EXPECT_LT(index_of<CoverStep>(plan), index_of<PivotStep>(plan));
}

TEST(Protect, SaysNothingWhereNothingCanBeWritten) {
  Given input = shop();
  input.policy.project = policy::Project::kReadOnly;
  add_path(input, folder("/home/me/shop/.git/hooks"), Access::kProtect);
  add_path(input, missing("/home/me/shop/.husky"), Access::kProtect, IfMissing::kCover);
  add_path(input, file("/home/me/.bashrc"), Access::kProtect);
  const LaunchPlan plan = build(input).value();
  EXPECT_EQ(targets(plan, Access::kRead), std::vector<std::string>{"/home/me/shop"});
  EXPECT_FALSE(find<CoverStep>(plan));
  for (const BindStep& bind : find_all<BindStep>(plan)) EXPECT_NE(bind.target, "/home/me/.bashrc");
}

TEST(Protect, ALinkIsNotPinnedAndThatIsSaid) {
  Given input = shop();
  PathFact linked = folder("/home/me/shared/claude");
  linked.requested = "/home/me/shop/.claude";
  add_path(input, linked, Access::kProtect, IfMissing::kCover);
  const LaunchPlan plan = build(input).value();
  EXPECT_EQ(targets(plan, Access::kRead), std::vector<std::string>());
  ASSERT_EQ(plan.remarks.size(), 1U);
  EXPECT_NE(plan.remarks[0].find("/home/me/shop/.claude is reached through a symbolic link"), std::string::npos);
}

TEST(InnerSandbox, RefusedForAnAgentSetsTheLimitOnceItsProcfsStandsAndBeforeItsCapabilitiesGo) {
  Given input = shop();
  input.policy.syscalls = policy::SyscallProfile::kAgent;
  input.policy.landlock = policy::LandlockUse::kScopesOnly;
  const LaunchPlan plan = build(input).value();
  EXPECT_LT(index_of<PivotStep>(plan), index_of<NoNamespacesStep>(plan));
  EXPECT_LT(index_of<NoNamespacesStep>(plan), index_of<PrivilegesStep>(plan));
  input.policy.inner_sandbox = policy::InnerSandbox::kAllowed;
  EXPECT_FALSE(find<NoNamespacesStep>(build(input).value()));
  input.policy.inner_sandbox = policy::InnerSandbox::kRefused;
  input.host.own_proc = {false, "a container's"};
  const auto without = build(input);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().kind, ErrorKind::kUnsupported);
}

TEST(Power, SocketsAreShownWhereTheyAreAndAreAnErrorWhereTheyAreNot) {
  Given input = shop();
  input.policy.powers.ssh_agent = policy::HostSshAgent{{"--power ssh-agent"}};
  const auto without = build(input);
  ASSERT_FALSE(without);
  EXPECT_NE(without.error().what.find("SSH_AUTH_SOCK"), std::string::npos);
  PathFact socket = file("/tmp/ssh-x/agent.7");
  socket.kind = FileKind::kOther;
  input.scene.ssh_agent = socket;
  const LaunchPlan plan = build(input).value();
  EXPECT_TRUE(std::ranges::any_of(find_all<BindStep>(plan), [](const BindStep& bind) {
    return bind.target == "/tmp/ssh-x/agent.7" && bind.access == Access::kRead;
  }));
}

}  // namespace
}  // namespace confide::launcher
