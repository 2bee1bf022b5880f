#include "broker/environments.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/text.h"
#include "broker/handed.h"
#include "policy/parse.h"
#include "secrets/vault/store_files.h"

namespace confide::broker {
namespace {

using policy::Variable;
using vault::Folder;

constexpr const char* kFolder = "environments";
constexpr const char* kConfiguration = "config.toml";

Error refuse(std::string what) { return Error{ErrorKind::kRefused, 0, std::move(what)}; }

// A TOML basic string.
std::string quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += cat("\\u00", kHex[byte >> 4], kHex[byte & 15]);
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool is_bare_key(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}
std::string key_of(std::string_view key) { return is_bare_key(key) ? std::string(key) : quoted(key); }

std::string value_of(const Variable& variable) {
  if (variable.kind == Variable::Kind::kReference && variable.deliver == policy::Deliver::kEnv)
    return quoted(variable.text);
  std::string out =
      cat("{ ", variable.kind == Variable::Kind::kReference ? "ref" : "value", " = ", quoted(variable.text));
  if (variable.deliver != policy::Deliver::kEnv) out += cat(", deliver = ", quoted(name_of(variable.deliver)));
  if (!variable.path.empty()) out += cat(", path = ", quoted(variable.path));
  return out + " }";
}

std::string file_of(std::string_view environment) { return cat(environment, ".toml"); }

bool there_is(int folder, const char* name) {
  struct stat about {};
  return ::fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace

Status check_environment_name(std::string_view name) {
  const bool allowed = is_bare_key(name.substr(0, 1)) && std::ranges::all_of(name, [](char c) {
                         return is_bare_key(std::string_view(&c, 1)) || c == '.';
                       });
  if (allowed && name.size() <= 128) return {};
  return refuse("an environment's name is letters, digits, \"_\", \"-\" and \".\" (not first), at most 128");
}

std::string to_toml(const Environment& environment) {
  std::string out = cat("# Written by confide(1): names and references, no values.\nversion = 1\n\n[environment.",
                        key_of(environment.name), "]\n");
  for (const Variable& variable : environment.variables)
    out += cat(key_of(variable.name), " = ", value_of(variable), "\n");
  return out;
}

Status check_environment(const Environment& environment) {
  TRY(check_environment_name(environment.name));
  const std::string text = to_toml(environment);
  if (text.size() > policy::kMaxPolicyBytes) return refuse(cat("environment ", environment.name, " is too large"));
  TRY(policy::parse(text, cat("environment ", environment.name)));
  return {};
}

Environments::Environments(int folder)
    : folder_(is_folder(folder) ? folder : -1), where_(folder_ < 0 ? "" : path_of_descriptor(folder)) {}

Result<std::vector<Environment>> Environments::all() const {
  std::vector<Environment> found;
  if (folder_ < 0) return found;
  const auto take = [&](const std::string& text, const std::string& file, policy::Role role,
                        Environment::Kept kept) -> Status {
    policy::Document document = TRY(policy::parse(text, printable(file), {.role = role}));
    for (policy::NamedEnvironment& environment : document.environments) {
      const bool again = std::ranges::find(found, environment.name, &Environment::name) != found.end();
      if (again) return refuse(cat(printable(file), ": environment ", environment.name, " stands in another file too"));
      found.push_back({std::move(environment.name), file, kept, std::move(environment.variables)});
    }
    return {};
  };
  const Folder configuration = TRY(Folder::open(folder_, ".", where_, vault::IfAbsent::kError));
  if (const auto text = TRY(configuration.read(kConfiguration, policy::kMaxPolicyBytes)))
    TRY(take(*text, configuration.path_of(kConfiguration), policy::Role::kUser, Environment::Kept::kConfiguration));
  if (there_is(folder_, kFolder)) {
    const Folder folder = TRY(Folder::open(folder_, kFolder, where_, vault::IfAbsent::kError));
    for (const std::string& name : TRY(folder.list())) {
      if (!name.ends_with(".toml")) continue;
      const auto text = TRY(folder.read(name, policy::kMaxPolicyBytes));
      if (!text) continue;
      const size_t before = found.size();
      TRY(take(*text, folder.path_of(name), policy::Role::kProject, Environment::Kept::kOwnFile));
      if (found.size() != before + 1 || file_of(found.back().name) != name)
        return refuse(cat(printable(folder.path_of(name)), " must hold [environment.",
                          printable(name.substr(0, name.size() - 5)), "] and nothing else"));
    }
  }
  std::ranges::sort(found, {}, &Environment::name);
  return found;
}

Result<bool> Environments::has(std::string_view name) const {
  const auto environments = TRY(all());
  return std::ranges::find(environments, name, &Environment::name) != environments.end();
}

Result<Environment> Environments::find(std::string_view name) const {
  auto environments = TRY(all());
  const auto found = std::ranges::find(environments, name, &Environment::name);
  if (found != environments.end()) return std::move(*found);
  std::vector<std::string_view> names;
  for (const Environment& one : environments) names.push_back(one.name);
  std::string what = cat("there is no environment ", printable(name));
  if (const auto close = nearest(name, names)) what += cat("; did you mean ", *close, "?");
  return refuse(std::move(what));
}

Result<Environments::Lock> Environments::lock() const {
  if (folder_ < 0) return Error{ErrorKind::kInternal, 0, "no folder for environments"};
  Folder folder = TRY(Folder::open(folder_, kFolder, where_, vault::IfAbsent::kCreate));
  auto held = TRY(vault::FolderLock::take(folder.fd(), folder.where(), vault::FolderLock::Kind::kExclusive));
  return Lock(std::move(folder), std::move(held));
}

Status Environments::save(const Lock& held, const Environment& environment) const {
  TRY(check_environment(environment));
  for (const Environment& one : TRY(all()))
    if (one.name == environment.name && one.kept == Environment::Kept::kConfiguration)
      return refuse(cat("environment ", one.name, " stands in ", printable(one.file), ": edit it there"));
  const std::string text = to_toml(environment);
  return held.folder_.replace(file_of(environment.name), std::as_bytes(std::span(text)));
}

Status Environments::remove(const Lock& held, std::string_view name) const {
  const Environment environment = TRY(find(name));
  if (environment.kept == Environment::Kept::kConfiguration)
    return refuse(cat("environment ", environment.name, " stands in ", printable(environment.file), ": edit it there"));
  TRY(held.folder_.remove(file_of(name)));
  return held.folder_.sync();
}

}  // namespace confide::broker
