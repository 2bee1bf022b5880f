#include "policy/path_rules.h"

#include "resolve_support.h"

namespace confide::policy {
namespace {

Policy with(std::string_view user, std::string_view project, Overrides flags = {}) {
  ResolveInput input{.flags = std::move(flags), .place = shop()};
  if (!user.empty()) input.user = user_file(cat("[profile.tool]\n", user));
  if (!project.empty()) input.project_file = document(cat("[profile.tool]\n", project));
  return resolved(input);
}
std::string refused_with(std::string_view user, std::string_view project, Overrides flags = {}) {
  ResolveInput input{.flags = std::move(flags), .place = shop()};
  if (!user.empty()) input.user = user_file(cat("[profile.tool]\n", user));
  if (!project.empty()) input.project_file = document(cat("[profile.tool]\n", project));
  return refusal(input).what;
}

TEST(PathRules, TheLaterLevelWinsOnTheSamePath) {
  const Policy policy = with("write = [\"/srv/x\"]\n", "read = [\"/srv/x\"]\n");
  EXPECT_EQ(access_of(policy, "/srv/x"), Access::kRead);
  EXPECT_EQ(rule_of(policy, "/srv/x").origin.text, "confide.toml:3");
  EXPECT_EQ(access_of(with("", "read = [\"/srv/x\"]\n", {.writes = {{"/srv/x", "--write"}}}), "/srv/x"),
            Access::kWrite);
}

TEST(PathRules, TheLongerPathWinsWhateverItsLevel) {
  const Policy policy = with("read = [\"/srv/x/fixed\"]\n", "write = [\"/srv/x\"]\n");
  EXPECT_EQ(access_of(policy, "/srv/x"), Access::kWrite);
  EXPECT_EQ(access_of(policy, "/srv/x/fixed"), Access::kRead);
}

TEST(PathRules, StandInPathOrderSoThatALaterOneWins) {
  const Policy policy = with("", "read = [\"/srv/a.b/c\", \"/srv/a/z\", \"/srv/a\", \"/srv/a-b\", \"/srv\"]\n");
  std::vector<std::string> order;
  for (const PathRule& rule : policy.paths)
    if (rule.path.starts_with("/srv")) order.push_back(rule.path);
  EXPECT_EQ(order, (std::vector<std::string>{"/srv", "/srv/a", "/srv/a/z", "/srv/a-b", "/srv/a.b/c"}));
}

TEST(PathRules, OneLevelMayRepeatButNotContradictItself) {
  const Policy policy = with("", "read = [\"/srv/x\", \"/srv/x/\"]\n");
  EXPECT_EQ(std::ranges::count(policy.paths, "/srv/x", &PathRule::path), 1);
  EXPECT_EQ(refused_with("", "read = [\"/srv/x\"]\nwrite = [\"/srv/x\"]\n"),
            "write /srv/x (confide.toml:4) contradicts read /srv/x (confide.toml:3)");
  EXPECT_EQ(refused_with("", "", {.reads = {{"/srv/x", "--read"}}, .hides = {{"/srv/x", "--hide"}}}),
            "hide /srv/x (--hide) contradicts read /srv/x (--read)");
  EXPECT_EQ(refused_with("", "hide = [\"/srv/x\"]\nread = [\"/srv/x/y\"]\n"),
            "read /srv/x/y (confide.toml:4) lies in what is hidden by hide /srv/x (confide.toml:3)");
}

TEST(PathRules, WhatIsHiddenIsHiddenWithEverythingBelow) {
  const Policy policy = with("read = [\"/srv/x/y\"]\n", "hide = [\"/srv/x\"]\n");
  EXPECT_EQ(access_of(policy, "/srv/x/y"), std::nullopt);
  EXPECT_EQ(access_of(policy, "/srv/x"), Access::kHide);
  EXPECT_EQ(rule_of(policy, "/srv/x").if_missing, IfMissing::kSkip);
  EXPECT_EQ(refused_with("hide = [\"/srv/x\"]\n", "read = [\"/srv/x/y\"]\n"),
            "read /srv/x/y (confide.toml:3) lies in what is hidden by hide /srv/x (config.toml:3)");
  EXPECT_EQ(access_of(with("hide = [\"/srv/x\"]\n", "read = [\"/srv/x\"]\n"), "/srv/x"), Access::kRead);
}

TEST(PathRules, ABroaderReadDoesNotShowTheCredentialsOfAToolchain) {
  ResolveInput input{.project_file = document("[profile.tool]\nread = [\"~/.cargo\"]\n"), .place = shop()};
  input.place.path_variable = "/home/me/.cargo/bin:/usr/bin";
  Policy policy = resolved(input);
  EXPECT_EQ(access_of(policy, "/home/me/.cargo"), Access::kRead);
  EXPECT_EQ(access_of(policy, "/home/me/.cargo/credentials.toml"), Access::kHide);
  input.project_file = document("[profile.tool]\nread = [\"~/.cargo\", \"~/.cargo/credentials.toml\"]\n");
  policy = resolved(input);
  EXPECT_EQ(access_of(policy, "/home/me/.cargo/credentials.toml"), Access::kRead);
}

TEST(PathRules, TheHomeAndTheRootAreNotGivenAsAWhole) {
  for (const char* path : {"/", "~", "/home", "$HOME"}) {
    for (const char* verb : {"read", "write"}) {
      const std::string error = refused_with("", cat(verb, " = [\"", path, "\"]\n"));
      EXPECT_NE(error.find("name folders"), std::string::npos) << error;
    }
  }
  EXPECT_NE(refused_with("", "", {.reads = {{"../..", "--read"}}}).find("home as a whole"), std::string::npos);
  EXPECT_NE(refused_with("", "read = [\"/dev\"]\n").find("its own /dev"), std::string::npos);
}

TEST(PathRules, FoldersOfTheSystemAndTheKernelTakeAPower) {
  EXPECT_NE(refused_with("", "write = [\"/usr/local/lib/x\"]\n").find("needs powers.writable-system"),
            std::string::npos);
  EXPECT_NE(
      access_of(with("", "write = [\"/usr/local/lib/x\"]\npowers = { writable-system = true }\n"), "/usr/local/lib/x"),
      std::nullopt);
  EXPECT_NE(access_of(with("", "read = [\"/usr/local/lib/x\"]\n"), "/usr/local/lib/x"), std::nullopt);
  EXPECT_NE(access_of(with("", "write = [\"/usrlocal\"]\n"), "/usrlocal"), std::nullopt);
  EXPECT_NE(refused_with("", "read = [\"/proc/sys\"]\n").find("needs powers.host-proc"), std::string::npos);
  EXPECT_NE(refused_with("", "read = [\"/sys/class\"]\n").find("needs powers.host-sys"), std::string::npos);
}

TEST(PathRules, NothingHidesTheProject) {
  EXPECT_NE(refused_with("", "hide = [\"$PROJECT\"]\n").find("hides the project"), std::string::npos);
  EXPECT_NE(access_of(with("", "hide = [\"$PROJECT\"]\nproject = \"absent\"\n"), "/home/me/shop"), std::nullopt);
  EXPECT_NE(access_of(with("", "hide = [\"$PROJECT/.git\"]\n"), "/home/me/shop/.git"), std::nullopt);
}

TEST(Protect, IsTakenBackByAWriteOfThePathItselfAndByNothingElse) {
  ResolveInput input{.place = shop()};
  input.project_file = document("[profile.tool]\nprotect = [\"$PROJECT/.git/hooks\", \"$PROJECT/.git/config\"]\n");
  input.flags.writes = {{"/home/me/shop/.git", "--write"}, {"/home/me/shop/.git/config", "--write"}};
  const Policy policy = resolved(input);
  EXPECT_EQ(access_of(policy, "/home/me/shop/.git/hooks"), Access::kProtect);
  EXPECT_EQ(access_of(policy, "/home/me/shop/.git/config"), Access::kWrite);
  EXPECT_EQ(rule_of(policy, "/home/me/shop/.git/hooks").if_missing, IfMissing::kCover);
}

TEST(Protect, NeedsNoProjectAndAloneKnowsCover) {
  ResolveInput input{.place = shop()};
  input.place.project.reset();
  input.project_file = document("[profile.tool]\nprotect = [{ path = \"$PROJECT/.husky\", if-missing = \"cover\" }]\n");
  EXPECT_TRUE(resolve(input));
  const auto read = parse("version = 1\n[profile.tool]\nread = [{ path = \"/x\", if-missing = \"cover\" }]\n", "f");
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().what.find("must be \"skip\" or \"error\""), std::string::npos);
}

TEST(Flags, APowerIsGivenByItsNameAndOnlyByOneThatExists) {
  ResolveInput input{.place = shop()};
  input.flags.powers = {{"ssh-agent", "--power"}};
  EXPECT_EQ(resolved(input).powers.ssh_agent, HostSshAgent{{"--power ssh-agent"}});
  input.flags.powers = {{"ssh", "--power"}};
  const Error error = refusal(input);
  EXPECT_EQ(error.kind, ErrorKind::kUsage);
  EXPECT_NE(error.what.find("ssh-agent, docker"), std::string::npos) << error.what;
}

}  // namespace
}  // namespace confide::policy
