// A pattern and a path, apart by a NUL: matching agrees with a plain recursive matcher on short ones and ends on long
// ones.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "policy/mask_names.h"

namespace {

bool name_matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*')
    return name_matches(pattern.substr(1), name) || (!name.empty() && name_matches(pattern, name.substr(1)));
  return !name.empty() && (pattern[0] == '?' || pattern[0] == name[0]) &&
         name_matches(pattern.substr(1), name.substr(1));
}

using Names = std::vector<std::string_view>;
bool path_matches(const Names& pattern, size_t p, const Names& path, size_t n) {
  if (p == pattern.size()) return n == path.size();
  if (pattern[p] == "**")
    return path_matches(pattern, p + 1, path, n) || (n < path.size() && path_matches(pattern, p, path, n + 1));
  return n < path.size() && name_matches(pattern[p], path[n]) && path_matches(pattern, p + 1, path, n + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace confide::policy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t cut = text.find('\0');
  if (cut == std::string_view::npos) return 0;
  const std::string_view glob = text.substr(0, cut);
  const std::string_view path = text.substr(cut + 1);
  const bool matches = glob_matches(glob, path);
  if (glob.size() <= 16 && path.size() <= 16 && !path.empty() && check_glob(glob)) {
    if (matches != path_matches(confide::split(glob, '/'), 0, confide::split(path, '/'), 0)) std::abort();
  }
  if (matches) {
    const size_t slash = path.rfind('/');
    if (slash != std::string_view::npos && !glob_may_match_below(glob, path.substr(0, slash))) std::abort();
  }
  return 0;
}
