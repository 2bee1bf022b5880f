#include "broker/provider_shell.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "secrets/providers/table.h"

namespace confide::broker {
namespace {

using secrets::Provider;

// "OP_SESSION_*" fits every name that begins so.
bool fits(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

bool any_fits(std::span<const std::string_view> patterns, std::string_view name) {
  return std::ranges::any_of(patterns, [&](std::string_view pattern) { return fits(pattern, name); });
}

bool is_there(const std::string& path, int mode) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) && ::access(path.c_str(), mode) == 0;
}

}  // namespace

std::optional<std::string> ProviderShell::plain(std::string_view name) const {
  std::optional<std::string> value;
  environ_.find(name, [&](std::span<const std::byte> bytes) { value = std::string(secrets::as_text(bytes)); });
  return value;
}

Result<std::vector<secrets::PreparedSecret>> ProviderShell::variables(const Provider& row) const {
  std::vector<secrets::PreparedSecret> all;
  Status copied;
  environ_.for_each([&](std::string_view name, std::span<const std::byte> value) {
    const bool wanted =
        any_fits(secrets::usual_variables(), name) || any_fits(row.variables, name) || any_fits(row.credentials, name);
    const bool again = std::ranges::any_of(all, [&](const auto& other) { return other.name == name; });
    if (!wanted || again || !copied) return;
    auto copy = arena_.copy_from(value);
    if (!copy)
      copied = copy.error();
    else
      all.push_back({std::string(name), policy::Deliver::kEnv, std::move(*copy), {}});
  });
  TRY(std::move(copied));
  return all;
}

bool ProviderShell::has_credential(const Provider& row) const {
  bool found = false;
  environ_.for_each([&](std::string_view name, std::span<const std::byte> value) {
    found = found || (!value.empty() && any_fits(row.credentials, name));
  });
  return found;
}

std::optional<std::string> ProviderShell::search(const Provider& row, const policy::Reference& reference) const {
  const int mode = row.program == "{found}" ? X_OK : R_OK;
  for (const std::string_view pattern : row.search) {
    const auto filled = secrets::fill(pattern, reference, {});
    if (!filled) continue;
    const auto path = secrets::expand_row_path(*filled, [&](std::string_view name) { return plain(name); });
    if (path && is_there(*path, mode)) return path;
  }
  return std::nullopt;
}

Result<std::vector<std::string>> ProviderShell::paths(std::span<const std::string_view> rows,
                                                      const policy::Reference& reference,
                                                      const std::string& found) const {
  std::vector<std::string> all;
  for (const std::string_view pattern : rows) {
    const std::string filled = TRY(secrets::fill(pattern, reference, found));
    auto path = secrets::expand_row_path(filled, [&](std::string_view name) { return plain(name); });
    if (path) all.push_back(std::move(*path));
  }
  return all;
}

Result<supervisor::ProviderOrder> ProviderShell::order(const Provider& row, const policy::Reference& reference,
                                                       const std::string& found) const {
  const bool confined = row.confined == secrets::Confined::kAlways ||
                        (row.confined == secrets::Confined::kWithCredential && has_credential(row));
  return supervisor::ProviderOrder{.program = TRY(secrets::fill(row.program, reference, found)),
                                   .arguments = {},
                                   .path = plain("PATH").value_or("/usr/local/bin:/usr/bin:/bin"),
                                   .home = plain("HOME").value_or(std::string()),
                                   .hold = confined ? supervisor::Hold::kSandbox : supervisor::Hold::kNothing,
                                   .network = row.network == secrets::Reach::kHost,
                                   .reads = TRY(paths(row.reads, reference, found)),
                                   .writes = TRY(paths(row.writes, reference, found)),
                                   .timeout_ms = row.timeout_ms};
}

ChosenRow choose_row(const policy::Reference& reference, const ProviderShell& shell) {
  ChosenRow chosen;
  for (const Provider* row : secrets::providers_of(reference.scheme)) {
    chosen.row = row;
    if (row->search.empty()) return chosen;
    if (auto found = shell.search(*row, reference)) {
      chosen.found = std::move(*found);
      return chosen;
    }
  }
  chosen.usable = false;
  return chosen;
}

}  // namespace confide::broker
