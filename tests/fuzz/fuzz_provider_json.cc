// The reader of JSON in locked memory: any document and any path give a text or an error that holds nothing of the
// document.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "secrets/providers/json.h"

using namespace confide;

// The path up to the first NUL byte, then the document.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t cut = all.find('\0');
  if (cut == std::string_view::npos) return 0;
  static secrets::SecretArena arena(secrets::Backing::kLockedMemory);
  const auto document = arena.copy_from(std::as_bytes(std::span(all.substr(cut + 1))));
  if (!document) return 0;
  const auto text = secrets::json_text(*document, all.substr(0, cut), arena);
  if (!text && (text.error().kind != ErrorKind::kRefused || text.error().what.empty())) __builtin_trap();
  if (text && text->size() > size * 4) __builtin_trap();
  return 0;
}
