// Paths as people write them into policy files and flags, made absolute. Text only: nothing here looks at a disk, so
// symbolic links are the launcher's matter.
//
// In a file a path is absolute, or begins with `~` (alone or before `/`), `$HOME`, `$PROJECT` or `$TMPDIR` (whole first
// component). Repeated slashes, `/./` and a slash at the end are dropped. Spaces, newlines and any other byte but NUL
// are taken as they are. Errors, each with its cure: empty, relative, `~user`, `..` as a component, another `$NAME`, a
// `$` elsewhere that is not doubled (`$$` is one dollar), `*` or `?` (paths are not patterns), NUL, more than 4095
// bytes. TOML texts are UTF-8, so a file name that is not cannot be written in a policy file; a flag can name it.
//
// On the command line the shell has already expanded what is to be expanded: a path is taken as it stands, a relative
// one from the working directory, `..` only at its front; a leading `~` (alone or before `/`), which shells leave alone
// in
// `--read=~/x`, is the home.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace confide::policy {

// Where a run takes place. All paths absolute and without `.`, `..`, repeated or trailing slashes.
struct Place {
  std::string home;  // empty where the caller has none
  std::string cwd;
  std::optional<std::string> project;  // the folder that confide found to be one; see may_be_project
  std::string path_variable;           // the caller's PATH; it only filters the table of toolchains
  std::string tmpdir = "/tmp";
  uint32_t uid = 0;
};

enum class PathSource : uint8_t { kFile, kFlag };

// Whether the text follows the rules above; the error has no place in front.
Status check_path_text(std::string_view text, PathSource source);

// The absolute path; nothing where it begins with $PROJECT and there is no project. Errors as check_path_text, and
// where it begins with the home and there is none.
Result<std::optional<std::string>> expand_path(std::string_view text, PathSource source, const Place& place);

// True if `path` is `folder` or lies below it. Both normal.
constexpr bool is_within(std::string_view path, std::string_view folder) {
  if (folder.size() == 1 && folder[0] == '/') return true;
  const bool may_be = path.size() > folder.size() ? path[folder.size()] == '/' : path.size() == folder.size();
  return may_be && path.starts_with(folder);
}

// The order of a tree: byte by byte, '/' before every other, so that what a folder holds follows it at once.
inline bool path_less(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  size_t i = 0;
  // Paths of one home begin alike.
  while (i + 8 <= common && std::memcmp(a.data() + i, b.data() + i, 8) == 0) i += 8;
  while (i < common && a[i] == b[i]) ++i;
  if (i == common) return a.size() < b.size();
  const auto rank = [](char c) { return c == '/' ? 0 : 1 + static_cast<unsigned char>(c); };
  return rank(a[i]) < rank(b[i]);
}

// Absolute, and in the normal form described at Place.
bool is_normal(std::string_view path);

// Whether a folder can be a project at all: never `/`, the home or what holds it, nor a folder that everybody writes to
// or that is the kernel's (/tmp, /var/tmp, /dev/shm, /proc, /sys, /dev, /run).
bool may_be_project(std::string_view folder, std::string_view home);

}  // namespace confide::policy
