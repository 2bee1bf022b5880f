#include "policy/presets.h"

#include "golden.h"
#include "policy/toolchains.h"
#include "resolve_support.h"

namespace confide::policy {
namespace {

std::string preset_text(std::string_view name) { return source_text(cat("policy/presets/", name, ".toml")); }

Policy profile(std::string_view name) {
  return resolved({.flags = {.profile = Flag{std::string(name), "--profile"}}, .place = shop()});
}

TEST(Presets, WhatIsEmbeddedIsWhatTheFilesSay) {
  EXPECT_EQ(preset_names(),
            (std::vector<std::string_view>{"tool", "readonly", "agent", "agent-codex", "agent-claude", "bench"}));
  for (const std::string_view name : preset_names()) {
    auto parsed = parse(preset_text(name), "preset");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().what;
    parsed->file = preset_origin(name).text;
    stamp_origin(*parsed, preset_origin(name));
    const auto embedded = preset(name);
    ASSERT_TRUE(embedded.has_value() && embedded->has_value()) << name;
    EXPECT_EQ(**embedded, *parsed) << name;
  }
  EXPECT_EQ(preset("other").value(), std::nullopt);
}

TEST(Presets, EveryKeyHasTheOriginOfItsProfile) {
  for (const std::string_view name : preset_names()) {
    const Document document = preset(name).value().value();
    for (const Setting& setting : document.profiles.front().settings) {
      EXPECT_EQ(setting.origin, preset_origin(name));
      if (const auto* items = std::get_if<std::vector<Item>>(&setting.value)) {
        for (const Item& item : *items) EXPECT_EQ(item.origin, preset_origin(name));
      }
    }
  }
}

TEST(Presets, EveryPathOfOursMayBeMissing) {
  for (const std::string_view name : preset_names())
    for (const PathRule& rule : profile(name).paths) EXPECT_NE(rule.if_missing, IfMissing::kError) << rule.path;
}

TEST(Presets, ToolFailsClosedOnTheFilterAndTheNetwork) {
  const Policy tool = profile("tool");
  EXPECT_EQ(tool.need(Layer::kSeccomp), Need::kRequired);
  EXPECT_EQ(tool.need(Layer::kNetwork), Need::kRequired);
  EXPECT_EQ(tool.system, System::kReadOnly);
  EXPECT_EQ(tool.project, Project::kWritable);
  EXPECT_EQ(tool.landlock, LandlockUse::kFilesAndScopes);
  EXPECT_EQ(tool.inner_sandbox, InnerSandbox::kRefused);
  EXPECT_EQ(tool.syscalls, SyscallProfile::kTool);
}

TEST(Presets, ReadonlyDiffersFromToolInTheProjectOnly) {
  Policy readonly = profile("readonly");
  EXPECT_EQ(readonly.project, Project::kReadOnly);
  const Policy tool = profile("tool");
  readonly.project = tool.project;
  readonly.profile = tool.profile;
  readonly.origins = tool.origins;
  EXPECT_EQ(readonly, tool);
}

TEST(Presets, AgentIsWhatAnInnerSandboxNeeds) {
  const Policy agent = profile("agent");
  EXPECT_EQ(agent.network, Network::kHost);
  EXPECT_EQ(agent.inner_sandbox, InnerSandbox::kAllowed);
  EXPECT_EQ(agent.landlock, LandlockUse::kScopesOnly);
  EXPECT_EQ(agent.syscalls, SyscallProfile::kAgent);
  EXPECT_EQ(agent.need(Layer::kNamespaces), Need::kRequired);
  EXPECT_EQ(agent.powers, Powers{});
}

TEST(Presets, NoAgentSeesTheStateOfAnother) {
  const auto rule = [](const char* name, const char* path) {
    const Policy policy = profile(name);
    return std::ranges::find(policy.paths, path, &PathRule::path) != policy.paths.end();
  };
  EXPECT_EQ(access_of(profile("agent-codex"), "/home/me/.codex"), Access::kWrite);
  EXPECT_EQ(access_of(profile("agent-claude"), "/home/me/.claude"), Access::kWrite);
  EXPECT_FALSE(rule("agent-codex", "/home/me/.claude"));
  EXPECT_FALSE(rule("agent-claude", "/home/me/.codex"));
  EXPECT_FALSE(rule("agent", "/home/me/.codex"));
}

TEST(Presets, WhatRunsLaterOutsideIsProtectedFromAgents) {
  for (const char* name : {"agent", "agent-codex", "agent-claude"}) {
    const Policy policy = profile(name);
    for (const char* member : {".git/hooks", ".git/config", ".git/commondir", ".husky", ".claude", ".codex",
                               ".mcp.json", ".vscode", ".idea", ".envrc", "confide.toml"})
      EXPECT_EQ(access_of(policy, std::string("/home/me/shop/") + member), Access::kProtect) << name << " " << member;
  }
}

TEST(Presets, BenchShowsWhatBubblewrapShows) {
  const Policy bench = profile("bench");
  EXPECT_EQ(bench.system, System::kWholeRoot);
  EXPECT_EQ(bench.project, Project::kAbsent);
  EXPECT_TRUE(bench.home_visible);
  EXPECT_TRUE(bench.paths.empty());
  for (const Layer layer : {Layer::kNamespaces, Layer::kOwnProc, Layer::kNetwork, Layer::kSeccomp})
    EXPECT_EQ(bench.need(layer), Need::kRequired);
}

TEST(Presets, NoneHasAPower) {
  for (const std::string_view name : preset_names()) EXPECT_EQ(profile(name).powers, Powers{}) << name;
}

}  // namespace
}  // namespace confide::policy
