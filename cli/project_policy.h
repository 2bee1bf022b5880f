// A project's confide.toml: read once, and used only where these very bytes were allowed.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "policy/document.h"

namespace confide::cli {

// What is in PROJECT/confide.toml; nothing where there is none. Errors (kRefused) for what is no regular file.
Result<std::optional<std::string>> read_project_file(const std::string& project);

struct ProjectPolicy {
  std::optional<policy::Document> document;
  std::string remark;  // where there is a file that does not count: why, and the cure
};
// `project` is a real path. Errors: a damaged list of allowed projects, an allowed file with a mistake.
Result<ProjectPolicy> allowed_policy(const std::string& project);

}  // namespace confide::cli
