// Every provider that this build knows; the rows stand in table_services.cc and table_local.cc.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "secrets/providers/provider.h"

namespace confide::secrets {

// In the order of docs/providers.md.
std::vector<const Provider*> all_providers();

// The rows of a scheme: the first whose `search` finds something (or that has none) resolves it.
std::vector<const Provider*> providers_of(policy::Scheme scheme);

// By its name ("aws") or its scheme's ("aws-sm").
std::vector<const Provider*> providers_named(std::string_view word);

// Of every program, where they are set.
std::span<const std::string_view> usual_variables();

namespace table {
std::span<const Provider> services();
std::span<const Provider> local();
}  // namespace table

}  // namespace confide::secrets
