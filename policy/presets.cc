#include "policy/presets.h"

#include "policy/embedded.h"
#include "policy/wire.h"

namespace confide::policy {

std::vector<std::string_view> preset_names() {
  std::vector<std::string_view> names;
  for (const embedded::Preset& one : embedded::presets()) names.push_back(one.name);
  return names;
}

Result<std::optional<Document>> preset(std::string_view name) {
  for (const embedded::Preset& one : embedded::presets()) {
    if (one.name != name) continue;
    auto document = decode_document(one.bytes);
    if (!document) return with_context("built-in profile", Error{ErrorKind::kInternal, 0, document.error().what});
    return std::optional<Document>(std::move(*document));
  }
  return std::optional<Document>();
}

}  // namespace confide::policy
