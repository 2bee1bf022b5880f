#include "policy/resolve.h"

#include "resolve_support.h"

namespace confide::policy {
namespace {

TEST(Resolve, WithoutAnythingIsProfileTool) {
  const Policy policy = resolved({.place = shop()});
  EXPECT_EQ(policy.profile, "tool");
  EXPECT_EQ(policy.profile_origin.text, "profile tool (built in)");
  EXPECT_EQ(policy.network, Network::kNone);
  EXPECT_EQ(policy.network_origin.text, "profile tool (built in)");
  EXPECT_EQ(policy.origin_of("landlock").text, "profile tool (built in)");
  EXPECT_EQ(policy.need(Layer::kSeccomp), Need::kRequired);
  EXPECT_EQ(policy.need(Layer::kNamespaces), Need::kBestEffort);
  EXPECT_FALSE(policy.home_visible);
  EXPECT_EQ(policy.powers, Powers{});
}

TEST(Resolve, TheFlagBeatsTheUsersDefaultWhichBeatsTool) {
  ResolveInput input{.user = user_file("default-profile = \"readonly\"\n"), .place = shop()};
  EXPECT_EQ(resolved(input).profile, "readonly");
  EXPECT_EQ(resolved(input).project, Project::kReadOnly);
  EXPECT_EQ(resolved(input).profile_origin.text, "config.toml:2");
  input.flags.profile = Flag{"agent", "--profile"};
  EXPECT_EQ(resolved(input).profile, "agent");
  EXPECT_EQ(resolved(input).profile_origin.text, "--profile");
}

TEST(Resolve, LaterLevelsReplaceScalarsAndAppendLists) {
  ResolveInput input{
      .user = user_file("[profile.tool]\nenvironment = { pass = [\"A\"], set = { X = \"user\", Y = \"user\" } }\n"
                        "limits = { memory = \"1G\", pids = 100 }\n"),
      .project_file = document("[profile.tool]\nenvironment = { pass = [\"A\", \"B\"], set = { X = \"project\" } }\n"
                               "limits = { memory = \"2G\" }\nmask = { globs = [\"*.key\"] }\n"),
      .flags = {.env = {{"C", "--env"}, {"Y=flag=1", "--env"}}, .pids = Flag{"7", "--pids"}},
      .place = shop()};
  const Policy policy = resolved(input);
  EXPECT_EQ(policy.environment.pass, (std::vector<std::string>{"A", "B", "C"}));
  EXPECT_EQ(policy.environment.set, (std::map<std::string, std::string>{{"X", "project"}, {"Y", "flag=1"}}));
  EXPECT_EQ(policy.limits.memory_bytes, 2ULL << 30);
  EXPECT_EQ(policy.limits.pids, 7U);
  EXPECT_EQ(policy.masks.globs, std::vector<std::string>{"*.key"});
  EXPECT_TRUE(policy.masks.untracked_env_files);
  EXPECT_EQ(policy.origin_of("limits.memory").text, "confide.toml:4");
  EXPECT_EQ(policy.origin_of("limits.pids").text, "--pids");
  EXPECT_EQ(policy.origin_of("environment.set.X").text, "confide.toml:3");
  EXPECT_EQ(policy.origin_of("environment.pass.C").text, "--env");
}

TEST(Resolve, FollowsTheChainOfExtends) {
  const ResolveInput input{
      .user = user_file("[profile.base]\nextends = \"readonly\"\nnetwork = \"host\"\nread = [\"/srv/base\"]\n"),
      .project_file =
          document("[profile.base]\nread = [\"/srv/more\"]\n[profile.mine]\nextends = \"base\"\nnetwork = \"none\"\n"),
      .flags = {.profile = Flag{"mine", "--profile"}},
      .place = shop()};
  const Policy policy = resolved(input);
  EXPECT_EQ(policy.project, Project::kReadOnly);
  EXPECT_EQ(policy.network, Network::kNone);
  EXPECT_EQ(policy.network_origin.text, "confide.toml:6");
  EXPECT_NE(access_of(policy, "/srv/base"), std::nullopt);
  EXPECT_NE(access_of(policy, "/srv/more"), std::nullopt);
}

TEST(Resolve, RefusesProfilesThatLeadNowhere) {
  ResolveInput input{.flags = {.profile = Flag{"agnet", "--profile"}}, .place = shop()};
  EXPECT_EQ(refusal(input).what, "no profile is called `agnet` (--profile); did you mean `agent`?");
  EXPECT_EQ(refusal(input).kind, ErrorKind::kUsage);

  input.flags.profile = Flag{"a", "--profile"};
  input.project_file = document("[profile.a]\nextends = \"b\"\n[profile.b]\nextends = \"a\"\n");
  EXPECT_EQ(refusal(input).what, "confide.toml:5: profiles extend each other in a circle: a → b → a");

  input.project_file = document("[profile.a]\nextends = \"a\"\n");
  EXPECT_NE(refusal(input).what.find("circle: a → a"), std::string::npos);

  input.project_file = document("[profile.a]\nnetwork = \"host\"\n");
  EXPECT_NE(refusal(input).what.find("confide.toml:2: [profile.a] needs `extends`"), std::string::npos);

  input.flags.profile = Flag{"tool", "--profile"};
  input.project_file = document("[profile.tool]\nextends = \"agent\"\n");
  EXPECT_NE(refusal(input).what.find("confide.toml:3: `tool` is built in"), std::string::npos);

  input.flags.profile = Flag{"a", "--profile"};
  input.user = user_file("[profile.a]\nextends = \"tool\"\n");
  input.project_file = document("[profile.a]\nextends = \"agent\"\n");
  EXPECT_EQ(refusal(input).what, "profile a extends tool (config.toml:3) and agent (confide.toml:3)");

  std::string deep;
  for (int i = 0; i < 40; ++i) deep += cat("[profile.p", i, "]\nextends = \"p", i + 1, "\"\n");
  input.user.reset();
  input.project_file = document(deep);
  input.flags.profile = Flag{"p0", "--profile"};
  EXPECT_NE(refusal(input).what.find("more than 16"), std::string::npos);
}

TEST(Resolve, AProjectsProfileIsUnusedUntilItIsNamed) {
  const ResolveInput input{.project_file = document("[profile.other]\nextends = \"tool\"\nnetwork = \"host\"\n"),
                           .place = shop()};
  EXPECT_EQ(resolved(input), resolved({.place = shop()}));
}

TEST(Resolve, FlagsThatAreMalformedAreWrongUsage) {
  const auto usage = [](Overrides flags, std::string_view part) {
    const Error error = refusal({.flags = std::move(flags), .place = shop()});
    EXPECT_EQ(error.kind, ErrorKind::kUsage) << error.what;
    EXPECT_NE(error.what.find(part), std::string::npos) << error.what;
  };
  usage({.network = Flag{"hsot", "--network"}},
        "--network: `network` must be \"none\" or \"host\", not `hsot`; did you mean \"host\"?");
  usage({.timeout = Flag{"soon", "--timeout"}}, "--timeout: ");
  usage({.timeout = Flag{"0", "--timeout"}}, "--timeout: `timeout` must be between 1");
  usage({.memory = Flag{"-1", "--memory"}}, "--memory: ");
  usage({.pids = Flag{"many", "--pids"}}, "--pids: ");
  usage({.cpu = Flag{"0", "--cpu"}}, "--cpu: ");
  usage({.cpu = Flag{"nan", "--cpu"}}, "--cpu: ");
  usage({.cpu = Flag{"1e400", "--cpu"}}, "--cpu: ");
  usage({.reads = {{"a/../b", "--read"}}}, "--read: path `a/../b`");
  usage({.env = {{"1X", "--env"}}}, "--env takes NAME or NAME=VALUE");
}

TEST(Resolve, AnErrorAboutAVariableNeverHoldsItsValue) {
  const Error error = refusal({.flags = {.env = {{"BAD NAME=CANARY-77", "--env"}}}, .place = shop()});
  EXPECT_EQ(error.what.find("CANARY"), std::string::npos) << error.what;
  const Error nul = refusal({.flags = {.env = {{std::string("X=CANARY-77\0", 12), "--env"}}}, .place = shop()});
  EXPECT_EQ(nul.what.find("CANARY"), std::string::npos) << nul.what;
}

TEST(Resolve, FlagsOfEveryKindHaveTheirEffect) {
  const Policy policy = resolved({.flags = {.reads = {{"/srv/in", "--read"}},
                                            .writes = {{"out", "--write"}},
                                            .hides = {{"../.git", "--hide"}},
                                            .network = Flag{"host", "--network"},
                                            .timeout = Flag{"30s", "--timeout"},
                                            .memory = Flag{"512M", "--memory"},
                                            .cpu = Flag{"1.5", "--cpu"}},
                                  .place = shop()});
  EXPECT_EQ(rule_of(policy, "/srv/in"), (PathRule{"/srv/in", Access::kRead, IfMissing::kError, {"--read"}}));
  EXPECT_EQ(rule_of(policy, "/home/me/shop/src/out"),
            (PathRule{"/home/me/shop/src/out", Access::kWrite, IfMissing::kError, {"--write"}}));
  EXPECT_EQ(rule_of(policy, "/home/me/shop/.git"),
            (PathRule{"/home/me/shop/.git", Access::kHide, IfMissing::kSkip, {"--hide"}}));
  EXPECT_EQ(policy.network, Network::kHost);
  EXPECT_EQ(policy.network_origin.text, "--network");
  EXPECT_EQ(policy.limits.timeout_ms, 30'000);
  EXPECT_EQ(policy.limits.memory_bytes, 512ULL << 20);
  EXPECT_EQ(policy.limits.cpus, 1.5);
}

TEST(Resolve, TheAbsenceOfANetworkCannotBeRequiredWhereTheHostsIsAskedFor) {
  EXPECT_EQ(resolved({.place = shop()}).need(Layer::kNetwork), Need::kRequired);
  EXPECT_EQ(resolved({.flags = {.network = Flag{"host", "--network"}}, .place = shop()}).need(Layer::kNetwork),
            Need::kBestEffort);
}

TEST(Resolve, APathOfTheProjectNeedsOne) {
  Place place = shop();
  place.project.reset();
  ResolveInput input{.project_file = document("[profile.tool]\nwrite = [\"$PROJECT/target\"]\n"), .place = place};
  EXPECT_NE(refusal(input).what.find("confide.toml:3: path `$PROJECT/target` needs a project"), std::string::npos);
  input.project_file = document("[profile.tool]\nwrite = [{ path = \"$PROJECT/target\", if-missing = \"skip\" }]\n");
  EXPECT_TRUE(resolved(input).paths == resolved({.place = place}).paths);
}

TEST(Resolve, RefusesAPlaceThatIsNone) {
  Place place = shop();
  place.project = "/home/me";
  EXPECT_NE(refusal({.place = place}).what.find("cannot be a project"), std::string::npos);
  place = shop();
  place.cwd = "src";
  EXPECT_NE(refusal({.place = place}).what.find("working directory"), std::string::npos);
  place = shop();
  place.home = "home/me";
  EXPECT_NE(refusal({.place = place}).what.find("HOME"), std::string::npos);
  place.home.clear();
  EXPECT_EQ(resolved({.place = place}).profile, "tool");
  EXPECT_EQ(resolved({.flags = {.profile = Flag{"agent", "--profile"}}, .place = place}).profile, "agent");
}

TEST(Resolve, RefusesPartsThatCannotHoldTogether) {
  const auto refused_for = [](std::string_view body, std::string_view part) {
    const Error error = refusal({.project_file = document(cat("[profile.x]\n", body)),
                                 .flags = {.profile = Flag{"x", "--profile"}},
                                 .place = shop()});
    EXPECT_NE(error.what.find(part), std::string::npos) << error.what;
  };
  refused_for("extends = \"agent\"\nlandlock = \"files-and-scopes\"\n",
              "confide.toml:4: inner-sandbox = allowed needs landlock");
  refused_for("extends = \"agent\"\nsyscalls = \"tool\"\n", "needs syscalls = \"agent\"");
  refused_for("extends = \"agent\"\nproc = { subset = \"pid\" }\n", "needs proc.subset");
  refused_for("extends = \"agent\"\npowers = { host-root = true }\n", "confide.toml:4: powers.host-root is refused");
  refused_for("extends = \"bench\"\npowers = { host-proc = true }\n", "contradicts layers.own-proc");
  refused_for("extends = \"tool\"\nsystem = \"whole-root\"\n", "say home = \"visible\"");
  refused_for("extends = \"tool\"\nsystem = \"absent\"\npowers = { writable-system = true }\n", "no meaning");
}

TEST(Resolve, PowersComeFromTheLineThatNamesThem) {
  ResolveInput input{
      .user = user_file(
          "[profile.tool]\nsys = \"host\"\npowers = { host-root = true, host-proc = true, writable-system = true }\n"),
      .place = shop()};
  const Policy policy = resolved(input);
  EXPECT_EQ(policy.powers.host_sys, HostSys{{"config.toml:3"}});
  EXPECT_EQ(policy.powers.host_root, HostRoot{{"config.toml:4"}});
  EXPECT_EQ(policy.powers.host_proc, HostProc{{"config.toml:4"}});
  EXPECT_EQ(policy.powers.writable_system, WritableSystem{{"config.toml:4"}});
  input.project_file = document("[profile.tool]\npowers = { host-sys = false, host-root = false }\n");
  EXPECT_EQ(resolved(input).powers.host_sys, std::nullopt);
  EXPECT_EQ(resolved(input).powers.host_root, std::nullopt);
}

}  // namespace
}  // namespace confide::policy
