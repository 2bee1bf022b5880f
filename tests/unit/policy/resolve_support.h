// Shared by the tests of resolve(): a place, documents from text, and what an error says.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.h"
#include "policy/parse.h"
#include "policy/resolve.h"

namespace confide::policy {

inline Place shop() {
  return {.home = "/home/me",
          .cwd = "/home/me/shop/src",
          .project = "/home/me/shop",
          .path_variable = "/usr/local/bin:/usr/bin:/bin",
          .uid = 1000};
}

inline Document document(std::string_view body, std::string_view file = "confide.toml", Role role = Role::kProject) {
  auto parsed = parse(cat("version = 1\n", body), file, {.role = role});
  EXPECT_TRUE(parsed.has_value()) << parsed.error().what;
  return parsed ? std::move(*parsed) : Document{};
}
inline Document user_file(std::string_view body) { return document(body, "config.toml", Role::kUser); }
inline Document administrator_file(std::string_view body) {
  return document(cat("[administrator]\n", body), "10-site.toml", Role::kAdministrator);
}

inline Policy resolved(const ResolveInput& input) {
  auto policy = resolve(input);
  EXPECT_TRUE(policy.has_value()) << policy.error().what;
  return policy ? std::move(*policy) : Policy{};
}

inline Error refusal(const ResolveInput& input) {
  const auto policy = resolve(input);
  EXPECT_FALSE(policy.has_value());
  return policy ? Error{} : policy.error();
}

// The rule for a path; one with an empty path where there is none.
inline PathRule rule_of(const Policy& policy, std::string_view path) {
  const auto at = std::ranges::find(policy.paths, path, &PathRule::path);
  return at == policy.paths.end() ? PathRule{} : *at;
}
inline std::optional<Access> access_of(const Policy& policy, std::string_view path) {
  const PathRule rule = rule_of(policy, path);
  return rule.path.empty() ? std::nullopt : std::optional(rule.access);
}

}  // namespace confide::policy
