// Templates of a row filled in with the parts of a reference. A reference is no secret, so what comes out may stand in
// an argv; a value never goes in.
//
//   {text}     the reference as it was written      {path} {key} {project} {config} {environment} {folder} {name} {id}
//   {version}  a number, or "latest"                {found}  the file of the row's `search` that is there
//   {tree}     a.b.0 as ["a"]["b"][0] (sops)        {attributes}  alone in its argument: becomes NAME VALUE pairs
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "secrets/providers/provider.h"

namespace confide::secrets {

// Whether the keyed half of the row is the one for this reference.
bool is_keyed(const Provider& provider, const policy::Reference& reference);

// One template filled in; a field that the reference's scheme has not is an error of kind kInternal.
Result<std::string> fill(std::string_view pattern, const policy::Reference& reference, std::string_view found);

// What follows the program's name. `found`: the file of `search`, empty where the row has none.
Result<std::vector<std::string>> arguments_for(const Provider& provider, const policy::Reference& reference,
                                               std::string_view found);

// The person's shell, by name.
using PlainVariable = std::function<std::optional<std::string>(std::string_view name)>;
// A path of a row ("~/.aws", "$XDG_CONFIG_HOME/age/key.txt", "$AGE_IDENTITY_FILE") made absolute; nothing where it
// names a variable that is not set or is no absolute path. $XDG_CONFIG_HOME is ~/.config where it is not set.
std::optional<std::string> expand_row_path(std::string_view path, const PlainVariable& variable);

}  // namespace confide::secrets
