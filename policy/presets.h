// The built-in profiles: tool, readonly, agent, bench. Decoded from bytes that the build made of presets/*.toml.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/document.h"

namespace confide::policy {

inline constexpr std::string_view kDefaultProfile = "tool";

std::vector<std::string_view> preset_names();

// The document of a built-in profile, whose only profile has that name and the origin "profile NAME (built in)";
// nothing for another name. Error: kInternal, if the embedded bytes are damaged.
Result<std::optional<Document>> preset(std::string_view name);

// The origin that every key of a built-in profile has.
Origin preset_origin(std::string_view name);

// Gives every setting and element of a document the same origin; how the build stamps the presets.
void stamp_origin(Document& document, const Origin& origin);

}  // namespace confide::policy
