// Names in a project that decide what runs later, outside of any sandbox: git's hooks and settings, the settings of
// agents, editors and shells. An agent may read them and not write them. What the project itself runs (package.json, a
// Makefile) is out of reach: it is the work.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace confide::agents {

// The part of a path (below the project, with or without a slash in front) that is guarded; nothing where none is.
// Upper and lower case are one, for file systems that do not tell them apart.
std::optional<std::string> guarded_part(std::string_view path);

}  // namespace confide::agents
