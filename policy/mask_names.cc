#include "policy/mask_names.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace confide::policy {
namespace {

constexpr size_t kMaxGlob = 1024;

// One component against one name. Only the last star can need another try: what an earlier star took, the later one can
// take as well, so going back to the last one is enough and the time is a product.
bool component_matches(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// The same one level up: components instead of characters, `**` instead of `*`.
bool components_match(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& path) {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t taken = 0;
  while (n < path.size()) {
    if (p < pattern.size() && pattern[p] == "**") {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && component_matches(pattern[p], path[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == "**") ++p;
  return p == pattern.size();
}

Error bad(std::string_view glob, std::string_view why) {
  return Error{ErrorKind::kRefused, 0, cat("pattern `", printable(glob.substr(0, 200)), "`: ", why)};
}

bool ends_as_an_example(std::string_view path) {
  constexpr std::array<std::string_view, 3> kEndings = {".example", ".sample", ".template"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return path.ends_with(ending); });
}

}  // namespace

Status check_glob(std::string_view glob) {
  if (glob.empty()) return bad(glob, "is empty");
  if (glob.size() > kMaxGlob) return bad(glob, "is longer than 1024 bytes");
  if (glob.find('\0') != std::string_view::npos) return bad(glob, "holds a NUL byte");
  if (glob.starts_with('/')) return bad(glob, "is absolute; patterns are relative to the project");
  for (const std::string_view component : split(glob, '/')) {
    if (component.empty()) return bad(glob, "has an empty component");
    if (component == "." || component == "..") return bad(glob, "`.` and `..` are not taken");
    if (component != "**" && component.find("**") != std::string_view::npos)
      return bad(glob, "`**` must be a whole component");
  }
  return {};
}

bool glob_matches(std::string_view glob, std::string_view path) {
  if (path.empty() || !check_glob(glob)) return false;
  return components_match(split(glob, '/'), split(path, '/'));
}

bool glob_may_match_below(std::string_view glob, std::string_view folder) {
  if (!check_glob(glob)) return false;
  if (folder.empty()) return true;
  const auto pattern = split(glob, '/');
  const auto path = split(folder, '/');
  for (size_t i = 0; i < path.size(); ++i) {
    if (i >= pattern.size()) return false;
    if (pattern[i] == "**") return true;
    if (!component_matches(pattern[i], path[i])) return false;
  }
  return pattern.size() > path.size();
}

bool is_masked(std::string_view path, Tracked tracked, const Masks& masks) {
  if (path.empty()) return false;
  const auto is_named_by = [&](const std::string& glob) { return glob_matches(glob, path); };
  if (std::ranges::any_of(masks.always, is_named_by)) return true;
  if (ends_as_an_example(path)) return false;
  const size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  for (const std::string& exception : masks.exceptions) {
    // An exception without a slash is a name, wherever the file lies.
    if (glob_matches(exception, exception.find('/') == std::string::npos ? name : path)) return false;
  }
  if (masks.untracked_env_files && tracked == Tracked::kNo && slash == std::string_view::npos &&
      name.starts_with(".env"))
    return true;
  return std::ranges::any_of(masks.globs, is_named_by);
}

}  // namespace confide::policy
