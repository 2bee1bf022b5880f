// Apart from presets.cc because the program that makes the embedded bytes needs it and cannot have them.
#include "base/text.h"
#include "policy/presets.h"

namespace confide::policy {

Origin preset_origin(std::string_view name) { return {cat("profile ", name, " (built in)")}; }

void stamp_origin(Document& document, const Origin& origin) {
  for (ProfileText& profile : document.profiles) {
    profile.origin = origin;
    for (Setting& setting : profile.settings) {
      setting.origin = origin;
      if (auto* items = std::get_if<std::vector<Item>>(&setting.value))
        for (Item& item : *items) item.origin = origin;
      if (auto* pairs = std::get_if<std::vector<Pair>>(&setting.value))
        for (Pair& pair : *pairs) pair.origin = origin;
    }
  }
}

}  // namespace confide::policy
