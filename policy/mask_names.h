// Which files of a project are masked, by name alone. Who calls it decides what is a regular file and what git tracks;
// only regular files (and links to them) are ever masked, so a Python environment in a folder `.env` is left alone.
//
// The untracked-env-files rule covers every name at the project's root that begins with `.env`: `.env`, `.env.local`,
// `.env.production`, and `.envrc` too, because direnv's file is where people export tokens.
// Names that end in `.example`, `.sample` or `.template` are never masked, whatever names them but an administrator.
//
// A glob is relative to the project. `*` stands for any characters of one name (a leading dot included), `?` for one
// byte, `**` as a whole component for any number of folders, none included; all else is literal. At most 1024 bytes.
// Errors of check_glob: empty, absolute, `.`, `..` or empty components, `**` within a component, NUL.
#pragma once

#include <string_view>

#include "base/result.h"
#include "policy/policy.h"

namespace confide::policy {

Status check_glob(std::string_view glob);

// True if the whole of `path` (relative, without `.`, `..` or repeated slashes) matches. Time is at most the product of
// both lengths times the components of `path`: no pattern is exponential. A malformed glob matches nothing.
bool glob_matches(std::string_view glob, std::string_view path);

// True if something below `folder` (relative; empty: the project) could match: a walk may skip the folder otherwise.
bool glob_may_match_below(std::string_view glob, std::string_view folder);

enum class Tracked : uint8_t { kNo, kYes };

// Whether the file at `path` below the project is to be masked.
bool is_masked(std::string_view path, Tracked tracked, const Masks& masks);

}  // namespace confide::policy
