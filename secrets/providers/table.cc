#include "secrets/providers/table.h"

namespace confide::secrets {
namespace {

constexpr std::string_view kUsual[] = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "XDG_CONFIG_HOME"};

template <class Fits>
std::vector<const Provider*> filter(Fits&& fits) {
  std::vector<const Provider*> found;
  for (const auto rows : {table::services(), table::local()})
    for (const Provider& row : rows)
      if (fits(row)) found.push_back(&row);
  return found;
}

std::string_view word_of(policy::Scheme scheme) {
  const std::string_view prefix = policy::prefix_of(scheme);
  return prefix.substr(0, prefix.find(':'));
}

}  // namespace

std::vector<const Provider*> all_providers() {
  return filter([](const Provider&) { return true; });
}

std::vector<const Provider*> providers_of(policy::Scheme scheme) {
  return filter([&](const Provider& row) { return row.scheme == scheme; });
}

std::vector<const Provider*> providers_named(std::string_view word) {
  return filter([&](const Provider& row) { return row.name == word || word_of(row.scheme) == word; });
}

std::span<const std::string_view> usual_variables() { return kUsual; }

}  // namespace confide::secrets
