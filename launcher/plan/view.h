// The file tree that a sandbox sees, as a list in path order: parents before children, what is redundant left out.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "launcher/plan/scene.h"
#include "policy/policy.h"

namespace confide::launcher {

struct ViewNode {
  enum class What : uint8_t { kBind, kPrivate, kHidden };
  What what = What::kBind;
  std::string path;  // inside; for a bind also where it is outside, links resolved
  PathFact source;
  policy::Access access = policy::Access::kRead;
  bool contested = true;
  std::string mode = "0700";  // of a private folder
  std::string origin;
};

struct View {
  std::vector<ViewNode> nodes;
  std::vector<std::string> skipped;  // paths that are not there and need not be
};

// The node that `path` lies in (itself included), or null: then it is in the sandbox's own empty root.
const ViewNode* covering(const std::vector<ViewNode>& nodes, std::string_view path);

// True if `path` is `folder` or lies below it.
bool is_within(std::string_view path, std::string_view folder);

Result<View> make_view(const policy::Policy& policy, const Scene& scene);

}  // namespace confide::launcher
