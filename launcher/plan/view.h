// The file tree that a sandbox sees, as a list in path order: parents before children, what is redundant left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "launcher/plan/scene.h"
#include "launcher/plan/steps.h"
#include "policy/policy.h"

namespace confide::launcher {

// Its texts and its source are the policy's and the scene's.
struct ViewNode {
  enum class What : uint8_t { kBind, kPrivate, kHidden };
  What what = What::kBind;
  std::string_view path;             // inside; for a bind also where it is outside, links resolved
  const PathFact* source = nullptr;  // null: a private folder, or a folder of the system's at `path`
  policy::Access access = policy::Access::kRead;
  bool contested = true;
  uint32_t mode = 0700;  // of a private folder
  std::string_view origin;
  // kSelf: what is writable and could be replaced with what is in it, so it is a mount of its own. kProtected: what is
  // in a writable folder and cannot be written.
  enum class Pin : uint8_t { kNo, kSelf, kProtected } pin = Pin::kNo;

  FileKind kind() const { return source != nullptr ? source->kind : FileKind::kFolder; }
  std::string_view outside() const { return source != nullptr ? std::string_view(source->canonical) : path; }
};

struct View {
  std::vector<ViewNode> nodes;
  std::vector<CoveredName> covered;  // below the project
  std::vector<std::string> remarks;
  std::vector<std::string> skipped;  // paths that are not there and need not be
};

// Whether the sandbox itself puts there what nobody else may.
bool is_of_sandbox(std::string_view path);

// The node that `path` lies in (itself included), or null: then it is in the sandbox's own empty root.
const ViewNode* covering(const std::vector<ViewNode>& nodes, std::string_view path);

// Both must outlive the view.
Result<View> make_view(const policy::Policy& policy, const Scene& scene);

}  // namespace confide::launcher
