#include "policy/narrow.h"

#include <tuple>

#include "resolve_support.h"

namespace confide::policy {
namespace {

ResolveInput under(std::string_view bounds, std::string_view project = "", std::string_view profile = "tool") {
  ResolveInput input{.administrators = {administrator_file(bounds)}, .place = shop()};
  if (!project.empty()) input.project_file = document(project);
  input.flags.profile = Flag{std::string(profile), "--profile"};
  return input;
}

TEST(Administrator, WhatARunDoesNotAskForChangesNothing) {
  Policy bounded = resolved(under(
      "network = \"none\"\nhome = \"private\"\ninner-sandbox = \"refused\"\nsyscalls = \"tool\"\nsys = \"absent\"\n"
      "landlock = \"files-and-scopes\"\nsystem = \"read-only\"\n"
      "powers = { host-root = false, host-proc = false, host-sys = false, writable-system = false, ssh-agent = false, "
      "docker = false }\n"));
  ResolveInput input{.flags = {.profile = Flag{"tool", "--profile"}}, .place = shop()};
  EXPECT_EQ(bounded, resolved(input));
}

TEST(Administrator, RefusesWhatGoesBeyondAndNamesBothLines) {
  ResolveInput input = under("network = \"none\"\n");
  input.flags.network = Flag{"host", "--network"};
  const Error error = refusal(input);
  EXPECT_EQ(error.kind, ErrorKind::kRefused);
  EXPECT_EQ(error.what, "network = host (--network) is refused by 10-site.toml:3: network = none");
  EXPECT_EQ(refusal(under("network = \"none\"\n", "", "agent")).what,
            "network = host (profile agent (built in)) is refused by 10-site.toml:3: network = none");
}

TEST(Administrator, RefusesEveryWideningOfAWord) {
  const std::tuple<std::string_view, std::string_view, std::string_view> kCases[] = {
      {"inner-sandbox = \"refused\"\n", "agent", "inner-sandbox = allowed"},
      {"landlock = \"files-and-scopes\"\n", "agent", "landlock = scopes"},
      {"syscalls = \"tool\"\n", "agent", "syscalls = agent"},
      {"system = \"read-only\"\n", "bench", "system = whole-root"},
      {"system = \"absent\"\n", "tool", "system = read-only"},
      {"home = \"private\"\n", "bench", "home = visible"},
      {"project = \"read-only\"\n", "tool", "project = writable"},
      {"project = \"absent\"\n", "readonly", "project = read-only"},
  };
  for (const auto& [bound, profile, asked] : kCases) {
    const std::string error = refusal(under(bound, "", profile)).what;
    EXPECT_TRUE(error.starts_with(asked)) << error;
    EXPECT_NE(error.find("10-site.toml:3"), std::string::npos) << error;
  }
}

TEST(Administrator, RefusesPowers) {
  for (const char* power : {"host-root", "host-proc", "host-sys", "writable-system", "ssh-agent", "docker"}) {
    const std::string error = refusal(under(cat("powers = { ", power, " = false }\n"),
                                            cat("[profile.tool]\npowers = { ", power, " = true }\n")))
                                  .what;
    EXPECT_EQ(error, cat("powers.", power, " = true (confide.toml:3) is refused by 10-site.toml:3: powers.", power,
                         " = false"));
  }
  EXPECT_NE(
      refusal(under("sys = \"absent\"\n", "[profile.tool]\nsys = \"host\"\n")).what.find("sys = host (confide.toml:3)"),
      std::string::npos);
}

TEST(Administrator, LimitsAreTakenOnOrRefused) {
  const std::string_view bounds =
      "limits = { memory = \"1G\", pids = 100, cpu = 2, timeout = \"1h\", open-files = 64 }\n";
  const Policy policy = resolved(under(bounds, "[profile.tool]\nlimits = { pids = 50 }\n"));
  EXPECT_EQ(policy.limits.memory_bytes, 1ULL << 30);
  EXPECT_EQ(policy.limits.pids, 50U);
  EXPECT_EQ(policy.limits.cpus, 2.0);
  EXPECT_EQ(policy.limits.timeout_ms, 3'600'000);
  EXPECT_EQ(policy.limits.open_files, 64U);
  EXPECT_EQ(policy.origin_of("limits.memory").text, "10-site.toml:3");
  EXPECT_EQ(policy.origin_of("limits.pids").text, "confide.toml:3");
  for (const char* more : {"memory = \"2G\"", "pids = 101", "cpu = 2.5", "timeout = \"2h\"", "open-files = 65"}) {
    const std::string error = refusal(under(bounds, cat("[profile.tool]\nlimits = { ", more, " }\n"))).what;
    EXPECT_NE(error.find("(confide.toml:3) is refused by 10-site.toml:3"), std::string::npos) << error;
  }
}

TEST(Administrator, DemandsLayers) {
  const Policy policy = resolved(under("layers = { landlock = \"required\", cgroup = \"required\" }\n"));
  EXPECT_EQ(policy.need(Layer::kLandlock), Need::kRequired);
  EXPECT_EQ(policy.need(Layer::kCgroup), Need::kRequired);
  EXPECT_EQ(policy.need(Layer::kKeyring), Need::kBestEffort);
  EXPECT_EQ(policy.origin_of("layers.landlock").text, "10-site.toml:3");
}

TEST(Administrator, MakesMaskingStricterAndNeverLaxer) {
  const std::string_view bounds = "output = { on-leak = \"withhold\", partial = \"on\", mask-anyway = [\"PIN\"] }\n";
  const Policy lax = resolved(
      under(bounds, "[profile.tool]\noutput = { on-leak = \"mask\", partial = \"off\", mask-anyway = [\"ID\"] }\n"));
  EXPECT_EQ(lax.output, (Output{.on_leak = Output::OnLeak::kWithhold, .mask_anyway = {"ID", "PIN"}}));
  EXPECT_EQ(lax.origin_of("output.on-leak").text, "10-site.toml:3");
  const Policy strict = resolved(under(bounds, "[profile.tool]\noutput = { on-leak = \"kill\" }\n"));
  EXPECT_EQ(strict.output.on_leak, Output::OnLeak::kKill);
  EXPECT_EQ(strict.origin_of("output.on-leak").text, "confide.toml:3");
  EXPECT_EQ(resolved(under(bounds)).output.on_leak, Output::OnLeak::kWithhold);
}

TEST(Administrator, HidesPathsFromEveryRun) {
  const std::string_view bounds = "hide = [\"/srv/prod\", \"~/.codex\"]\n";
  EXPECT_EQ(access_of(resolved(under(bounds)), "/srv/prod"), Access::kHide);
  const std::string error = refusal(under(bounds, "[profile.tool]\nread = [\"/srv/prod/db\"]\n")).what;
  EXPECT_EQ(error, "read /srv/prod/db (confide.toml:3) is refused by 10-site.toml:3: hide /srv/prod");
  // What stands above is shown, without it.
  const Policy above = resolved(under(bounds, "[profile.tool]\nwrite = [\"/srv\"]\n"));
  EXPECT_EQ(access_of(above, "/srv"), Access::kWrite);
  EXPECT_EQ(access_of(above, "/srv/prod"), Access::kHide);
  // What is built in gives way.
  EXPECT_EQ(access_of(resolved(under(bounds, "", "agent-codex")), "/home/me/.codex"), Access::kHide);
  EXPECT_NE(refusal(under("hide = [\"/home/me/shop\"]\n"))
                .what.find("the project /home/me/shop is refused by 10-site.toml:3"),
            std::string::npos);
}

TEST(Administrator, ForbidsWriting) {
  const std::string_view bounds = "read-only = [\"/srv/prod\", \"~/.codex\", \"$PROJECT/.git\"]\n";
  const std::string error = refusal(under(bounds, "[profile.tool]\nwrite = [\"/srv/prod/db\"]\n")).what;
  EXPECT_EQ(error, "write /srv/prod/db (confide.toml:3) is refused by 10-site.toml:3: read-only /srv/prod");
  const Policy policy = resolved(under(bounds, "[profile.tool]\nwrite = [\"/srv\"]\n"));
  EXPECT_EQ(access_of(policy, "/srv/prod"), Access::kRead);
  EXPECT_EQ(access_of(policy, "/home/me/shop/.git"), Access::kRead);
  // A bound shows nothing that was not there.
  EXPECT_EQ(access_of(resolved(under(bounds)), "/srv/prod"), std::nullopt);
  EXPECT_EQ(access_of(resolved(under(bounds, "[profile.tool]\nread = [\"/srv\"]\n")), "/srv/prod"), std::nullopt);
  EXPECT_EQ(access_of(resolved(under(bounds, "", "readonly")), "/home/me/shop/.git"), std::nullopt);
  EXPECT_EQ(access_of(resolved(under(bounds, "", "agent-codex")), "/home/me/.codex"), Access::kRead);
  EXPECT_NE(refusal(under("read-only = [\"/home/me/shop\"]\n")).what.find("the project"), std::string::npos);
  EXPECT_EQ(resolved(under("read-only = [\"/home/me/shop\"]\n", "", "readonly")).project, Project::kReadOnly);
}

TEST(Administrator, MasksInEveryProject) {
  const Policy policy =
      resolved(under("mask = { globs = [\"**/*.pem\"] }\n", "[profile.tool]\nmask = { exceptions = [\"*.pem\"] }\n"));
  EXPECT_EQ(policy.masks.always, std::vector<std::string>{"**/*.pem"});
}

TEST(Administrator, SeveralFilesNarrowTogetherInAnyOrder) {
  const Document wide = administrator_file("limits = { pids = 100, open-files = 90, cpu = 2 }\n");
  const Document narrow = administrator_file("limits = { pids = 50, open-files = 80, cpu = 1 }\n");
  for (const auto& documents : {std::vector{wide, narrow}, std::vector{narrow, wide}}) {
    const Policy policy = resolved({.administrators = documents, .place = shop()});
    EXPECT_EQ(policy.limits.pids, 50U);
    EXPECT_EQ(policy.limits.open_files, 80U);
    EXPECT_EQ(policy.limits.cpus, 1.0);
  }
  ResolveInput input{.administrators = {wide, narrow}, .flags = {.pids = Flag{"60", "--pids"}}, .place = shop()};
  EXPECT_EQ(refusal(input).what, "limits.pids = 60 (--pids) is refused by 10-site.toml:3: limits.pids = at most 50");
}

}  // namespace
}  // namespace confide::policy
