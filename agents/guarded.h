// Which paths in a project the file tools of a client may not write: what runs later, outside of any sandbox
// (policy/runs_later.h, the one list), at any depth of the project.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace confide::agents {

// The part of a path (below the project, with or without a slash in front) that is guarded; nothing where none is.
// Upper and lower case are one, for file systems that do not tell them apart.
std::optional<std::string> guarded_part(std::string_view path);

}  // namespace confide::agents
