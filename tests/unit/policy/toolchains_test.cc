#include "policy/toolchains.h"

#include <set>

#include "policy/embedded.h"
#include "resolve_support.h"

namespace confide::policy {
namespace {

std::vector<std::string> visible(std::string_view path_variable, std::vector<Item> choice = {{.text = "by-path"}}) {
  Place place = shop();
  place.path_variable = path_variable;
  std::vector<std::string> out;
  const auto rules = toolchain_rules(choice, place);
  EXPECT_TRUE(rules.has_value());
  for (const PathRule& rule : *rules) {
    EXPECT_NE(rule.access, Access::kWrite);
    EXPECT_EQ(rule.if_missing, IfMissing::kSkip);
    if (rule.access == Access::kRead) out.push_back(rule.path);
  }
  return out;
}

bool has(const std::vector<std::string>& paths, std::string_view path) {
  return std::ranges::find(paths, path) != paths.end();
}

TEST(Toolchains, PathOnlyFiltersTheTable) {
  EXPECT_FALSE(has(visible("/usr/bin"), "/home/me/.cargo/bin"));
  const auto cargo = visible("/home/me/.cargo/bin:/usr/bin:/home/me/.secret/bin");
  for (const char* path :
       {"/home/me/.cargo/bin", "/home/me/.cargo/registry", "/home/me/.cargo/git", "/home/me/.rustup"})
    EXPECT_TRUE(has(cargo, path)) << path;
  for (const std::string& path : cargo) EXPECT_FALSE(path.starts_with("/home/me/.secret")) << path;
}

TEST(Toolchains, AnEntryBelowAFolderOfTheGroupCounts) {
  EXPECT_TRUE(has(visible("/home/me/.nvm/versions/node/v22.1.0/bin"), "/home/me/.nvm"));
  EXPECT_TRUE(has(visible("/home/me/.pyenv/shims/"), "/home/me/.pyenv"));
  EXPECT_FALSE(has(visible("/home/me/.nvm2/bin"), "/home/me/.nvm"));
  EXPECT_FALSE(has(visible("/home/you/.nvm/bin"), "/home/me/.nvm"));
}

TEST(Toolchains, AnEntryThatIsNotNormalLeadsNowhere) {
  for (const char* path :
       {"/home/me/.ssh/../.cargo/bin", "/home/me//.cargo/bin", ".cargo/bin", "/home/me/./.cargo/bin", ""})
    EXPECT_FALSE(has(visible(path), "/home/me/.cargo/bin")) << path;
}

TEST(Toolchains, CanBeNamedOrLeftOut) {
  EXPECT_TRUE(visible("/home/me/.cargo/bin", {}).empty());
  EXPECT_TRUE(has(visible("/usr/bin", {{.text = "cargo"}}), "/home/me/.cargo/bin"));
  const auto wrong = toolchain_rules({{.text = "crago", .origin = {"confide.toml:3"}}}, shop());
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().what, "confide.toml:3: no toolchain is called `crago`; did you mean `cargo`?");
  Place homeless = shop();
  homeless.home.clear();
  EXPECT_TRUE(toolchain_rules({{.text = "by-path"}}, homeless)->empty());
}

TEST(Toolchains, AWideHomeNeedsNone) {
  ResolveInput input{.project_file = document("[profile.tool]\nhome = \"visible\"\n"), .place = shop()};
  input.place.path_variable = "/home/me/.cargo/bin";
  EXPECT_TRUE(resolved(input).paths.empty());
}

// The table is not checked at launch; this is where it is.
TEST(Toolchains, TheTableNamesNoFolderOfCredentials) {
  const std::set<std::string_view> kNever = {
      "",     ".ssh",   ".gnupg", ".aws",    ".config", ".local", ".local/share", ".cargo",   ".docker",        ".kube",
      ".gem", ".julia", ".m2",    ".gradle", ".npm",    ".cache", ".azure",       ".mozilla", ".password-store"};
  std::set<std::string_view> names;
  for (const embedded::Toolchain& group : embedded::toolchains()) {
    EXPECT_TRUE(names.insert(group.name).second) << group.name;
    EXPECT_FALSE(group.read.empty()) << group.name;
    for (const std::string_view path : group.read) EXPECT_FALSE(kNever.contains(path)) << group.name << ": " << path;
    // A hide over a read would take the group away; one of its rules for a path of another group likewise.
    for (const std::string_view hide : group.hide)
      for (const embedded::Toolchain& other : embedded::toolchains())
        for (const std::string_view read : other.read) EXPECT_FALSE(is_within(read, hide)) << hide << " hides " << read;
  }
}

}  // namespace
}  // namespace confide::policy
