#include "policy/paths.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"

namespace confide::policy {
namespace {

constexpr size_t kMaxPath = 4095;  // PATH_MAX without its NUL, linux/limits.h

Error bad(std::string_view text, std::string_view why) {
  return Error{ErrorKind::kRefused, 0, cat("path `", printable(text.substr(0, 200)), "`: ", why)};
}

// What a path in a file begins with.
enum class Base : uint8_t { kRoot, kHome, kProject, kTmpdir };
struct Beginning {
  Base base = Base::kRoot;
  size_t length = 0;  // bytes of the text that name it
};

Result<Beginning> beginning_in_file(std::string_view text) {
  const std::string_view first = text.substr(0, text.find('/'));
  if (first == "~") return Beginning{Base::kHome, 1};
  if (first.starts_with('~'))
    return bad(text, "another user's home cannot be named with `~user`; write the absolute path");
  if (first.starts_with('$') && !first.starts_with("$$")) {
    constexpr std::pair<std::string_view, Base> kNames[] = {
        {"$HOME", Base::kHome}, {"$PROJECT", Base::kProject}, {"$TMPDIR", Base::kTmpdir}};
    for (const auto& [name, base] : kNames)
      if (first == name) return Beginning{base, name.size()};
    const auto near = nearest(first, {"$HOME", "$PROJECT", "$TMPDIR"});
    return bad(text,
               cat("only $HOME, $PROJECT and $TMPDIR are known here, as the whole first component",
                   near ? cat("; did you mean ", *near, "?") : std::string(), "; a plain dollar is written `$$`"));
  }
  if (!text.starts_with('/')) return bad(text, "is relative; begin it with `/`, `~/` or `$PROJECT/`");
  return Beginning{};
}

Status check_rest_in_file(std::string_view text, std::string_view rest) {
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] != '$') continue;
    if (i + 1 >= rest.size() || rest[i + 1] != '$')
      return bad(text, "a variable can only be the first component; a plain dollar is written `$$`");
    ++i;
  }
  if (rest.find_first_of("*?") != std::string_view::npos)
    return bad(text, "paths are not patterns: name the folder (mask.globs takes patterns)");
  for (const std::string_view component : split(rest, '/'))
    if (component == "..") return bad(text, "`..` is not taken in a file: links make it ambiguous; write it out");
  return {};
}

// Appends the components of `rest` to the normal path `base`; `..` takes one away.
std::string join_normal(std::string_view base, std::string_view rest) {
  std::string out(base == "/" ? "" : base);
  size_t at = 0;
  while (at < rest.size()) {
    const size_t end = std::min(rest.find('/', at), rest.size());
    const std::string_view component = rest.substr(at, end - at);
    at = end + 1;
    if (component.empty() || component == ".") continue;
    if (component == "..") {
      out.resize(out.empty() ? 0 : out.rfind('/'));
      continue;
    }
    out += '/';
    out += component;
  }
  return out.empty() ? "/" : out;
}

std::string undouble_dollars(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '$') ++i;
  }
  return out;
}

bool is_home_text(std::string_view text) { return text == "~" || text.starts_with("~/"); }

}  // namespace

Status check_path_text(std::string_view text, PathSource source) {
  if (text.empty()) return Error{ErrorKind::kRefused, 0, "an empty path"};
  if (text.find('\0') != std::string_view::npos) return bad(text, "holds a NUL byte");
  if (text.size() > kMaxPath) return bad(text, "is longer than 4095 bytes");
  if (source == PathSource::kFile) {
    const Beginning beginning = TRY(beginning_in_file(text));
    return check_rest_in_file(text, text.substr(beginning.length));
  }
  bool front = true;
  for (const std::string_view component : split(text, '/')) {
    if (component == ".." && (!front || text.starts_with('/')))
      return bad(text, "`..` is taken only at the front of a relative path: links make it ambiguous elsewhere");
    if (component != ".." && component != "." && !component.empty()) front = false;
  }
  return {};
}

Result<std::optional<std::string>> expand_path(std::string_view text, PathSource source, const Place& place) {
  TRY(check_path_text(text, source));
  const auto at_home = [&](std::string_view rest) -> Result<std::optional<std::string>> {
    if (place.home.empty()) return bad(text, "the caller has no home directory");
    return join_normal(place.home, rest);
  };
  if (source == PathSource::kFlag) {
    if (is_home_text(text)) return at_home(text.substr(1));
    return join_normal(text.starts_with('/') ? std::string_view("/") : std::string_view(place.cwd), text);
  }
  const Beginning beginning = TRY(beginning_in_file(text));
  const std::string rest = undouble_dollars(text.substr(beginning.length));
  switch (beginning.base) {
    case Base::kRoot: return join_normal("/", rest);
    case Base::kHome: return at_home(rest);
    case Base::kProject:
      if (!place.project) return std::optional<std::string>();
      return join_normal(*place.project, rest);
    case Base::kTmpdir: return join_normal(place.tmpdir, rest);
  }
  return Error{ErrorKind::kInternal, 0, "a path base that is none"};
}

bool is_normal(std::string_view path) {
  if (path == "/") return true;
  if (!path.starts_with('/') || path.size() > kMaxPath || path.find('\0') != std::string_view::npos) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const size_t end = path.find('/');
    const std::string_view component = path.substr(0, end);
    if (component.empty() || component == "." || component == "..") return false;
    path.remove_prefix(component.size());
  }
  return true;
}

bool may_be_project(std::string_view folder, std::string_view home) {
  constexpr std::string_view kTrees[] = {"/proc", "/sys", "/dev"};
  constexpr std::string_view kFolders[] = {"/", "/tmp", "/var/tmp", "/run", "/var", "/home"};
  if (!is_normal(folder)) return false;
  if (std::ranges::find(kFolders, folder) != std::end(kFolders)) return false;
  if (std::ranges::any_of(kTrees, [&](std::string_view tree) { return is_within(folder, tree); })) return false;
  // A home of `/` belongs to a system account: everything lies in it.
  return home.empty() || home == "/" || !is_within(home, folder);
}

}  // namespace confide::policy
