// Where in a sandbox the file of a secret appears that has a path of its own (deliver=file,path=.env). Inside a bind it
// is put over what stands there: the host's file is not touched, and nothing is made where none is. In what is the
// sandbox's own (/tmp, the home of a profile without it, the empty root) a mount point is made.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "launcher/plan/scene.h"
#include "launcher/plan/view.h"

namespace confide::launcher {

struct FileView {
  // Inside. A file that a link leads to, or that is bound under two names, has several.
  std::vector<std::string> targets;
  enum class On : uint8_t { kHost, kOwn } on = On::kHost;  // kOwn: the one target is still to be made
};

// `at` is the host's file at `secret.path`. Errors: kRefused, with the secret's name and what to do.
Result<FileView> find_file_view(const SecretSlot& secret, const PathFact& at, const View& view, const Scene& scene);

}  // namespace confide::launcher
