#include "secrets/providers/arguments.h"

#include "base/overloaded.h"
#include "base/text.h"

namespace confide::secrets {
namespace {

using Field = std::optional<std::string>;

std::string version_text(const std::optional<uint64_t>& version) { return version ? cat(*version) : "latest"; }

bool is_index(std::string_view word) { return parse_number(word).has_value(); }

// sops --extract: a path of quoted keys and bare numbers.
std::string tree_of(std::string_view key) {
  std::string out;
  for (const std::string_view part : split(key, '.')) {
    if (is_index(part)) {
      out += cat("[", part, "]");
      continue;
    }
    out += "[\"";
    for (const char c : part) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += "\"]";
  }
  return out;
}

Field field_of(const policy::Parts& parts, std::string_view name) {
  const auto pick = [name](std::initializer_list<std::pair<std::string_view, std::string>> fields) -> Field {
    for (const auto& [key, value] : fields)
      if (key == name) return value;
    return std::nullopt;
  };
  return std::visit(
      Overloaded{
          [&](const policy::OpItem&) { return Field(); },
          [&](const policy::StoredSecret&) { return Field(); },
          [&](const policy::VaultEntry& entry) {
            return pick({{"path", cat(entry.mount, "/", entry.path)}, {"key", entry.key}});
          },
          [&](const policy::FileEntry& entry) {
            return pick({{"path", entry.path}, {"key", entry.key}, {"tree", tree_of(entry.key)}});
          },
          [&](const policy::KeyedEntry& entry) {
            return pick({{"path", entry.path}, {"key", entry.key}});
          },
          [&](const policy::CloudSecret& secret) {
            return pick(
                {{"project", secret.project}, {"name", secret.name}, {"version", version_text(secret.version)}});
          },
          [&](const policy::DopplerSecret& secret) {
            return pick({{"project", secret.project}, {"config", secret.config}, {"name", secret.name}});
          },
          [&](const policy::InfisicalSecret& secret) {
            return pick({{"project", secret.project},
                         {"environment", secret.environment},
                         {"folder", secret.folder},
                         {"name", secret.name}});
          },
          [&](const policy::SecretServiceItem&) { return Field(); },
          [&](const policy::KeyringKey&) { return Field(); },
          [&](const policy::ExecSecret& secret) {
            return pick({{"name", secret.program}, {"id", secret.id}});
          },
          [&](const policy::NamedSecret& secret) {
            return pick({{"name", secret.name}});
          },
          [&](const policy::Descriptor&) { return Field(); },
          [&](const policy::StandardInput&) { return Field(); },
      },
      parts);
}

void append_attributes(const policy::Reference& reference, std::vector<std::string>& out) {
  const auto* item = std::get_if<policy::SecretServiceItem>(&reference.parts);
  if (item == nullptr) return;
  for (const auto& [name, value] : item->attributes) {
    out.push_back(name);
    out.push_back(value);
  }
}

}  // namespace

bool is_keyed(const Provider& provider, const policy::Reference& reference) {
  if (provider.keyed_arguments.empty()) return false;
  const auto key = field_of(reference.parts, "key");
  if (key) return !key->empty();
  const auto id = field_of(reference.parts, "id");
  return id && !id->empty();
}

Result<std::string> fill(std::string_view pattern, const policy::Reference& reference, std::string_view found) {
  std::string out;
  while (!pattern.empty()) {
    const size_t open = pattern.find('{');
    const size_t close = open == std::string_view::npos ? open : pattern.find('}', open);
    if (close == std::string_view::npos) return out.append(pattern);
    out.append(pattern.substr(0, open));
    const std::string_view name = pattern.substr(open + 1, close - open - 1);
    if (name == "text") {
      out.append(reference.text);
    } else if (name == "found") {
      out.append(found);
    } else {
      auto value = field_of(reference.parts, name);
      if (!value) return Error{ErrorKind::kInternal, 0, cat("a provider's row asks for {", name, "}")};
      out.append(*value);
    }
    pattern.remove_prefix(close + 1);
  }
  return out;
}

Result<std::vector<std::string>> arguments_for(const Provider& provider, const policy::Reference& reference,
                                               std::string_view found) {
  std::vector<std::string> out;
  for (const std::string_view pattern : is_keyed(provider, reference) ? provider.keyed_arguments : provider.arguments) {
    if (pattern == "{attributes}")
      append_attributes(reference, out);
    else
      out.push_back(TRY(fill(pattern, reference, found)));
  }
  return out;
}

std::optional<std::string> expand_row_path(std::string_view path, const PlainVariable& variable) {
  if (!path.starts_with('~') && !path.starts_with('$')) return std::string(path);
  const size_t end = path.starts_with('~') ? 1 : std::min(path.find('/'), path.size());
  const std::string_view name = path.starts_with('~') ? "HOME" : path.substr(1, end - 1);
  std::string start = variable(name).value_or(std::string());
  if (start.empty() && name == "XDG_CONFIG_HOME") {
    start = variable("HOME").value_or(std::string());
    if (!start.empty()) start += "/.config";
  }
  if (!start.starts_with('/')) return std::nullopt;
  start.append(path.substr(end));
  return start;
}

}  // namespace confide::secrets
